"""PURE: letters that are drawn like Latin ones, and words written with digits for letters."""

import re

# Cyrillic, Greek, Armenian, small capitals and a few more, after case folding: the letter and the one it looks like.
_PAIRS = [
    "аa",
    "вb",
    "сc",
    "ԁd",
    "еe",
    "ғf",
    "ɡg",
    "һh",
    "іi",
    "јj",
    "кk",
    "ӏl",
    "мm",
    "нh",
    "оo",
    "рp",
    "ԛq",
    "гr",
    "ѕs",
    "тt",
    "цu",
    "ѵv",
    "ԝw",
    "хx",
    "уy",
    "үy",
    "зz",
    "αa",
    "βb",
    "δd",
    "εe",
    "ηn",
    "ιi",
    "κk",
    "λl",
    "μu",
    "νv",
    "οo",
    "ρp",
    "σo",
    "τt",
    "υu",
    "χx",
    "ωw",
    "γy",
    "օo",
    "սu",
    "ոn",
    "ցg",
    "հh",
    "լl",
    "եe",
    "վq",
    "յj",
    "տm",
    "քp",
    "ᴀa",
    "ʙb",
    "ᴄc",
    "ᴅd",
    "ᴇe",
    "ꜰf",
    "ɢg",
    "ʜh",
    "ɪi",
    "ᴊj",
    "ᴋk",
    "ʟl",
    "ᴍm",
    "ɴn",
    "ᴏo",
    "ᴘp",
    "ʀr",
    "ꜱs",
    "ᴛt",
    "ᴜu",
    "ᴠv",
    "ᴡw",
    "ʏy",
    "ᴢz",
    "ɑa",
]
TO_LATIN = {ord(pair[0]): pair[1] for pair in _PAIRS}
# Letters of Latin alphabets that have no accent to take off: no trick.
_OWN = str.maketrans("ıłøđħŧə", "ilodhte")

_FOREIGN = "".join(pair[0] for pair in _PAIRS)
_HAS_FOREIGN = re.compile(f"[{_FOREIGN}]")
_ALIKE = re.compile("[асеорхуіјѕԁɡһӏԛԝοαν]{3,}")
"""Words of another script whose every letter is the very image of a Latin one."""
_FOREIGN_WORD = re.compile(rf"(?<!\w)[a-z0-9_]{{0,40}}[{_FOREIGN}]\w*")
_LATIN = re.compile(r"[a-z]")

_LEET = str.maketrans("0134578@$!|+€", "oieastbasiite")
_LEET_WORD = re.compile(
    r"(?<![a-z013457@$!|+€])[a-z]{0,23}[013457@$!|+€][a-z013457@$!|+€]{1,23}(?![a-z013457@$!|+€])"
)
_MAYBE_LEET = re.compile(r"[013457@$!|+€](?:[a-z]|(?<=[a-z].)[013457@$!|+€])")
_LETTER_NEAR = re.compile(r"[a-z]")
_LEET_MEANT = frozenset(
    [
        "ignore",
        "ignores",
        "forget",
        "forgot",
        "disregard",
        "override",
        "overrule",
        "bypass",
        "previous",
        "prior",
        "above",
        "earlier",
        "before",
        "instruction",
        "instructions",
        "instructed",
        "directive",
        "directives",
        "rule",
        "rules",
        "guideline",
        "guidelines",
        "prompt",
        "prompts",
        "prompted",
        "system",
        "developer",
        "admin",
        "administrator",
        "assistant",
        "reveal",
        "show",
        "print",
        "repeat",
        "output",
        "secret",
        "secrets",
        "password",
        "passwords",
        "key",
        "keys",
        "token",
        "tokens",
        "jailbreak",
        "unrestricted",
        "unfiltered",
        "restriction",
        "restrictions",
        "filter",
        "filters",
        "policy",
        "policies",
        "safety",
        "pretend",
        "roleplay",
        "act",
        "execute",
        "command",
        "commands",
        "delete",
        "send",
        "hidden",
        "initial",
        "confidential",
        "everything",
    ]
)


def plain_latin(text: str) -> str:
    """The text with letters of Latin alphabets that have no accent to take off as plain ones: `ł` is `l`."""
    return text.translate(_OWN)


def straighten(text: str) -> tuple[str, bool]:
    """The text with look-alike letters made Latin where a word mixes scripts; whether any were."""
    if text.isascii():
        return text, False
    text = plain_latin(text)
    if not _HAS_FOREIGN.search(text):
        return text, False
    sample = text[:4_000]
    mostly_latin = len(_LATIN.findall(sample)) * 2 > sum(map(str.isalpha, sample))
    changed = False

    def word(match: re.Match[str]) -> str:
        nonlocal changed
        found = match.group()
        # A word of another script stays as it is, unless all its letters look Latin in a text that is.
        if _LATIN.search(found) or (mostly_latin and _ALIKE.fullmatch(found)):
            straight = found.translate(TO_LATIN)
            if straight.isascii():
                changed = True
                return straight
        return found

    return _FOREIGN_WORD.sub(word, text), changed


def unleet(text: str) -> tuple[str, bool]:
    """The text with words such as `1gn0r3` spelled out, where that gives a word that attacks need."""
    if not _MAYBE_LEET.search(text):
        return text, False
    changed = False

    def word(match: re.Match[str]) -> str:
        nonlocal changed
        found = match.group()
        if not _LETTER_NEAR.search(found):
            return found
        spellings = [found, found.replace("1", "l")] if "1" in found else [found]
        for spelled in (spelling.translate(_LEET) for spelling in spellings):
            bare = spelled.strip("i") if found[-1] == "!" else spelled
            if bare in _LEET_MEANT:
                changed = True
                return bare
        return found

    return _LEET_WORD.sub(word, text), changed
