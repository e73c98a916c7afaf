"""Which privacy policies hold for an application, compiled."""

from functools import lru_cache

from governance.models import PrivacyPolicy, PrivacyPolicyVersion
from governance.policy.privacy import InForce, combined, decoded
from governance.policy.ruleset import RuleSet

_Row = tuple[int, str, int]
"""(id of the version, owner in words, number)."""


class Policies:
    """Read once per snapshot; each combination of versions is compiled once per process."""

    def __init__(self) -> None:
        rows = PrivacyPolicy.objects.filter(in_force__isnull=False).select_related(
            "in_force", "team", "application"
        )
        self._rows: dict[tuple[int | None, int | None], _Row] = {}
        for row in rows:
            assert row.in_force is not None
            self._rows[row.team_id, row.application_id] = (row.in_force.pk, row.owner, row.in_force.number)

    def of(self, team_id: int, application_id: int) -> RuleSet:
        """The rules of the organisation, the team and the application, as one."""
        levels = ((None, None), (team_id, None), (team_id, application_id))
        return _compiled(tuple(self._rows[level] for level in levels if level in self._rows))


@lru_cache(maxsize=4096)
def _compiled(rows: tuple[_Row, ...]) -> RuleSet:
    documents = PrivacyPolicyVersion.objects.in_bulk([pk for pk, _, _ in rows])
    return RuleSet(
        combined(InForce(owner, number, decoded(documents[pk].document)) for pk, owner, number in rows)
    )
