"""PURE: privacy and screening to begin with, by name. Each says what it costs and what it misses."""

from dataclasses import dataclass

from governance.privacy.policy.privacy import (
    DEFAULT_THRESHOLD,
    MASKED,
    PolicyDocument,
    PrivacyRule,
    Screening,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A policy to begin with."""

    name: str
    title: str
    does: str
    costs: str
    misses: str
    document: PolicyDocument


def _rules(
    *, cards_in_answers: bool, names: tuple[str, ...] = (), threshold: float = DEFAULT_THRESHOLD
) -> tuple[PrivacyRule, ...]:
    answers = frozenset({"CREDIT_CARD"} if cards_in_answers else ())
    return (
        *(PrivacyRule(entity=entity, to_client="mask" if entity in answers else "") for entity in MASKED),
        PrivacyRule(entity="SECRET"),
        *(PrivacyRule(entity=entity, threshold=threshold) for entity in names),
    )


OBSERVE = Preset(
    name="observe",
    title="Observe",
    does="Masks contact data, cards, accounts, identity numbers and secrets in what goes to the model and into the log. Attacks are "
    "recorded; nothing is blocked or marked.",
    costs="Least: no names are looked for.",
    misses="Names reach the model. Attacks pass, and nobody is told. PDF, Word and Excel documents are sent unread.",
    document=PolicyDocument(rules=_rules(cards_in_answers=False), bodies="redacted"),
)
PROTECT = Preset(
    name="protect",
    title="Protect",
    does="Masks contact data, cards, accounts, identity numbers, secrets and people's names in what goes to the model and into the log. Blocks direct attacks of a high score, puts suspicious texts, documents and results of "
    "tools before reviewers, marks what comes from elsewhere, watches for leaks of the system prompt, masks card numbers in "
    "answers, and takes out links and images that carry data away.",
    costs="Looking for names takes some milliseconds for each new text. Streams are held back by up to a sentence while a number "
    "or a link may still be one that is masked. Marks and a canary add up to a hundred tokens to the system prompt.",
    misses="Names that look like ordinary words, places and organisations; attacks worded mildly; what stands in images and in "
    "PDF, Word and Excel documents, which are sent unread: to read them would refuse scanned ones and send text in the place of pages.",
    document=PolicyDocument(
        # Names that are sure to be some: what a caller wrote is to stay as it is otherwise.
        rules=_rules(cards_in_answers=True, names=("PERSON",), threshold=0.75),
        names=True,
        screening=Screening(
            user="block",
            document="flag",
            tool="flag",
            delimit_outside=True,
            canary=True,
            leak="flag",
            links="strip",
        ),
        bodies="redacted",
    ),
)
STRICT = Preset(
    name="strict",
    title="Strict",
    does="As Protect, and masks places and organisations, refuses calls whose names can't be looked for, marks users' own texts too, takes "
    "orders out of documents and results of tools, reads PDF and Word documents, and ends answers that leak the system prompt or carry data away.",
    costs="As Protect, and more masks: questions about places or companies may lose their sense. Calls are refused while the "
    "names model is busy. A PDF or Word document takes half a second to read; where something in it is masked the model gets its "
    "text without its layout and pictures; scanned and protected ones, and Excel's, are refused.",
    misses="What no recognizer knows; pictures, in documents too.",
    document=PolicyDocument(
        rules=_rules(cards_in_answers=True, names=("PERSON", "LOCATION", "ORGANIZATION")),
        names=True,
        overload="block",
        screening=Screening(
            user="block",
            document="strip",
            tool="strip",
            delimit=True,
            delimit_outside=True,
            canary=True,
            leak="block",
            links="block",
        ),
        bodies="redacted",
        documents="read",
    ),
)
PRESETS = {preset.name: preset for preset in (PROTECT, OBSERVE, STRICT)}
