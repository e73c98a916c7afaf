"""The language model that reads names, in processes of its own."""

from governance.privacy.services.names.pool import (
    NamesBusyError,
    NamesFailedError,
    NamesPool,
    batches,
    shared_pool,
)

__all__ = ["NamesBusyError", "NamesFailedError", "NamesPool", "batches", "shared_pool"]
