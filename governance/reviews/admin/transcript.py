"""PURE: a conversation in Converse's shape as turns to read, with placeholders marked."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

_PLACEHOLDER = re.compile(r"<[A-Z][A-Z0-9_]*_[0-9a-f]{4,}>")
_NAMES = {
    "image": "Image",
    "document": "Document",
    "video": "Video",
    "audio": "Audio",
    "cachePoint": "Cache point",
    "guardContent": "Guarded content",
    "citationsContent": "Citations",
    "searchResult": "Search result",
}


@dataclass(frozen=True, slots=True)
class TranscriptPiece:
    """A stretch of text, either plain or one placeholder."""

    text: str
    is_placeholder: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptPart:
    """One block of content: `kind` is text, code or note."""

    kind: str
    pieces: Sequence[TranscriptPiece]
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptTurn:
    """What one side said at once."""

    role: str
    parts: Sequence[TranscriptPart]


def transcript_of(request: dict[str, Any], answer: Iterable[Any]) -> list[TranscriptTurn]:
    """The system prompt, the messages and the answer, in order."""
    turns = [
        TranscriptTurn(role=role, parts=_parts(blocks))
        for role, blocks in [
            ("system", request.get("system")),
            *((str(each.get("role", "")), each.get("content")) for each in _dicts(request.get("messages"))),
            ("answer", list(answer)),
        ]
    ]
    return [turn for turn in turns if turn.parts]


def pieces_of(text: str) -> list[TranscriptPiece]:
    """A text cut at its placeholders."""
    pieces: list[TranscriptPiece] = []
    end = 0
    for match in _PLACEHOLDER.finditer(text):
        if match.start() > end:
            pieces.append(TranscriptPiece(text[end : match.start()], False))
        pieces.append(TranscriptPiece(match.group(), True))
        end = match.end()
    if end < len(text):
        pieces.append(TranscriptPiece(text[end:], False))
    return pieces


def _parts(blocks: Any) -> list[TranscriptPart]:
    if isinstance(blocks, str):
        blocks = [{"text": blocks}]
    return [part for block in _dicts(blocks) if (part := _part(block)) is not None]


def _part(block: dict[str, Any]) -> TranscriptPart | None:
    if isinstance(block.get("text"), str):
        return TranscriptPart(kind="text", pieces=pieces_of(block["text"]))
    if isinstance(cited := block.get("citationsContent"), dict):
        text = "".join(str(each.get("text", "")) for each in _dicts(cited.get("content")))
        titles = dict.fromkeys(
            str(each.get("title") or each.get("source") or "") for each in _dicts(cited.get("citations"))
        )
        named = ", ".join(filter(None, titles))
        return TranscriptPart(kind="text", title=f"Cites {named}" if named else "", pieces=pieces_of(text))
    if isinstance(use := block.get("toolUse"), dict):
        arguments = use.get("input")
        text = arguments if isinstance(arguments, str) else _json(arguments)
        return TranscriptPart(
            kind="code", title=f"Calls the tool {use.get('name', '')}", pieces=pieces_of(text)
        )
    if isinstance(result := block.get("toolResult"), dict):
        texts = [each["text"] if isinstance(each.get("text"), str) else _json(each.get("json", each))
                 for each in _dicts(result.get("content"))]  # fmt: skip
        return TranscriptPart(kind="code", title="The tool answers", pieces=pieces_of("\n".join(texts)))
    if isinstance(reasoning := block.get("reasoningContent"), dict):
        inner = reasoning.get("reasoningText")
        text = inner.get("text", "") if isinstance(inner, dict) else "(hidden by the model)"
        return TranscriptPart(kind="text", title="Reasoning", pieces=pieces_of(str(text)))
    if name := next((label for key, label in _NAMES.items() if key in block), ""):
        return TranscriptPart(kind="note", pieces=[TranscriptPiece(name, False)])
    return _part_of_unknown(block)


def _part_of_unknown(block: dict[str, Any]) -> TranscriptPart | None:
    """A block of a kind that Gatehouse does not know: its name, and the text it has."""
    for name, value in block.items():
        text = value.get("text") if isinstance(value, dict) else None
        return TranscriptPart(
            kind="text",
            title=f"A block of the kind {name}",
            pieces=pieces_of(text if isinstance(text, str) else ""),
        )
    return None


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list | tuple) else []


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
