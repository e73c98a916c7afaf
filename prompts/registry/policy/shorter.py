"""PURE: what of a prompt says nothing more: passages that stand there twice, JSON that is spread out, blanks without end.

What is between a template's marks or in a block of code is never touched, and neither is what differs in anything but blanks.
"""

import json
import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from prompts.registry.policy.document import Document, Example, PromptMessage
from prompts.registry.policy.templates import BadTemplateError, Template

MIN_PASSAGE = 40
"""Characters, without blanks around them, from which a passage that stands there twice is taken for one."""
_SPECIAL = ("{{", "{%", "{#", "```", "~~~")
_FENCED = re.compile(r"^[ \t]*(```|~~~).*?(?:^[ \t]*\1[^\n]*$|\Z)", re.DOTALL | re.MULTILINE)
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_INDENTED = re.compile(r"(?:^(?: {4}|\t)[^\n]*(?:\n|\Z)(?:[ \t]*\n)*)+", re.MULTILINE)
_PASSAGES = re.compile(r"(\n(?:[ \t]*\n)+)")
_JSON_BEGINS = re.compile(r"^ {0,3}(?=[\[{][ \t]*\n)", re.MULTILINE)
_TRAILING = re.compile(r"(?<![ \t])[ \t]+(?=\n)")
_BLANK_LINES = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")
_LONG_BLANKS = re.compile(r"(?<=\S)[ ]{3,}(?=\S)")


@dataclass(frozen=True, slots=True)
class Cut:
    """One thing that was left out: passage, example, history, json or blanks; where, and how it began."""

    kind: str
    where: str
    text: str
    characters: int


@dataclass(frozen=True, slots=True)
class Shortened:
    """The document without it, what was cut, and the tokens saved, as `count` counts them."""

    document: Document
    cuts: tuple[Cut, ...]
    tokens: int


def shortened(document: Document, *, count: Callable[[str], int]) -> Shortened | None:
    """A version that says the same in fewer tokens; None where there is nothing to gain."""
    cuts: list[Cut] = []
    messages = _without_repeated_history(document.messages, cuts)
    seen: dict[str, set[str]] = {}
    shorter: list[PromptMessage] = []
    for message in messages:
        place = document.messages.index(message) + 1
        text = _shorter_text(message.text, f"message {place}", seen.setdefault(message.role, set()), cuts)
        shorter.append(message if text == message.text else PromptMessage(role=message.role, text=text))
    examples = _without_repeated_examples(document.examples, cuts)
    found = msgspec.structs.replace(document, messages=tuple(shorter), examples=examples)
    tokens = count(text_of(document)) - count(text_of(found))
    return Shortened(found, tuple(cuts), tokens) if cuts and tokens > 0 else None


def text_of(document: Document) -> str:
    """All that tokens are counted of."""
    parts = [each.text for each in document.messages]
    return "\n".join([*parts, *(f"{each.user}\n{each.assistant}" for each in document.examples)])


def _shorter_text(text: str, where: str, seen: set[str], cuts: list[Cut]) -> str:
    """A message's text. Left as it is where it is no template that can be read, or would not be the same one after."""
    try:
        before = Template(text)
    except BadTemplateError:
        return text
    own: list[Cut] = []
    found = _without_repeated_passages(text, where, seen, own)
    found = _compact_json(found, where, own)
    found = _without_blanks(found, where, own)
    try:
        after = Template(found)
    except BadTemplateError:
        return text
    if not found.strip() or after.names != before.names or _marks(found) != _marks(text):
        return text
    cuts += own
    return found


def _marks(text: str) -> list[str]:
    return _TEMPLATE.findall(text)


def _protected(text: str, *, indented: bool) -> list[tuple[int, int]]:
    """Where templates' marks and blocks of code are, and what stands within a template's if or for."""
    spans = [match.span() for match in _FENCED.finditer(text)]
    if indented:
        spans += [match.span() for match in _INDENTED.finditer(text)]
    depth, begins = 0, 0
    for match in _TEMPLATE.finditer(text):
        spans.append(match.span())
        word = match.group()[2:].lstrip("-+ ").split(None, 1)[0] if match.group().startswith("{%") else ""
        if word in ("if", "for"):
            depth, begins = depth + 1, begins if depth else match.start()
        elif word in ("endif", "endfor"):
            depth -= 1
            if depth == 0:
                spans.append((begins, match.end()))
    return _merged(spans)


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if found and begin < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found


def _overlaps(spans: list[tuple[int, int]], begin: int, end: int) -> bool:
    """Whether something between two places is protected. Spans are in order, and apart."""
    before = bisect_left(spans, (end,)) - 1
    return before >= 0 and spans[before][1] > begin


