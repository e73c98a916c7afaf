"""PURE: Anthropic's beta features: those that the model is known to take on Bedrock go on, the others are left out.

Bedrock refuses a whole request for one name that it does not know (`invalid beta flag`: AWS user guide, Anthropic Claude
Messages API; BerriAI/litellm#19877; anthropics/claude-code#49370). Which ones a model takes is data of the catalogue.
"""

from fnmatch import fnmatchcase

from gateway.conversation import Json
from gateway.wire.fit.work import Work

_SERVED = (
    "claude-code-*", "context-management-*", "mid-conversation-system-*", "prompt-caching-*", "extended-cache-ttl-*", "pdfs-*",
    "structured-outputs-*", "token-counting-*", "oauth-*", "thinking-token-count-*", "max-tokens-*", "output-300k-*",
    "advanced-tool-use-*", "tool-search-tool-*", "tool-examples-*", "fallbacks-*", "message-threads-*",
)  # fmt: skip
"""What needs no word to the model: it is general now, is done here (context edits, system messages, examples of tools), or
was refused or said at its member."""


_PRICED = ("context-1m-*", "output-128k-*")
"""What changes the price of a call, or how long it may be: that is the catalogue's to say."""


def mend_betas(work: Work, *, without: bool) -> None:
    """Leaves out the betas that the model does not take, and says so; `without`, all of them."""
    fields: Json = dict(work.conversation.additional_model_request_fields or {})
    if "anthropic_beta" not in fields:
        return
    given = fields.pop("anthropic_beta")
    asked = [name for name in (given if isinstance(given, list) else [given]) if isinstance(name, str)]
    known = (name for name in asked if _matches(name, work.capability.betas))
    taken = [] if without else [name for name in known if not _matches(name, _SERVED + _PRICED)]
    dropped = [name for name in asked if name not in taken and not _matches(name, _SERVED)]
    if taken:
        fields["anthropic_beta"] = list(dict.fromkeys(taken))
    if dropped:
        member = work.member("betas")
        if work.breaks(
            "betas", member, f"the model {work.capability.model_id} does not take: {', '.join(dropped)}.", "invalid beta flag"
        ):  # fmt: skip
            work.say(member, "dropped", " ".join(dropped)[:200])
        else:
            fields["anthropic_beta"] = [*taken, *dropped]
    work.change(additional_model_request_fields=fields or None)


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
