"""PURE: whether a version has the approvals that its team's rules ask for."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRule:
    """So many approvals, for prompts with a tag and changes of some parts; by some people, or by all who may."""

    name: str
    approvals: int
    tag: str = ""
    parts: frozenset[str] = frozenset()
    reviewers: frozenset[int] = frozenset()

    def applies(self, tags: Collection[str], changed: Collection[str]) -> bool:
        """Whether it is about a prompt with these tags, of which these parts changed."""
        return (not self.tag or self.tag in tags) and (not self.parts or not self.parts.isdisjoint(changed))


@dataclass(frozen=True, slots=True)
class Vote:
    """What somebody said of a version, as it is now. Who is gone has no id."""

    reviewer: int | None
    approves: bool


@dataclass(frozen=True, slots=True)
class ReviewStanding:
    """Where a review stands: what is missing, in words; nothing, when the version is approved."""

    missing: tuple[str, ...]
    approvals: int

    @property
    def is_approved(self) -> bool:
        return not self.missing


def standing(
    rules: Iterable[ApprovalRule], votes: Iterable[Vote], *, authors: Collection[int | None]
) -> ReviewStanding:
    """Of the rules that apply: each must be met. The last vote of a person counts, and that of who wrote it never.

    Somebody who asked for changes holds the version up until they approve it, or it is taken back and changed.
    """
    last = {
        vote.reviewer: vote.approves
        for vote in votes
        if vote.reviewer is not None and vote.reviewer not in authors
    }
    approving = {reviewer for reviewer, approves in last.items() if approves}
    missing: list[str] = []
    if len(approving) < len(last):
        number = len(last) - len(approving)
        missing.append(f"{number} {'reviewer asks' if number == 1 else 'reviewers ask'} for changes.")
    for rule in rules:
        counted = approving & rule.reviewers if rule.reviewers else approving
        if (lacking := rule.approvals - len(counted)) > 0:
            whose = " of its reviewers" if rule.reviewers else ""
            missing.append(
                f"“{rule.name}” wants {lacking} more {'approval' if lacking == 1 else 'approvals'}{whose}."
            )
    return ReviewStanding(tuple(missing), len(approving))
