"""PURE: what of a policy has no effect, because a level above it is stricter: said when it is published."""

from collections.abc import Iterator, Sequence

from governance.privacy.policy.kinds import title
from governance.privacy.policy.privacy import (
    ACTIONS,
    BODIES,
    DOCUMENTS,
    SCREENING_ACTIONS,
    Bodies,
    InForce,
    PolicyDocument,
    PrivacyRule,
    Screening,
    combined,
)

_BODIES_TOLD = {
    "raw": "raw text is kept, too",
    "redacted": "what is kept is masked",
    "none": "nothing is kept",
}
_DIRECTIONS = {"to_model": "to the model", "to_client": "to the caller", "to_log": "in what is kept"}
_ACTIONS_TOLD = {"": "nothing", "log": "count only", "pass": "sent unread"}


def overruled(document: PolicyDocument, above: Sequence[InForce]) -> list[str]:
    """Sentences: what this policy asks for that the levels above it do not let through, and whose policy to change."""
    if not above:
        return []
    return [
        *_of_storage(document, above),
        *_of_choices(document, above),
        *(line for rule in document.rules for line in _of_rule(rule, above)),
    ]


def _of_storage(document: PolicyDocument, above: Sequence[InForce]) -> Iterator[str]:
    for each in above:
        says: Bodies = each.document.bodies or "redacted"
        if document.bodies and BODIES.index(says) > BODIES.index(document.bodies):
            yield _told(each, "storage", _BODIES_TOLD[document.bodies], _BODIES_TOLD[says])
        if document.sample_percent > each.document.sample_percent:
            percents = (
                f"{percent} % of calls" for percent in (document.sample_percent, each.document.sample_percent)
            )
            yield _told(each, "storage", *percents)
    whole = combined([*above, InForce("", 0, document)])
    if document.other_model and whole.other_model != document.other_model:
        instead = f"{whole.other_model} is asked" if whole.other_model else "answers are ended"
        yield f"The other model {document.other_model} is not asked: by a policy above this one, {instead}."


def _of_choices(document: PolicyDocument, above: Sequence[InForce]) -> Iterator[str]:
    """What was chosen here, other than what a new policy begins with, and is milder than above."""
    default, own = Screening(), document.screening
    for each in above:
        theirs = each.document.screening
        for name in ("user", "document", "tool", "leak", "links"):
            chosen, says = getattr(own, name), getattr(theirs, name)
            if chosen != getattr(default, name) and SCREENING_ACTIONS.index(says) > SCREENING_ACTIONS.index(
                chosen
            ):
                yield _told(each, f"screening ({name})", chosen, says)
        for name in ("flag_at", "block_at"):
            chosen, says = getattr(own, name), getattr(theirs, name)
            if chosen != getattr(default, name) and says < chosen:
                yield _told(each, f"screening ({name})", f"{chosen:g}", f"{says:g}")
        if document.documents != "pass" and DOCUMENTS.index(each.document.documents) > DOCUMENTS.index(
            document.documents
        ):
            yield _told(each, "documents", document.documents, each.document.documents)


def _of_rule(rule: PrivacyRule, above: Sequence[InForce]) -> Iterator[str]:
    for each in above:
        for other in each.document.rules:
            covers = not other.languages or (rule.languages and set(rule.languages) <= set(other.languages))
            if other.entity != rule.entity or not covers:
                continue
            for name, direction in _DIRECTIONS.items():
                chosen, says = getattr(rule, name), getattr(other, name)
                if ACTIONS.index(says) > ACTIONS.index(chosen):
                    yield _told(each, f"{title(rule.entity)} {direction}", chosen, says)
            if rule.allow and not set(rule.allow) <= set(other.allow):
                yield (
                    f"{title(rule.entity)}: what this policy lets pass is found by the rule of {_whose(each)} all the same. "
                    "Let it pass there, too."
                )


def _told(each: InForce, what: str, here: str, there: str) -> str:
    here, there = (_ACTIONS_TOLD.get(text, text) for text in (here, there))
    return f"{what[0].upper()}{what[1:]}: “{here}” has no effect, because “{there}” of {_whose(each)} is stricter. {_advice(each)}"


def _whose(each: InForce) -> str:
    return each.owner if each.number else "the preset, which holds until the organisation has a policy,"


def _advice(each: InForce) -> str:
    return (
        "Change that policy for it to hold."
        if each.number
        else "Publish a policy of the organisation that says the same."
    )
