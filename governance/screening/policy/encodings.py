"""PURE: texts hidden in a text by an encoding. Bounded in number, size and depth; linear in time."""

import base64
import binascii
import html
import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote_to_bytes

from governance.screening.policy.gate import Gate

MAX = 48
"""Hidden texts looked at in one text, at each depth."""
MAX_LENGTH = 8_000
"""Characters of a hidden text that are looked at."""
DEPTH = 2

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_BASE32 = re.compile(r"\b[A-Z2-7]{24,}={0,6}")
_HEX = re.compile(r"(?:\b0x|\\x|%)?[0-9A-Fa-f]{2}(?:[ :,]?(?:0x|\\x|%)?[0-9A-Fa-f]{2}){7,}")
_BINARY = re.compile(r"\b[01]{8}(?:[ ,]?[01]{8}){3,}\b")
_DECIMAL = re.compile(r"\b\d{2,3}(?:[ ,]{1,2}\d{2,3}){7,}\b")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2}){4,}")
_ENTITIES = re.compile(r"(?:&#x?[0-9A-Fa-f]{2,6};[ ]?){4,}")
_ESCAPES = re.compile(r"(?:\\u[0-9A-Fa-f]{4}){4,}")
_MORSE = re.compile(r"[.\-]{1,6}(?:[ /]{1,3}[.\-]{1,6}){7,}")
_TAGS = re.compile("[\U000e0020-\U000e007e]{4,}")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{4,}")

_WORDS = [
    "ignore",
    "previous",
    "instruction",
    "instructions",
    "system",
    "prompt",
    "forget",
    "disregard",
    "override",
    "reveal",
    "password",
    "secret",
    "what",
    "the",
]
_ROT13 = str.maketrans(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "NOPQRSTUVWXYZABCDEFGHIJKLMnopqrstuvwxyzabcdefghijklm",
)
_ROT13_WORDS = re.compile(r"\b(?:" + "|".join(word.translate(_ROT13) for word in _WORDS) + r")\b")
_REVERSED_WORDS = re.compile(r"\b(?:" + "|".join(word[::-1] for word in _WORDS) + r")\b")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_SHIFTED = {
    shift: re.compile(
        r"\b(?:"
        + "|".join(
            "".join(_LETTERS[(_LETTERS.index(letter) + shift) % 26] for letter in word)
            for word in ("ignore", "previous", "instructions", "system", "password")
        )
        + r")\b"
    )
    for shift in (1, 3, 23, 25)
}
_MORSE_CODE = dict(
    zip(
        [
            ".-",
            "-...",
            "-.-.",
            "-..",
            ".",
            "..-.",
            "--.",
            "....",
            "..",
            ".---",
            "-.-",
            ".-..",
            "--",
            "-.",
            "---",
            ".--.",
            "--.-",
            ".-.",
            "...",
            "-",
            "..-",
            "...-",
            ".--",
            "-..-",
            "-.--",
            "--..",
        ],
        _LETTERS,
        strict=True,
    )
)


def hidden(text: str) -> tuple[tuple[str, str], ...]:
    """What is hidden in a text: how (`base64`, `rot13` …), and the text that was."""
    found: list[tuple[str, str]] = []
    layer = [text]
    for _ in range(DEPTH):
        below: list[str] = []
        for outer in layer:
            for how, inner in _once(outer):
                if inner != outer and (how, inner) not in found:
                    found.append((how, inner))
                    below.append(inner)
                if len(below) == MAX:
                    break
        layer = below[:MAX]
    return tuple(found)


def _once(text: str) -> Iterator[tuple[str, str]]:
    for index in _WORTH_A_LOOK.which(text):
        how, pattern, decode = _DECODERS[index]
        for number, match in enumerate(pattern.finditer(text)):
            if number == MAX:
                break
            inner = decode(match.group()[: 4 * MAX_LENGTH])
            if inner is not None and (_readable(inner[:MAX_LENGTH]) or _BASE64.fullmatch(inner)):
                yield how, inner[:MAX_LENGTH]
    yield from _ciphers(text[:MAX_LENGTH])


