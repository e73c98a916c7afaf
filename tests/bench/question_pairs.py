"""Pairs of questions made by code, with a seed: some ask for the same, others differ in one thing that changes the answer."""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.bench.question_templates import LISTS, TEMPLATES

SEED = 28
EACH = 40
"""Pairs of each template and kind, at most."""
_PLACE = re.compile(r"\[([a-z]+)(\d?)(=?):([^\]]*)\]")
_SENTENCE_KINDS = ("negation",)


@dataclass(frozen=True)
class Pair:
    """Two questions, whether one answer does for both, and in what they differ."""

    a: str
    b: str
    same: bool
    kind: str


@dataclass(frozen=True)
class _Place:
    kind: str
    number: str
    is_symmetric: bool
    options: tuple[str, ...]


def pairs(*, seed: int = SEED, each: int = EACH) -> Iterator[Pair]:
    """The same pairs for the same seed, without repeats."""
    seen: set[frozenset[str]] = set()
    for at, wordings in enumerate(TEMPLATES):
        dice = random.Random(seed * 1000 + at)
        for pair in (*_different(wordings[0], dice, each), *_same(wordings, dice, each)):
            key = frozenset((pair.a, pair.b))
            if len(key) == 2 and (key not in seen):
                seen.add(key)
                yield pair


def _places(template: str) -> list[_Place]:
    return [
        _Place(
            kind,
            number,
            bool(equal),
            tuple((LISTS[options[1:]] if options.startswith("@") else options).split("|")),
        )
        for kind, number, equal, options in _PLACE.findall(template)
    ]


def _filled(template: str, values: list[str]) -> str:
    left = iter(values)
    text = _PLACE.sub(lambda _: next(left), template)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\ba ((?:<)?[aeiou])", r"an \1", text)
    return text[:1].upper() + text[1:]


def _values(places: list[_Place], dice: random.Random) -> list[str]:
    """A filling of each place; two places of one list are filled differently."""
    chosen: list[str] = []
    for place in places:
        taken = [
            value for other, value in zip(places, chosen, strict=False) if other.options == place.options
        ]
        chosen.append(dice.choice([option for option in place.options if option not in taken]))
    return chosen


