"""PURE: what a system prompt guards: words that must not be said, and secrets that it holds; and texts that ask for them."""

import re
from functools import lru_cache
from typing import NamedTuple

from governance.screening.policy.patterns import GUARDED, RESERVED

MAX_LENGTH = 20_000
"""Characters of a system prompt that are read."""
MAX_WORDS = 32
"""Reserved strings of one prompt."""
_MIN_LETTERS = 4
_QUOTED = r"[\"'“‘«`]([^\"'”’»`\n]{2,80})[\"'”’»`]"
_RESERVES = re.compile(
    r"\b(?:never|don'?t|do not|must not|mustn'?t|not allowed to|only|avoid|refuse to|unless|except|until|may not|cannot|forbidden to)\b"
    r"[^.\n\"'“‘«`]{0,80}\b(?:say|saying|write|output|print|reply|respond|answer|reveal|mention|use|utter|type|tell|repeat)\b[^.\n\"'“‘«`]{0,60}" + _QUOTED
    + r"|\b(?:say|write|output|print|reply|respond|answer)\b[^.\n\"'“‘«`]{0,30}" + _QUOTED + r"[^.\n]{0,20}\b(?:only|if and only if|unless|if|when)\b",
    re.IGNORECASE,
)  # fmt: skip
_SECRET = re.compile(
    r"\b(?:pass ?word|pass ?code|pass ?phrase|secret|secret (?:key|word|code|phrase)|api[ _-]?key|access (?:code|key|token)|token|pin|code ?word|"
    r"passwort|kennwort|mot de passe|contrase[nñ]a|senha|wachtwoord|has[lł]o|пароль)\b[^.\n]{0,30}(?:\b(?:is|are|lautet|ist|est|es|é|jest)\b|[:=—])"
    r"|(?:密码|パスワード|비밀번호)[^。\n]{0,6}(?:是|は|는|[:：=])"
    r"|\b(?:do not|don'?t|never|must not|not) (?:ever )?(?:reveal|disclose|share|tell|show|give away|give out|mention|leak)\b"
    r"|\bkeep (?:\w+ ){1,3}(?:secret|private|confidential)\b|\b(?:is|are|strictly) (?:secret|confidential)\b",
    re.IGNORECASE,
)
_ASKS = frozenset({"secret_request", "prompt_extraction", "bare_extraction", "private_data"})
_WANTS = re.compile(
    r"\b(?:say|write|output|print|reply|respond|answer|reveal|repeat|type|tell|give|spell|translate|complete|finish|return|sag\w*|schreib\w*|dis|dites|ecris|di|diga|escrib\w*|dimmi|scrivi|zeg|powiedz|skazhi|скажи|напиши)\b|说|言|말해|써|قل|कहो"
)
_NOT_LETTER = re.compile(r"[\W_]+")


class Guards(NamedTuple):
    """`reserved` strings, as letters and digits alone, and whether the prompt holds something `secret`."""

    reserved: tuple[str, ...]
    secret: bool


@lru_cache(maxsize=512)
def guards_of(system: str) -> Guards | None:
    """What a system prompt guards; None for most, which guard nothing."""
    text = system[:MAX_LENGTH]
    found = (match.group(1) or match.group(2) for match in _RESERVES.finditer(text))
    squeezed = dict.fromkeys(_squeezed(words) for words in found)
    reserved = tuple(words for words in squeezed if len(words) >= _MIN_LETTERS)[:MAX_WORDS]
    secret = bool(_SECRET.search(text))
    return Guards(reserved, secret) if reserved or secret else None


def broken(guards: Guards, clean: str, rules: frozenset[str]) -> tuple[str, ...]:
    """Names of the rules about guards that hold for a normalised text, of which those `rules` hold."""
    found = []
    if guards.reserved:
        squeezed = _squeezed(clean)
        asked = [words for words in guards.reserved if words in squeezed]
        # The words alone, or a request beside them.
        if asked and (_WANTS.search(clean) or len(squeezed) <= 2 * len(max(asked, key=len))):
            found.append(RESERVED)
    if guards.secret and rules & _ASKS:
        found.append(GUARDED)
    return tuple(found)


def _squeezed(text: str) -> str:
    return _NOT_LETTER.sub("", text.casefold())
