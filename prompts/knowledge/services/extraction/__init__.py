"""The text of documents, taken out in a child process with limits.

`extract` is what others call. The modules beside it, one for each kind of document, run in the child (`child.py`), which
has no secrets in its environment, little memory and little time: a hostile document can end the child and nothing else.
"""

from prompts.knowledge.services.extraction.run import (
    DocumentError,
    ExtractionLimits,
    check_size,
    extract,
    is_known,
    media_type_of,
)

__all__ = ["DocumentError", "ExtractionLimits", "check_size", "extract", "is_known", "media_type_of"]