def _ciphers(text: str) -> Iterator[tuple[str, str]]:
    """Whole texts written in another alphabet; a word or two of them gives it away."""
    folded = text.casefold()
    if not _CIPHERED.lets_by(folded):
        return
    if len(set(_ROT13_WORDS.findall(folded))) >= 2:
        yield "rot13", text.translate(_ROT13)
    if len(set(_REVERSED_WORDS.findall(folded))) >= 2:
        yield "reversed letters", text[::-1]
    for shift, pattern in _SHIFTED.items():
        if len(set(pattern.findall(folded))) >= 2:
            rotated = _LETTERS[shift:] + _LETTERS[:shift]
            yield "a letter cipher", folded.translate(str.maketrans(rotated, _LETTERS))


def _readable(text: str) -> bool:
    """Whether bytes that happened to decode are a text that a person wrote."""
    if len(text) < 6:
        return False
    spoken = sum(character.isalpha() or character in " .,!?'\n" for character in text)
    return spoken >= 0.85 * len(text) and (" " in text or len(text) < 40) and "\ufffd" not in text


def _utf8(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def _base64(found: str) -> str | None:
    bare = found.rstrip("=").replace("-", "+").replace("_", "/")
    bare = bare[: len(bare) - (len(bare) % 4 == 1)]
    return _utf8(base64.b64decode(bare + "=" * (-len(bare) % 4)))


def _base32(found: str) -> str | None:
    bare = found.rstrip("=")
    try:
        return _utf8(base64.b32decode(bare + "=" * (-len(bare) % 8)))
    except binascii.Error:
        return None


def _hex(found: str) -> str | None:
    digits = re.sub(r"0x|\\x|[^0-9A-Fa-f]", "", found)
    return _utf8(bytes.fromhex(digits[: len(digits) // 2 * 2]))


def _binary(found: str) -> str | None:
    bits = re.sub(r"[ ,]", "", found)
    return _utf8(bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8)))


def _decimal(found: str) -> str | None:
    numbers = [int(number) for number in re.findall(r"\d+", found)]
    return "".join(map(chr, numbers)) if all(31 < number < 127 for number in numbers) else None


def _percent(found: str) -> str | None:
    return _utf8(unquote_to_bytes(found))


def _escapes(found: str) -> str:
    spelled = re.sub(r"\\u(....)", lambda match: chr(int(match[1], 16)), found)
    # Pairs of surrogates are one character, lone ones none.
    return spelled.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _morse(found: str) -> str | None:
    signs = found.replace("/", " ").split(" ")
    letters = [_MORSE_CODE.get(sign, "?" if sign else " ") for sign in signs]
    return None if letters.count("?") > len(letters) // 4 else " ".join("".join(letters).split())


def _tags(found: str) -> str:
    return "".join(chr(ord(tag) - 0xE0000) for tag in found)


def _selectors(found: str) -> str | None:
    codes = (ord(selector) for selector in found)
    return _utf8(bytes(code - 0xFE00 if code < 0xE0000 else code - 0xE0100 + 16 for code in codes))


_Decoder = Callable[[str], str | None]
_DECODERS: tuple[tuple[str, re.Pattern[str], _Decoder], ...] = (
    ("hidden tag characters", _TAGS, _tags),
    ("hidden variation selectors", _SELECTORS, _selectors),
    ("base64", _BASE64, _base64),
    ("base32", _BASE32, _base32),
    ("hexadecimal", _HEX, _hex),
    ("binary digits", _BINARY, _binary),
    ("character numbers", _DECIMAL, _decimal),
    ("percent encoding", _PERCENT, _percent),
    ("HTML entities", _ENTITIES, html.unescape),
    ("Unicode escapes", _ESCAPES, _escapes),
    ("Morse code", _MORSE, _morse),
)


_WORTH_A_LOOK = Gate(*(pattern.pattern for _, pattern, _ in _DECODERS))
_CIPHERED = Gate("|".join(pattern.pattern for pattern in (_ROT13_WORDS, _REVERSED_WORDS, *_SHIFTED.values())))
