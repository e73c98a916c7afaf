"""Which privacy policies hold for whom, compiled."""

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from governance.privacy.models import PrivacyPolicy, PrivacyPolicyVersion
from governance.privacy.policy.privacy import DEFAULT, Document, Effective, InForce, combined, decoded
from governance.privacy.policy.ruleset import RuleSet

_Row = tuple[int, str, int]
"""(id of the version, owner in words, number)."""
_Level = tuple[int | None, int | None]
_ORGANISATION: _Level = (None, None)
_DEFAULT: _Row = (0, "Gatehouse", 0)


class Policies:
    """Those in force, read at once; each combination of versions is compiled once per process."""

    def __init__(self) -> None:
        rows = PrivacyPolicy.objects.filter(in_force__isnull=False).select_related(
            "in_force", "team", "application"
        )
        self._rows: dict[_Level, _Row] = {}
        for row in rows:
            assert row.in_force is not None
            self._rows[row.team_id, row.application_id] = (row.in_force.pk, row.owner, row.in_force.number)

    def of(self, team_id: int | None, application_id: int | None) -> RuleSet:
        """The rules of the organisation, the team and the application, as one."""
        return _compiled(self._of(_levels(team_id, application_id)))

    def with_draft(
        self, policy: PrivacyPolicy, document: Document, *, names: bool | None = None
    ) -> Effective:
        """What would hold for those of a policy if its draft were published; with or without names, if that is said."""
        own = (policy.team_id, policy.application_id)
        above = list(map(_in_force, self._of([level for level in _levels(*own) if level != own])))
        effective = combined([*above, InForce(policy.owner, 0, document)])
        return effective if names is None else replace(effective, names=names)

    def _of(self, levels: Iterable[_Level]) -> tuple[_Row, ...]:
        """The rows of some levels; in the place of the organisation's, where it has none, what holds by default."""
        rows = [self._rows.get(level, _DEFAULT if level == _ORGANISATION else None) for level in levels]
        return tuple(row for row in rows if row is not None)


def _levels(team_id: int | None, application_id: int | None) -> tuple[_Level, ...]:
    return tuple(dict.fromkeys(((None, None), (team_id, None), (team_id, application_id))))


def _in_force(row: _Row) -> InForce:
    pk, owner, number = row
    return InForce(owner, number, _document(pk) if pk else DEFAULT)


@lru_cache(maxsize=4096)
def _document(pk: int) -> Document:
    return decoded(PrivacyPolicyVersion.objects.get(pk=pk).document)  # never changed, so never read again


@lru_cache(maxsize=4096)
def _compiled(rows: tuple[_Row, ...]) -> RuleSet:
    return RuleSet(combined(map(_in_force, rows)))
