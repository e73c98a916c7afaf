"""What tests of masking and of what stands around it share: rules, texts full of traps, and texts cut into pieces."""

from collections.abc import Iterable, Iterator

from hypothesis import strategies as st

from gateway.outbound.unmask import Unmasker
from governance.privacy.policy.detection import TextHits, concluded, looked_through
from governance.privacy.policy.masking import Mask
from governance.privacy.policy.privacy import InForce, PolicyDocument, PrivacyRule, combined
from governance.privacy.policy.ruleset import RuleSet
from governance.screening.policy.findings import Finding
from kernel.placeholders import digest, team_key

KEY = team_key("master", "team")
OTHER_KEY = team_key("master", "other")

EMAIL = "ann@example.com"
CARD = "4111 1111 1111 1111"
PHONE = "+49 30 901820"
WORD = "Bluebird"

_OPENING = ("<", "< ", "<  ", "\\<", "&lt;", "&LT; ", "\\u003c", "\\u003C ", "", "<<", "\\\\<")
_CLOSING = (">", " >", "  >", "\\>", "&gt;", "\\u003e", "", ">>", "\\\\>")
_BETWEEN = ("_", "\\_", " ", "-", "__")
_KINDS = (("EMAIL", "ADDRESS"), ("CREDIT", "CARD"), ("WORD",), ("LITERAL",), ("email", "Address"), ("word",))
_DIGITS = (
    *(digest(KEY, entity, value)[:6] for entity, value in (("EMAIL_ADDRESS", EMAIL), ("WORD", WORD))),
    digest(KEY, "EMAIL_ADDRESS", EMAIL)[:8],
    digest(KEY, "EMAIL_ADDRESS", EMAIL),
    "0" * 5,
    "abcdef",
    "ABCDEF12",
    "f" * 70,
)


def in_force(*rules: PrivacyRule, **document: object) -> InForce:
    return InForce("Team", 1, PolicyDocument(rules=rules, **document))


def rule_set(*rules: PrivacyRule, **document: object) -> RuleSet:
    """The rules of one version, compiled."""
    return RuleSet(combined((in_force(*rules, **document),)))


def found(text: str, rules: RuleSet) -> TextHits:
    """What is found by form, as the gateway finds it where no names are read."""
    return looked_through(text, rules)


def mask_of(rules: RuleSet, *, key: bytes = KEY, findings: Iterable[Finding] | None = None) -> Mask:
    """A call's mask; with `findings`, these are found in its one text, and nothing else is."""
    if findings is None:
        return Mask(key=key, rules=rules, find=lambda text: found(text, rules))
    given = list(findings)
    return Mask(key=key, rules=rules, find=lambda text: concluded(text, rules, [(0, given)]))


def chunks(text: str, sizes: list[int]) -> Iterator[str]:
    """Cuts a text into pieces of these sizes, over and over."""
    position, turn = 0, 0
    while position < len(text):
        size = sizes[turn % len(sizes)]
        yield text[position : position + size]
        position, turn = position + size, turn + 1


def unmasked(mask: Mask, text: str, sizes: list[int] | None = None) -> str:
    """The text with the mask's own values in place, fed in pieces."""
    unmasker = Unmasker(mask.values, mask.entities)
    return (
        "".join(unmasker.feed(chunk) for chunk in chunks(text, sizes or [len(text) or 1])) + unmasker.close()
    )


@st.composite
def lookalikes(draw: st.DrawFn) -> str:
    """Something that is, or is nearly, a placeholder in one of its spellings."""
    between = draw(st.sampled_from(_BETWEEN))
    name = between.join(draw(st.sampled_from(_KINDS)))
    parts = (
        draw(st.sampled_from(_OPENING)),
        name,
        draw(st.sampled_from((between, "_"))),
        draw(st.sampled_from(_DIGITS)),
        draw(st.sampled_from(_CLOSING)),
    )
    return "".join(parts)


sizes = st.lists(st.integers(1, 40), min_size=1, max_size=6)
characters = st.characters()  # lone surrogates, marks and signs of direction included
_traps = (
    "\\",
    "<",
    ">",
    "&",
    "_",
    " ",
    "\n",
    '"',
    "é",
    "e\u0301",
    "שלום",
    "\u202e",
    "\ud83d",
    "😀",
    "x",
    "0",
    "a",
)
texts = st.lists(
    st.one_of(
        lookalikes(), st.sampled_from((*_traps, EMAIL, CARD, PHONE, WORD)), st.text(characters, max_size=6)
    ),
    max_size=12,
).map("".join)


@st.composite
def findings_in(draw: st.DrawFn, text: str, *entities: str) -> list[Finding]:
    """Any findings, overlapping or not."""
    if not text:
        return []
    places = st.integers(0, len(text) - 1)
    several = draw(
        st.lists(
            st.tuples(places, st.integers(1, 12), st.sampled_from(entities), st.floats(0, 1)), max_size=8
        )
    )
    return [
        Finding(start, min(len(text), start + length), entity, score, "any")
        for start, length, entity, score in several
    ]
