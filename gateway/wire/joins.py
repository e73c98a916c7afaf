"""PURE: values that are cut in two by the end of a text, as "jane.roe" and "@example.org" in two parts of one message.

The model reads neighbours as one text. What begins in one and ends in another is put into the one where it begins, so that one placeholder takes its place.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from gateway.conversation import Block, Conversation, SystemBlock, ToolResultBlock

Holder = Block | SystemBlock | ToolResultBlock
Find = Callable[[str], Iterable[tuple[int, int]]]
"""A text to the spans of it that are to be hidden."""

_BEFORE, _BEHIND = 80, 120
_MAX_PIECES = 6
_NEAR = 32
_SIGNS = frozenset("0123456789@\uff20%&\\")
_DIGITS = frozenset("0123456789")
_MAX_ANSWER = 80
_ASKS = re.compile(
    r"(?i)phone|mobil|cell|handy|telef|tél|móvil|number|nummer|número|numéro|numero|ssn|social security|passw|pass ?code|passphrase|kennw|contrase|mot de passe|senha|wachtw|login|account|konto|compte|cuenta"
    r"|rekening|iban|card|licen|passport|reisepass|pasaporte|passeport|tax|steuer|ausweis|address|adress|dirección|indirizzo|mail"
)
_WORDS = ("at", "dot", "punkt", "punto", "point", "ponto", "arroba", "arobase", "chiocciola", "ät")
_DIGIT = re.compile(r"\d")
_AT = re.compile(
    r"[@\uff20%&\\]|^\W?(?:at|dot|punkt|punto|point|ponto|arroba|arobase|chiocciola)\W?$", re.IGNORECASE
)
_PARTING = (".", "!", "?", ":", ";")


class _Slot(NamedTuple):
    """What has a text, and the list that it is in."""

    holder: Holder
    among: list[Any]

    @property
    def text(self) -> str:
        return self.holder.text or ""


def join_values(conversation: Conversation, find: Find, asked: dict[str, str]) -> Iterator[None]:
    """Moves what of a value stands in later texts into the one where it begins, a step at a time. Most calls have nothing to look at.

    In `asked` is put, for short texts with digits, what the text before asks for: "Your phone number?", and then "4155552671".
    """
    for run in _runs(conversation):
        before = run[0].text if run else ""
        for place in range(1, len(run)):
            behind = run[place].text
            if _has_sign(before[-_NEAR:], behind[:_NEAR]) and _may_cross(run, place - 1):
                _join(run[place - 1 :], find)
                behind = run[place].text
                yield
            if (
                len(behind) <= _MAX_ANSWER
                and not _DIGITS.isdisjoint(behind)
                and _ASKS.search(before[-_BEFORE:])
            ):
                asked[behind] = before[-_BEFORE:].rstrip(" ?.!:\n") + ": "
            before = behind


def _runs(conversation: Conversation) -> Iterator[list[_Slot]]:
    """Texts that are read one right after another: nothing but marks of the cache stands between."""
    system = conversation.system or []
    yield [_Slot(block, system) for block in system if block.text is not None]
    run: list[_Slot] = []
    for message in conversation.messages:
        content = message.content
        for block in content:
            if block.text is not None:
                run.append(_Slot(block, content))
            elif block.tool_result is not None:
                parts = block.tool_result.content
                run += [_Slot(part, parts) for part in parts if part.text is not None]
            elif block.cache_point is None:
                yield run
                run = []
    yield run


def _has_sign(tail: str, head: str) -> bool:
    """Whether there is anything at either end that values have: most texts end in words, and most begin with them."""
    if head[:1] in (".", "[", "(", "_", "-") or (len(head) < _NEAR and " " not in head):
        return True
    return not (_SIGNS.isdisjoint(tail) and _SIGNS.isdisjoint(head)) or tail.rstrip("])} ").lower().endswith(
        _WORDS
    )


def _may_cross(run: list[_Slot], place: int) -> bool:
    """Whether a value could begin in one and end in the next: a cheap look at the words on both sides."""
    before, behind = run[place], run[place + 1]
    following = behind.text[:_BEHIND]
    for slot in run[place + 2 : place + 2 + _MAX_PIECES]:  # a word may be cut more than once
        if len(following.split(None, 1)) != 1 or len(following) >= _BEHIND:
            break
        following += slot.text[:_BEHIND]
    tail, head = before.text[-_BEFORE:].split(), following.split(None, 1)
    if not tail or not head:
        return False
    last, first = tail[-1], head[0]
    if _AT.search(last) is not None or _AT.search(first) is not None:
        return True
    if _DIGIT.search(first) is not None:
        return _DIGIT.search(last) is not None
    # An address goes on in words: "12 Elm" and "Street".
    return (
        before.among is behind.among
        and last[-1] not in _PARTING
        and any(_DIGIT.search(word) for word in tail[-3:])
    )


def _join(run: list[_Slot], find: Find) -> None:
    first, rest = run[0], run[1:]
    tail = first.text[-_BEFORE:]
    for between in ("", " "):
        head = between
        for slot in rest:
            head += slot.text
            if len(head) >= _BEHIND:
                break
        window = tail + head[:_BEHIND]
        for start, end in find(window):
            if start < len(tail) and end > len(tail) + len(between):
                _move(first, rest, window[start:end], end - len(tail) - len(between), between, find)
                return


def _move(first: _Slot, rest: list[_Slot], value: str, count: int, between: str, find: Find) -> None:
    """Puts the next `count` characters behind the first text, and takes them out of those that they stood in."""
    whole = between
    for slot in rest:
        if count <= 0:
            break
        taken, left = slot.text[:count], slot.text[count:]
        count -= len(taken)
        whole += taken
        if left.strip():
            slot.holder.text = left
        elif len(slot.among) > 1:
            slot.holder.text = ""
            slot.among[:] = [each for each in slot.among if each is not slot.holder]
        else:  # a message must have something: the value once more, which one placeholder stands for, too
            slot.holder.text = value if any(find(value)) else "…"
    first.holder.text = first.text + whole
