"""PURE: links and images in an answer whose address carries away what was said: found, and taken out.

An image is fetched as soon as an answer is shown, so that less is needed for one than for a link, which somebody has to
follow. Known attacks: Johann Rehberger, "Bing Chat: Data Exfiltration" (2023); CVE-2025-32711 (EchoLeak); OWASP LLM05:2025.
"""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qsl, unquote, urlsplit

_MARKDOWN = r"(?P<image>!?)\[(?P<text>[^\]\n]{0,300})\]\(\s{0,3}<?(?P<address>(?:https?:)?//[^)\s]{1,4000})(?:\s[^)\n]{0,300})?\)"
_TAG = r"<(?P<tag>img|a|iframe|video|audio|source|link)\b[^>]{0,2000}?(?:src|href)\s{0,3}=\s{0,3}[\"']?(?P<inside>(?:https?:)?//[^\"'\s>]{1,4000})[^>]{0,2000}>"  # fmt: skip
_DEFINITION = r"\[[^\]\n]{1,100}\]:[ \t]{0,5}<?(?P<defined>(?:https?:)?//[^\s>]{1,4000})>?"
_BARE = r"(?P<bare>https?://[^\s<>\"')\]]{1,4000})"
_LINK = re.compile("|".join((_MARKDOWN, _TAG, _DEFINITION, _BARE)), re.IGNORECASE)
OPEN = re.compile(
    r"(?:!?\[[^\]\n]{0,300}(?:\](?:\([^)\n]{0,4300})?)?|!|<(?:[a-z]{1,6}(?:\s[^>]{0,4300})?)?"
    r"|\[[^\]\n]{1,100}\]:\s{0,5}\S{0,4000}|https?://[^\s<>\"')\]]{0,4000}|\bh(?:t(?:t(?:p(?:s?:?/?)?)?)?)?)\Z",
    re.IGNORECASE,
)
"""The end of a text that more text may make a link of."""
_PLACEHOLDER = re.compile(r"<[A-Z][A-Z_]+_[0-9a-f]{6,}>|(?:%3C|&lt;)[A-Z][A-Z_]+_[0-9a-f]{6,}", re.IGNORECASE)
_ENCODED = re.compile(r"[A-Za-z0-9+/_=-]{24,}")
_SIGNS = re.compile(r"[^a-z0-9]+")
_MAX_LOOKED_AT = 1024
_FEW, _MANY = 12, 40
"""Letters and digits in a row that an address shares with the conversation: of an image's query, and of a link's."""
_STEP = 4


@dataclass(frozen=True, slots=True)
class Removed:
    """A link to be taken out, with what stands in its place."""

    start: int
    end: int
    instead: str


class Said:
    """What was said in a conversation, as it may come back in an address."""

    def __init__(self, text: Callable[[], str]) -> None:
        self._text = text

    @cached_property
    def plain(self) -> str:
        return self._text()

    @cached_property
    def folded(self) -> str:
        return _SIGNS.sub("", self.plain.lower())

    def shares(self, payload: str, length: int) -> bool:
        """Whether so many letters and digits in a row of a payload were said."""
        folded = _SIGNS.sub("", payload[:_MAX_LOOKED_AT].lower())
        return any(
            folded[start : start + length] in self.folded
            for start in range(0, len(folded) - length + 1, _STEP)
        )


def data_links(text: str, said: Said) -> list[Removed]:
    """The links and images of a text whose addresses carry data, in order."""
    found = []
    for match in _LINK.finditer(text):
        groups = match.groupdict()
        address = groups["address"] or groups["inside"] or groups["defined"] or groups["bare"]
        address = address.removesuffix(">") if "<" not in address else address
        is_image = bool(groups["image"]) or (groups["tag"] or "a").lower() not in ("a", "link")
        if carries_data(address, said, is_image=is_image):
            words = groups["text"] or ""
            what = "image" if is_image else "link"
            found.append(Removed(match.start(), match.end(), f"{words} ({what} removed)".strip()))
    return found


def carries_data(address: str, said: Said, *, is_image: bool) -> bool:
    """Whether an address holds a value that was masked, what was said in the conversation, or that in another code."""
    if address in said.plain:
        return False  # it was given, and holds nothing that was not there
    if _PLACEHOLDER.search(address):
        return True
    try:
        parts = urlsplit(address[:4096])
    except ValueError:
        return True  # no browser should be asked to make something of it
    values = [value for pair in parse_qsl(parts.query, keep_blank_values=True) for value in pair]
    values += [unquote(parts.query)] if not values and parts.query else []
    steps = [unquote(step) for step in (*parts.path.split("/"), *parts.netloc.split(".")) if step]
    if is_image and any(said.shares(value, _FEW) for value in values):
        return True
    if any(said.shares(value, _MANY) for value in (*values, *steps, unquote(parts.fragment))):
        return True
    return any(_is_code_of(piece, said, is_image=is_image) for piece in (*values, *steps, parts.fragment))


def _is_code_of(piece: str, said: Said, *, is_image: bool) -> bool:
    """Whether a piece is base64 or hex of what was said; of an image, also whether it is a long code that nobody gave."""
    for match in _ENCODED.finditer(piece[:_MAX_LOOKED_AT]):
        code = match.group()
        decoded = _decoded(code)
        if any(said.shares(text, _FEW) for text in decoded):
            return True
        if is_image and decoded and code not in said.plain:
            return True
    return False


_DECODERS: tuple[Callable[[str], bytes], ...] = (
    lambda code: base64.b64decode(_padded(code), validate=True),
    lambda code: base64.urlsafe_b64decode(_padded(code)),
    bytes.fromhex,
)


def _padded(code: str) -> str:
    bare = code.rstrip("=")
    return bare + "=" * (-len(bare) % 4)


def _decoded(code: str) -> list[str]:
    """What a code says, where it says text."""
    found = []
    for decode in _DECODERS:
        try:
            text = decode(code).decode("utf-8")
        except (binascii.Error, ValueError):
            continue
        if text.isprintable() or text.replace("\n", "").isprintable():
            found.append(text)
    return found
