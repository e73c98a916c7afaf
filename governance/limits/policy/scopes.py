"""PURE: what a budget or a rate limit is for: all calls, or those that match, together or each value by itself."""

from dataclasses import dataclass

UNTAGGED = "(none)"
"""The subject of calls without the tag that a scope counts by: they share one counter."""
OTHER = "(other)"
"""The subject of values beyond the most that are told apart: they share one counter."""
MAX_SUBJECTS = 10_000
"""Values of one dimension that a budget tells apart in one period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFacts:
    """The dimensions of one call. `model` is the name of its route."""

    team_id: int
    application_id: int
    api_key_id: int
    end_user: str
    feature: str
    model: str
    session: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The calls that something is for: those equal in every dimension that is set. `per` gives each value its own."""

    team_id: int | None = None
    application_id: int | None = None
    api_key_id: int | None = None
    end_user: str = ""
    feature: str = ""
    model: str = ""
    per: str = ""

    def may_apply_to(self, *, team_id: int, application_id: int, api_key_id: int) -> bool:
        """Whether any call of this API key can be in the scope."""
        return (
            self.team_id in (None, team_id)
            and self.application_id in (None, application_id)
            and self.api_key_id in (None, api_key_id)
        )

    def subject_of(self, call: CallFacts) -> str | None:
        """Whose counter a call of a key in scope is counted on: `""` for the one all share. None: not in scope."""
        if (
            (self.model and self.model != call.model)
            or (self.feature and self.feature != call.feature)
            or (self.end_user and self.end_user != call.end_user)
        ):
            return None
        match self.per:
            case "":
                return ""
            case "end_user" | "feature" | "model" | "session":
                return str(getattr(call, self.per)) or UNTAGGED
            case _:
                return str(getattr(call, f"{self.per}_id"))
