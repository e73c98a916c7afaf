"""PURE: names of people by what stands around them, and the titles in front of them."""

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from governance.privacy.policy.recognition.folding import fold_letters
from governance.screening.policy.findings import Finding

_TITLE_WORDS = r"(?:Mr|Mrs|Ms|Mx|Miss|Dr|Prof|Professor|Sir|Madam|Madame|Mme|Mlle|Herr|Frau|Señora?|Sra?|Sig|Signora?|Rev|Fr|Hon|Capt|Captain|Lt|Sgt|Col|Gen|Judge|Dame|Lord|Lady)"
_TITLE = re.compile(rf"(?<![\w.]){_TITLE_WORDS}\.?(?=\s{{1,2}}[^\W\d_a-z])")
_SHORT_TITLE = re.compile(
    r"(?<![\w.])(?:Mrs?|Ms|Mx|Dr|Prof)\.(?!\w)|(?<![\w.])(?:mrs?|ms|dr|prof)\.(?=\s[a-z])"
)
_WORD = r"(?:[^\W\d_a-zß-ÿ][^\W\d_]*(?:['’\-][^\W\d_]+)*)"
_PARTICLE = r"(?:de|da|do|dos|das|di|del|della|van|von|der|den|la|le|el|al|bin|ibn|ben|af|zu|y|e)"
_NAME = rf"{_WORD}(?:[ \t\u00a0]{{1,2}}(?:{_PARTICLE}[ ]){{0,2}}(?:[^\W\d_a-zß-ÿ]\.?(?!\w)|{_WORD})){{0,3}}"
_AFTER_TITLE = re.compile(rf"(?<![\w.]){_TITLE_WORDS}\.?\s{{1,2}}({_NAME})")
_INTRODUCED = re.compile(
    r"\b(?i:my (?:first |last |full |maiden |middle )?name is|(?:his|her|their|whose|maiden|last|first|full) name (?:is|was)|i am called|"
    r"call(?:s|ed)? me|known as|signed,|sincerely,|regards,|cheers,|thanks,|dear|hi|hello|hey|ich heiße|mein name ist|je m'appelle|me llamo|mi chiamo|meu nome é)"
    rf"\s{{1,3}}({_NAME})"
)
_FIELD = re.compile(
    r"(?im:^\W{0,6}\"?(?:(?:full|first|last|given|family|middle|maiden|customer|patient|employee|client|account holder|contact|cardholder|user|sender|recipient|beneficiary|applicant)[ _]?)?(?:name|cardholder|surname|patient|attn|from|to|billing address|shipping address)s?\"?\s{0,3}[:=]\s{0,6}\"?)"
    rf"({_NAME})"
)
_ANSWERED = re.compile(rf"\b(?i:(?:your|the|his|her) (?:first |last |full )?name\?)\s{{1,3}}({_NAME})")
_LIVING = re.compile(
    rf"(?<![\w.]){_WORD}(?=(?:[ ](?:lives|lived|was born|is married|married|grew up|resides|(?:and|or) (?:his|her) (?:wife|husband|son|daughter|mother|father))\b"
    rf"|['’]s[ ](?:mother|father|wife|husband|daughter|son|sister|brother|boss|colleague|girlfriend|boyfriend|birthday)\b))"
)
_RELATED = re.compile(
    rf"\b(?i:(?:my|his|her|their|our) (?:wife|husband|son|daughter|mother|father|sister|brother|boss|colleague|friend|manager|neighbou?r|cousin|uncle|aunt|assistant|doctor|lawyer|client|patient),? (?:is |was )?(?:called |named )?)({_NAME})"
)
_SPEAKER = re.compile(rf"(?m:^)({_WORD}(?:\s{_WORD})?)(?=:\s?[\"“])")
_CAPITALISED = re.compile(rf"(?<![\w@./\\-]){_WORD}(?![\w@\\]|\.\w)")
_REST = re.compile(
    rf"(?:[ \t\u00a0]{{1,2}}(?:{_PARTICLE}[ ]){{0,2}}(?:[^\W\d_a-zß-ÿ]\.?(?!\w)|{_WORD})){{1,3}}"
)
NOT_NAMES = frozenset(fold_letters(word) for word in ["There", "All", "Everyone", "Everybody", "Team", "Sir", "Madam", "Madame", "Friend", "Friends", "Customer", "User", "Admin", "Guys", "Folks", "Again", "World", "God", "Lord", "The", "This", "That", "These", "Those", "What", "Why", "When", "Where", "Who", "How", "I", "You", "He", "She", "It", "We", "They", "My", "Your", "His", "Her", "Our", "Their", "Not", "No", "Yes", "Please", "Thanks", "Thank", "Support", "Sales", "Suite", "Apt", "Street", "Road", "Avenue", "Is", "Are", "Was", "And", "But", "Or", "If", "For", "To", "From", "In", "On", "At", "As", "So", "Do", "Does", "Did", "Can", "Could", "Would", "Should", "Will", "Have", "Has", "Had", "Nobody", "Somebody", "Someone", "Anyone", "Anybody", "Each", "Every", "Both", "Many", "Most", "Some", "People", "Family", "Street", "Address", "Name", "Phone", "Email", "Mail", "Date", "Age", "City", "State", "Country", "Zip", "Bots", "Bot", "Iban", "Inc", "LLC", "Ltd", "Corporation", "Corp", "Company", "Group", "Bank", "University", "Orchestra", "Best", "Kind", "Regards", "New", "Old", "Today", "Mom", "Dad", "Mum", "Claude", "ChatGPT", "Assistant", "Siri", "Alexa", "Gemini", "Null", "None", "Unknown", "True", "False", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"])  # fmt: skip
PLACES_TOO = frozenset(["paris", "austin", "jordan", "charlotte", "florence", "madison", "victoria", "sydney", "georgia", "virginia", "carolina", "dakota", "israel", "chad", "kenya", "china", "asia", "india", "savannah", "brooklyn", "chelsea", "lincoln", "houston", "dallas", "phoenix", "denver", "london", "milan", "cairo", "santiago", "diego", "francisco", "san", "santa", "adelaide", "alberta", "orlando", "berlin", "vienna", "lourdes", "roma", "siena", "verona", "montana", "alexandria", "catalina", "aurora", "geneva", "medina", "petra", "sofia", "valencia", "cordoba", "lima", "troy", "washington", "jackson", "hamilton", "wellington", "nelson", "clinton", "kingston", "princeton", "cambridge", "oxford", "york", "kent", "devon", "essex", "regent", "ireland", "england", "france", "germany", "brazil", "cuba", "egypt", "java", "ruby", "julia", "pascal", "ada", "oracle", "amazon", "apache", "jenkins", "jasmine", "django", "celeste", "sage", "opus", "echo", "nova", "titan", "mercury", "apollo", "athena", "atlas", "jupiter", "mars", "venus", "saturn", "python", "swift", "dart", "elm", "crystal", "haskell", "cohere", "nemo", "dolly", "orion", "america", "crete", "stanford", "cornell", "dell", "grove", "doctor", "marvel", "capitola"])  # fmt: skip


@cache
def given_names() -> frozenset[str]:
    """Given names of many countries, folded, without those that are mostly common words. Source: see the file's head."""
    lines = files(__package__).joinpath("given_names.txt").read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def titles(text: str) -> Iterator[Finding]:
    """Forms of address in front of a name."""
    for pattern in (_TITLE, _SHORT_TITLE):
        for match in pattern.finditer(text):
            yield Finding(*match.span(), "TITLE", 0.6, "titles")


def introduced_names(text: str) -> Iterator[Finding]:
    """Names that the words before them announce: a title, "my name is", a field of a form, a letter's first line."""
    for pattern, score in (
        (_AFTER_TITLE, 0.8),
        (_INTRODUCED, 0.6),
        (_FIELD, 0.6),
        (_ANSWERED, 0.6),
        (_SPEAKER, 0.5),
        (_RELATED, 0.5),
        (_LIVING, 0.5),
    ):
        for match in pattern.finditer(text):
            start, end = match.span(match.lastindex or 0)
            words = text[start:end].split()
            while words and fold_letters(words[-1].strip(".,")) in NOT_NAMES:
                end = start + text[start:end].rindex(words.pop())
                end = start + len(text[start:end].rstrip())
            if words and fold_letters(words[0]) not in NOT_NAMES:
                yield Finding(start, end, "PERSON", score, "introduced names")


def known_names(text: str) -> Iterator[Finding]:
    """Given names of a list, with the words of a name that follow. One that is a place's as well needs such a word."""
    known = given_names()
    small = _Small(text)
    position = 0
    while (match := _CAPITALISED.search(text, position)) is not None:
        position = match.end()
        word = fold_letters(match.group())
        parts = word.replace("’", "'").split("-")
        if word in NOT_NAMES or (
            word not in known and not (len(parts) > 1 and all(part in known for part in parts))
        ):
            continue
        rest = _REST.match(text, match.end())
        end = rest.end() if rest is not None and not _is_other(rest.group()) else match.end()
        if end == match.end() and (word in PLACES_TOO or len(word) < 4 or match.group().lower() in small):
            continue
        position = end
        yield Finding(match.start(), end, "PERSON", 0.6 if end > match.end() else 0.5, "known names")


class _Small:
    """Words that stand in lower case in a text, gathered when the first is asked for: "the grove. Grove workers" names nobody."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._words: frozenset[str] | None = None

    def __contains__(self, word: str) -> bool:
        if self._words is None:
            self._words = frozenset(filter(str.islower, _ANY_WORD.findall(self._text)))
        return word in self._words


_ANY_WORD = re.compile(r"[^\W\d_]+")


def _is_other(rest: str) -> bool:
    return any(
        fold_letters(word.strip(".")) in NOT_NAMES or word.strip(".") in _STREETS for word in rest.split()
    )


_STREETS = frozenset(["Street", "St", "Road", "Rd", "Avenue", "Ave", "Lane", "Ln", "Drive", "Dr", "Square", "Court", "Place", "Boulevard", "Blvd", "Park", "Hall", "House", "Airport", "Hospital", "School", "College", "Foundation", "Institute", "Museum", "Theatre", "Theater", "Stadium", "Bridge", "River", "Lake", "Mountain", "Valley", "County", "City", "Town", "Island", "Islands", "Church", "Center", "Centre", "Terrace", "Crescent", "Gardens", "Close", "Way", "Hill", "Hills", "Beach", "Bay"])  # fmt: skip