def _different(template: str, dice: random.Random, each: int) -> Iterator[Pair]:
    """One place filled differently, two names changed round, or one word of the sentence turned."""
    places = _places(template)
    for at, place in enumerate(places):
        for _ in range(each // len(places) + 1):
            values = _values(places, dice)
            others = [one for one in place.options if one != values[at] and one not in values]
            if not others:
                continue
            changed = [*values[:at], dice.choice(others), *values[at + 1 :]]
            yield Pair(
                _filled(template, values), _styled(_filled(template, changed), dice), False, place.kind
            )
    numbered = [at for at, place in enumerate(places) if place.number and not place.is_symmetric]
    for _ in range(each if len(numbered) == 2 else 0):
        values = _values(places, dice)
        first, second = numbered
        swapped = list(values)
        swapped[first], swapped[second] = values[second], values[first]
        yield Pair(_filled(template, values), _styled(_filled(template, swapped), dice), False, "order")
    for kind, turn in TURNS:
        for _ in range(max(2, each // 8)):
            text = _filled(template, _values(places, dice))
            if (turned := turn(text, dice)) != text:
                yield Pair(text, _styled(turned, dice), False, kind)


def _styled(text: str, dice: random.Random) -> str:
    """Sometimes in another guise, so that a difference isn't the only one."""
    if dice.random() < 0.5:
        return text
    return dice.choice(STYLES)[1](text, dice)


def _negated(text: str, dice: random.Random) -> str:
    for pattern, negative in (
        (r"\b(is|are|was|does|did|do) (the|a|it|my|our|your|their|his|her|I|we|[A-Z]\w+)\b", r"\1n't \2"),
        (r"\b([Cc]an|[Ss]hould|[Mm]ust) (I|we|you|a|[A-Z]\w+)\b", r"\1 \2 not"),
        (r"\b(with) ", "without "),
    ):
        if re.search(pattern, text):
            return re.sub(pattern, negative, text, count=1)
    return text


def _asked(text: str, dice: random.Random) -> str:
    """Another question word, where there is one."""
    others = {
        "What is": ("Who is", "Where is", "When is", "Why is"),
        "Who ": ("When ", "Why "),
        "How do I": ("Why do I", "When do I", "Do I", "Where do I"),
        "How many": ("Which", "How much"),
        "How long": ("How often",),
        "When ": ("Where ", "Why ", "How "),
        "Why ": ("When ", "How "),
        "Where ": ("When ",),
        "Is ": ("Why is ", "When is "),
        "Can ": ("How can ", "When can "),
    }
    for begin, choices in others.items():
        if text.startswith(begin):
            return dice.choice(choices) + text[len(begin) :]
    return text


def _more(text: str, dice: random.Random) -> str:
    """A wish added at the end."""
    return text.rstrip("?.") + dice.choice((" in Italian", " in two sentences", " as YAML", " step by step", " for beginners", " in Canada", " in 2023", " at night"))  # fmt: skip


def _doubled(text: str, dice: random.Random) -> str:
    """A second question added."""
    return text + dice.choice((" And why?", " Who says so?", " What does it cost?", " Since when?"))


def _plural(text: str, dice: random.Random) -> str:
    """One of something that can be counted, and many: where that asks for something else."""
    return re.sub(r"^(Delete|Remove|Cancel) the (\w+)", r"\1 the \2s", text)


TURNS: tuple[tuple[str, Callable[[str, random.Random], str]], ...] = (
    ("negation", _negated),
    ("question", _asked),
    ("added", _more),
    ("added", _doubled),
    ("plural", _plural),
)


def _polite(text: str, dice: random.Random) -> str:
    lower = text[0].lower() + text[1:] if not text[:2].isupper() and not text.startswith("I ") else text
    if re.match(r"(?:how|who|what|when|where|why|which) ", lower):
        if lower.startswith("how do i "):
            return (
                dice.choice(
                    ("Please tell me how to ", "Could you tell me how to ", "I'd like to know how to ")
                )
                + lower[9:]
            )
        return dice.choice(("Please tell me, ", "Hi, ", "Hello! ", "Quick question: ", "Please: ")) + lower
    if re.match(r"(?:is|are|can|do|does|did|should|must|may|was) ", lower):
        return dice.choice(("Hi, ", "Hello there, ", "Quick question: ")) + lower
    if not re.match(
        r"(?:summarize|list|delete|explain|give|translate|write|compare|rewrite|show|tell|remind) ", lower
    ):
        return text
    return (
        dice.choice(("Please ", "Could you please ", "Would you kindly ", "Kindly ", "I want you to "))
        + lower
    )


def _thanks(text: str, dice: random.Random) -> str:
    return text + dice.choice((" Thanks!", " Thank you.", " Please.", " Thanks in advance!"))


def _lower(text: str, dice: random.Random) -> str:
    return text if re.search(r"<|\b(?:US|IT|WHO|MB|GB|KB|TB)\b", text) else text.lower()


def _unmarked(text: str, dice: random.Random) -> str:
    return text.rstrip("?.!") + dice.choice(("", "??", ".", " ?"))


def _contracted(text: str, dice: random.Random) -> str:
    for long, short in (
        ("What is ", "What's "),
        ("Who is ", "Who's "),
        ("Where is ", "Where's "),
        ("is not ", "isn't "),
        ("do not ", "don't "),
    ):
        if long in text:
            return text.replace(long, short, 1)
    return text


def _way(text: str, dice: random.Random) -> str:
    """Who asks is nobody in particular, but where something is theirs."""
    ways = ["How can I ", "How to ", "How could I ", "What is the way to "]
    if not re.search(r"\b(?:my|our)\b", text):
        ways += ["How do you ", "How does one "]
    return re.sub(r"^How do I ", lambda _: dice.choice(ways), text)


def _indirect(text: str, dice: random.Random) -> str:
    """Could you tell me what … is?"""
    match = re.match(r"^(What|Who|Where) (is|are|was|were) ((?:the )?[^?]*)\?$", text)
    if not match or re.search(r"\b(?:used|famous|if)\b", text):
        return text
    begin = dice.choice(
        ("Could you tell me", "Do you know", "I would like to know", "Can you please tell me")
    )
    return f"{begin} {match[1].lower()} {match[3]} {match[2]}?"


def _figures(text: str, dice: random.Random) -> str:
    words = {
        "2": "two",
        "3": "three",
        "5": "five",
        "7": "seven",
        "10": "ten",
        "12": "twelve",
        "15": "fifteen",
        "25": "twenty-five",
        "40": "forty",
    }
    text = re.sub(
        r"(?<![\w.,-])(2|3|5|7|10|12|15|25|40)(?= (?!percent)[a-z])", lambda match: words[match[1]], text
    )
    return text.replace("1,000", "1000").replace("1,500", "1500").replace(" percent ", "% ")


def _units(text: str, dice: random.Random) -> str:
    for short, long in (
        ("km", "kilometres"),
        ("kg", "kilograms"),
        ("GB", "gigabytes"),
        ("MB", "megabytes"),
        ("metres", "meters"),
        ("mg", "milligrams"),
    ):
        text = re.sub(rf"\b{short}\b", long, text)
    return text


def _articles(text: str, dice: random.Random) -> str:
    return re.sub(r"\b(?:the|an) (?!other|few)", "", text, count=1)


def _spelled(text: str, dice: random.Random) -> str:
    for british, american in (("anaemia", "anemia"), ("metres", "meters"), ("Summarize", "Summarise")):
        text = text.replace(british, american)
    return text


def _synonyms(text: str, dice: random.Random) -> str:
    for word, other in (("buy", "purchase"), ("phone", "telephone"), ("children", "kids")):
        text = re.sub(rf"\b{word}\b", other, text)
    return text


def _swapped(text: str, dice: random.Random) -> str:
    return re.sub(r"difference between (\S+) and (\S+)\?", r"difference between \2 and \1?", text)


def _fronted(text: str, dice: random.Random) -> str:
    match = re.match(
        r"^((?:How|What|Who|Why|Is|Can|Do|Does) .*) (in (?!one|three)\S+(?: [A-Z]\w+)?)\?$", text
    )
    if not match or " in " in match[1] or " to " in match[1]:
        return text
    return f"{match[2][0].upper()}{match[2][1:]}, {match[1][0].lower()}{match[1][1:]}?"


STYLES: tuple[tuple[str, Callable[[str, random.Random], str]], ...] = (
    ("politeness", _polite),
    ("thanks", _thanks),
    ("case", _lower),
    ("punctuation", _unmarked),
)
"""Which fit every question."""
PARAPHRASES = (
    *STYLES,
    ("contraction", _contracted),
    ("ways to ask how", _way),
    ("indirect question", _indirect),
    ("figures and words", _figures),
    ("units spelled out", _units),
    ("articles", _articles),
    ("British and American", _spelled),
    ("synonyms", _synonyms),
    ("symmetric order", _swapped),
    ("fronted phrase", _fronted),
)


def _same(wordings: tuple[str, ...], dice: random.Random, each: int) -> Iterator[Pair]:
    template = wordings[0]
    places = _places(template)
    for kind, change in PARAPHRASES:
        for _ in range(max(2, each // 8)):
            text = _filled(template, _values(places, dice))
            changed = change(text, dice)
            if changed != text:
                yield Pair(text, _twice(changed, dice), True, kind)
    for other in wordings[1:]:
        for _ in range(each // 4):
            values = _values(places, dice)
            yield Pair(
                _filled(template, values),
                _filled(other, _carried(places, values, _places(other))),
                True,
                "reworded",
            )


def _twice(text: str, dice: random.Random) -> str:
    """Sometimes changed once more."""
    return _unmarked(_lower(text, dice), dice) if dice.random() < 0.3 else text


def _carried(places: list[_Place], values: list[str], others: list[_Place]) -> list[str]:
    """The same fillings for another wording: by kind, number and which of that kind it is; by position where words differ."""
    taken: list[str] = []
    used: set[int] = set()
    for other in others:
        at = next(
            at
            for at, place in enumerate(places)
            if at not in used and place.kind == other.kind and place.number == other.number and (place.options == other.options or len(place.options) == len(other.options))
        )  # fmt: skip
        used.add(at)
        taken.append(other.options[places[at].options.index(values[at])])
    return taken


def filled_alike(wordings: tuple[str, ...], dice: random.Random) -> list[str]:
    """One question in each of its wordings, the same things in the places of all."""
    places = _places(wordings[0])
    values = _values(places, dice)
    others = [_filled(other, _carried(places, values, _places(other))) for other in wordings[1:]]
    return [_filled(wordings[0], values), *others]
