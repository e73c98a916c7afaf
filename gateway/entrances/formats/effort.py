"""PURE: how hard OpenAI's callers ask a model to think, in the words of Bedrock's models."""

from gateway.conversation import Json

_EFFORTS = {"minimal": "low"}


def effort_of(asked: str | None) -> tuple[Json | None, Json | None]:
    """The member `outputConfig.effort`, and `thinking` among the additional fields; None where nothing is asked.

    `none` switches thinking off. Any other level leaves it to the model when to think; what a model can't take is
    repaired, and said, when the request is fitted to it. Source: OpenAI API reference, "reasoning.effort"; Anthropic API
    docs, Effort.
    """
    if asked is None:
        return None, None
    if asked == "none":
        return None, {"type": "disabled"}
    return {"effort": _EFFORTS.get(asked, asked)}, {"type": "adaptive"}