def _on_plain(text: str, change: Callable[[str], str]) -> str:
    """What lies between the protected spans, changed."""
    parts: list[str] = []
    at = 0
    for begin, end in _protected(text, indented=True):
        parts += [change(text[at:begin]), text[begin:end]]
        at = end
    return "".join([*parts, change(text[at:])])


def _without_repeated_passages(text: str, where: str, seen: set[str], cuts: list[Cut]) -> str:
    spans = _protected(text, indented=True)
    parts = _PASSAGES.split(text)
    kept: list[str] = []
    at = 0
    for place in range(0, len(parts), 2):
        passage, after = parts[place], parts[place + 1] if place + 1 < len(parts) else ""
        begin, end = at, at + len(passage)
        at = end + len(after)
        key = " ".join(passage.split())
        # The blanks after it must be plain too: a block of code may begin in the middle of them.
        is_plain = len(key) >= MIN_PASSAGE and not _overlaps(spans, begin, end)
        is_plain = is_plain and not (after and _overlaps(spans, end, at - 1))
        if is_plain and key in seen:
            cuts.append(Cut("passage", where, key[:80], len(passage) + len(after)))
            if not after and kept:
                kept[-1] = ""
            continue
        if is_plain:
            seen.add(key)
        kept += [passage, after]
    return "".join(kept)


def _compact_json(text: str, where: str, cuts: list[Cut]) -> str:
    spans = _protected(text, indented=False)
    parts: list[str] = []
    at = 0
    for match in _JSON_BEGINS.finditer(text):
        begin = match.end()
        if begin < at:
            continue
        try:
            value, end = json.JSONDecoder().raw_decode(text, begin)
        except (ValueError, RecursionError):
            continue
        if _overlaps(spans, begin, end):
            continue
        compact = _minified(text[begin:end])
        if len(compact) < end - begin and _same(value, compact):
            cuts.append(Cut("json", where, compact[:80], end - begin - len(compact)))
            parts += [text[at:begin], compact]
            at = end
    return "".join([*parts, text[at:]])


def _minified(text: str) -> str:
    """JSON without blanks outside of its strings; numbers, escapes and order stay as they are written."""
    return "".join(
        part if part.startswith('"') else re.sub(r"\s+", "", part)
        for part in re.split(r'("(?:[^"\\]|\\.)*")', text)
    )


def _same(value: Any, compact: str) -> bool:
    try:
        return bool(json.loads(compact) == value)
    except ValueError:
        return False


def _without_blanks(text: str, where: str, cuts: list[Cut]) -> str:
    found = _on_plain(text, _fewer_blanks)
    if len(text) - len(found) >= 1:
        cuts.append(Cut("blanks", where, "", len(text) - len(found)))
    return found


def _fewer_blanks(text: str) -> str:
    """Without blanks at ends of lines, all but one empty line, and long gaps within lines; tables stay."""
    text = _BLANK_LINES.sub("\n\n", _TRAILING.sub("", text))
    lines = text.split("\n")
    return "\n".join(line if "|" in line or "\t" in line else _LONG_BLANKS.sub(" ", line) for line in lines)


def _without_repeated_examples(examples: tuple[Example, ...], cuts: list[Cut]) -> tuple[Example, ...]:
    seen: set[tuple[str, str]] = set()
    kept: list[Example] = []
    for number, each in enumerate(examples, 1):
        key = (" ".join(each.user.split()), " ".join(each.assistant.split()))
        if key in seen:
            cuts.append(
                Cut("example", f"example {number}", key[0][:80], len(each.user) + len(each.assistant))
            )
        else:
            seen.add(key)
            kept.append(each)
    return tuple(kept)


def _without_repeated_history(
    messages: tuple[PromptMessage, ...], cuts: list[Cut]
) -> tuple[PromptMessage, ...]:
    """A user's turn and its answer that are there already, word for word, are left out together."""
    seen: set[tuple[str, str]] = set()
    kept: list[PromptMessage] = []
    at = 0
    while at < len(messages):
        turn, answer = messages[at], messages[at + 1] if at + 1 < len(messages) else None
        if turn.role == "user" and answer is not None and answer.role == "assistant":
            key = (" ".join(turn.text.split()), " ".join(answer.text.split()))
            if key in seen and not any(mark in turn.text + answer.text for mark in _SPECIAL):
                cuts.append(
                    Cut("history", f"message {at + 1}", key[0][:80], len(turn.text) + len(answer.text))
                )
            else:
                seen.add(key)
                kept += [turn, answer]
            at += 2
        else:
            kept.append(turn)
            at += 1
    return tuple(kept)
