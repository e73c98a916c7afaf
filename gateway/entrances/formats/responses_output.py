"""PURE: the events of a reply as the output items of OpenAI's Responses, and as the steps of their streams.

Source: the types of the `openai` SDK (`ResponseOutputItem`, `ResponseStreamEvent`). An item is added before anything of it
comes, and is done when the next one begins.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import orjson

from gateway.conversation import Json
from gateway.entrances.formats.responses_tools import Offered, Toolbox
from gateway.entrances.formats.told import Annotations, Teller
from gateway.events import BlockStop, Event, Finished, ReasoningDelta, TextDelta, ToolDelta, ToolStart
from gateway.outbound.stop_reasons import words_of
from gateway.wire.sealed_reasoning import sealed_reasoning

_REFUSED = "A rule for answers, or a guardrail, ended the answer."
_PREFIXES = {
    "message": "msg", "reasoning": "rs", "function_call": "fc", "custom_tool_call": "ctc", "local_shell_call": "lsh",
    "shell_call": "sh", "apply_patch_call": "apc",
}  # fmt: skip
_TYPES = {
    "function": "function_call", "custom": "custom_tool_call", "local_shell": "local_shell_call", "shell": "shell_call",
    "apply_patch": "apply_patch_call",
}  # fmt: skip


def item_id(kind: str, call_id: UUID, number: int) -> str:
    """The id of a response's output item: the call's, and which one it is."""
    return f"{_PREFIXES[kind]}_{call_id.hex}{number:04x}"


class Output:
    """The output of one response. `steps` are the events of its stream, without their numbers; `items` what is done."""

    def __init__(self, call_id: UUID, box: Toolbox, *, shows_reasoning: bool) -> None:
        self.items: list[Json] = []
        self.reasoning_characters = self.characters = 0
        self._call_id = call_id
        self._box = box
        self._shows_reasoning = shows_reasoning
        self._teller = Teller()
        self._item: Json = {}
        self._index = -1
        """Of the model's block that the open item is of."""
        self._texts: list[str] = []
        self._signature = self._data = ""
        self._annotations: list[Json] = []
        self._text_length = self._told_before = 0
        """Characters of answer before the open message: annotations count from its own beginning."""
        self._offered: Offered | None = None

    @property
    def place(self) -> Json:
        """Which item is open, as every event of its stream says it."""
        return {"item_id": self._item["id"], "output_index": len(self.items)}

    @property
    def is_in_message(self) -> bool:
        """Whether text goes on in the item that is open."""
        return self._item.get("type") == "message"

    def add_text(self, text: str, index: int) -> None:
        """Text of the message that is open."""
        self._teller.pass_text(TextDelta(index, text))
        self._note(text)

    def _note(self, text: str) -> None:
        self.characters += len(text)
        self._text_length += len(text)
        self._texts.append(text)

    def steps(self, event: Event) -> Iterator[Json]:
        """The events that follow from one of a reply."""
        for told in self._teller.feed(event):
            yield from self._steps(told)

    def _steps(self, event: Event) -> Iterator[Json]:
        match event:
            case TextDelta(_, text) if text:
                yield from self._text(text)
            case ReasoningDelta(index):
                yield from self._reasoning(event, index)
            case ToolStart(index, use_id, name):
                yield from self._tool(index, use_id, name)
            case ToolDelta(index, arguments) if arguments and index == self._index and self._item:
                self.characters += len(arguments)
                self._texts.append(arguments)
                if self._item["type"] == "function_call":
                    yield {"type": "response.function_call_arguments.delta", **self.place, "delta": arguments}
            case Annotations(_, found):
                yield from self._cited(found)
            case BlockStop(index) if index == self._index and not self.is_in_message:
                yield from self.close()
            case Finished():
                yield from self._end(event)

    def _open(self, item: Json, index: int) -> Iterator[Json]:
        yield from self.close()
        self._item = {"id": item_id(item["type"], self._call_id, len(self.items))} | item
        self._index = index
        if item["type"] in ("message", "reasoning", "function_call", "custom_tool_call"):
            yield self._added()

    def _added(self) -> Json:
        return {
            "type": "response.output_item.added",
            "output_index": len(self.items),
            "item": dict(self._item),
        }

    def _text(self, text: str) -> Iterator[Json]:
        if not self.is_in_message:
            yield from self._message({"type": "output_text", "text": "", "annotations": [], "logprobs": []})
        self._note(text)
        yield {
            "type": "response.output_text.delta", **self.place, "content_index": 0, "delta": text, "logprobs": []
        }  # fmt: skip

    def _message(self, part: Json) -> Iterator[Json]:
        self._told_before = self._text_length
        yield from self._open(
            {"type": "message", "status": "in_progress", "role": "assistant", "content": []}, -1
        )
        yield {"type": "response.content_part.added", **self.place, "content_index": 0, "part": part}

    def _cited(self, found: list[Json]) -> Iterator[Json]:
        if not self.is_in_message:
            return
        for each in found:
            cited = dict(each["url_citation"])
            for end in ("start_index", "end_index"):
                cited[end] = max(0, cited[end] - self._told_before)
            annotation = {"type": "url_citation", **cited}
            yield {
                "type": "response.output_text.annotation.added", **self.place, "content_index": 0,
                "annotation_index": len(self._annotations), "annotation": annotation,
            }  # fmt: skip
            self._annotations.append(annotation)

    def _reasoning(self, event: ReasoningDelta, index: int) -> Iterator[Json]:
        if self._item.get("type") != "reasoning" or self._index != index:
            if not (event.text or event.signature or event.data):
                return
            yield from self._open({"type": "reasoning", "summary": [], "status": "in_progress"}, index)
        if event.text:
            self.reasoning_characters += len(event.text)
            if self._shows_reasoning:
                if not self._texts:
                    yield {
                        "type": "response.reasoning_summary_part.added", **self.place, "summary_index": 0,
                        "part": {"type": "summary_text", "text": ""},
                    }  # fmt: skip
                yield {
                    "type": "response.reasoning_summary_text.delta", **self.place, "summary_index": 0,
                    "delta": event.text,
                }  # fmt: skip
            self._texts.append(event.text)
        self._signature += event.signature
        self._data += event.data

    def _tool(self, index: int, use_id: str, name: str) -> Iterator[Json]:
        offered = self._box.offered.get(name)
        kind = offered.kind if offered is not None else "function"
        item: Json = {"type": _TYPES[kind], "status": "in_progress", "call_id": use_id}
        if kind in ("function", "custom"):
            item["name"] = name if offered is None else offered.name
            item["arguments" if kind == "function" else "input"] = ""
            if offered is not None and offered.namespace:
                item["namespace"] = offered.namespace
        yield from self._open(item, index)
        self._offered = offered

    def close(self, *, is_cut: bool = False) -> Iterator[Json]:
        """Ends the item that is open, whole, or cut off where the answer was."""
        if not self._item:
            return
        kind, text = self._item["type"], "".join(self._texts)
        self._item["status"] = "incomplete" if is_cut else "completed"
        yield from getattr(self, f"_close_{kind}")(text)
        yield {"type": "response.output_item.done", "output_index": len(self.items), "item": self._item}
        self.items.append(self._item)
        self._item, self._texts, self._annotations, self._index = {}, [], [], -1
        self._signature = self._data = ""

    def _close_message(self, text: str) -> Iterator[Json]:
        part = {"type": "output_text", "text": text, "annotations": self._annotations, "logprobs": []}
        yield {
            "type": "response.output_text.done", **self.place, "content_index": 0, "text": text, "logprobs": []
        }  # fmt: skip
        yield {"type": "response.content_part.done", **self.place, "content_index": 0, "part": part}
        self._item["content"] = [part]

    def _close_reasoning(self, text: str) -> Iterator[Json]:
        if text and self._shows_reasoning:
            part = {"type": "summary_text", "text": text}
            yield {
                "type": "response.reasoning_summary_text.done", **self.place, "summary_index": 0, "text": text
            }  # fmt: skip
            yield {
                "type": "response.reasoning_summary_part.done", **self.place, "summary_index": 0, "part": part
            }  # fmt: skip
            self._item["summary"] = [part]
        self._item["encrypted_content"] = sealed_reasoning(
            text=text, signature=self._signature, data=self._data
        )

    def _close_function_call(self, text: str) -> Iterator[Json]:
        self._item["arguments"] = text
        yield {
            "type": "response.function_call_arguments.done", **self.place, "name": self._item["name"],
            "arguments": text,
        }  # fmt: skip

    def _close_custom_tool_call(self, text: str) -> Iterator[Json]:
        given = _object(text).get("input", text)
        written = given if isinstance(given, str) else orjson.dumps(given).decode()
        self._item["input"] = written
        if written:
            yield {"type": "response.custom_tool_call_input.delta", **self.place, "delta": written}
        yield {"type": "response.custom_tool_call_input.done", **self.place, "input": written}

    def _close_local_shell_call(self, text: str) -> Iterator[Json]:
        self._item["action"] = {"type": "exec", "command": [], "env": {}} | _object(text)
        yield self._added()

    def _close_shell_call(self, text: str) -> Iterator[Json]:
        usual: Json = {"commands": [], "timeout_ms": None, "max_output_length": None}
        self._item["action"] = usual | _object(text)
        yield self._added()

    def _close_apply_patch_call(self, text: str) -> Iterator[Json]:
        self._item["operation"] = _object(text).get("operation") or {}
        yield self._added()

    def _end(self, finished: Finished) -> Iterator[Json]:
        """The rest; and a refusal in words, where a filter left nothing of the answer."""
        reason = words_of(finished.stop_reason).openai
        yield from self.close(is_cut=reason in ("length", "content_filter"))
        if reason == "content_filter" and not any(item["type"] == "message" for item in self.items):
            yield from self._message({"type": "refusal", "refusal": ""})
            for kind, member in (("delta", "delta"), ("done", "refusal")):
                yield {"type": f"response.refusal.{kind}", **self.place, "content_index": 0, member: _REFUSED}
            part = {"type": "refusal", "refusal": _REFUSED}
            yield {"type": "response.content_part.done", **self.place, "content_index": 0, "part": part}
            self._item |= {"status": "completed", "content": [part]}
            yield {"type": "response.output_item.done", "output_index": len(self.items), "item": self._item}
            self.items.append(self._item)
            self._item = {}


def _object(text: str) -> dict[str, Any]:
    """Arguments as an object; nothing of those that were cut off."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
