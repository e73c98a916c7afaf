"""Versions compiled, each once per process."""

import logging
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from prompts.registry.policy.document import decode_document
from prompts.registry.policy.rendering import Compiled, UnusableVersionError

logger = logging.getLogger(__name__)


def compiled(document: Mapping[str, Any]) -> tuple[Compiled | None, str]:
    """A document compiled, and why it can't be, where it can't: one of the two."""
    return _compiled(msgspec.json.encode(document, order="deterministic"))


@lru_cache(maxsize=4096)
def _compiled(document: bytes) -> tuple[Compiled | None, str]:
    try:
        return Compiled(decode_document(msgspec.json.decode(document))), ""
    except UnusableVersionError as error:
        return None, str(error)
    except msgspec.ValidationError as error:
        return None, f"The document does not fit: {error}."
    except Exception:  # one version that nobody foresaw must not keep all others from being built
        logger.exception("a version of a prompt can't be compiled")
        return None, "The version can't be compiled. Ask the operator to look into the log."
