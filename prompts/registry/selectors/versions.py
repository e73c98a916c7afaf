"""Reading versions of prompts."""

import hashlib
import json

from prompts.registry.models import PromptVersion


def digest_of(version: PromptVersion) -> str:
    """SHA-256 of what a version says now: two versions, or two states of a draft, that say the same have the same."""
    text = json.dumps(version.document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
