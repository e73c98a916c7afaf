"""PURE: a reply as the server-sent events of OpenAI's Responses.

Every event has its name as `event`, and in its data as `type`, and a number that rises by one. The first two may be sent
before anything of the answer is there.
"""

import orjson

from gateway.conversation import Json
from gateway.entrances.formats.responses_object import ResponseObject
from gateway.entrances.formats.responses_output import Output
from gateway.events import Event, Finished, TextDelta
from gateway.refusals import Refusal

_KEEP_ALIVE = b": keep-alive\n\n"
_OPENING = ("response.created", "response.in_progress")


class ResponseWriter:
    """Writes the events of one reply."""

    def __init__(self, response: ResponseObject, output: Output) -> None:
        self._response = response
        self._output = output
        self._number = len(_OPENING) - 1

    def start(self) -> bytes:
        """The opening, the same whenever it is asked for."""
        begun = orjson.Fragment(orjson.dumps(self._response.begun()))
        return b"".join(
            _sse({"type": kind, "response": begun, "sequence_number": number})
            for number, kind in enumerate(_OPENING)
        )

    def write(self, event: Event) -> bytes:
        """An event's bytes; empty for what nothing follows from yet."""
        if type(event) is TextDelta and self._output.is_in_message and event.text:
            return self._text(event)
        data = b"".join(map(self._numbered, self._output.steps(event)))
        if isinstance(event, Finished):
            ended = self._response.ended(self._output, event)
            data += self._numbered({"type": f"response.{ended['status']}", "response": ended})
        return data

    def _text(self, event: TextDelta) -> bytes:
        self._output.add_text(event.text, event.index)
        self._number += 1
        return (
            b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","item_id":"%b","output_index":%d,'
            b'"content_index":0,"delta":%b,"logprobs":[],"sequence_number":%d}\n\n'
        ) % (
            self._output.place["item_id"].encode(),
            self._output.place["output_index"],
            orjson.dumps(event.text),
            self._number,
        )

    def error(self, refusal: Refusal) -> bytes:
        """The end of an answer that failed midway, whatever of it was open."""
        data = b"".join(map(self._numbered, self._output.close(is_cut=True)))
        failed = self._response.failed(self._output, refusal)
        return data + self._numbered({"type": "response.failed", "response": failed})

    def keep_alive(self) -> bytes:
        """A comment, which no client reads."""
        return _KEEP_ALIVE

    def _numbered(self, step: Json) -> bytes:
        self._number += 1
        return _sse(step | {"sequence_number": self._number})


def _sse(data: Json) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (data["type"].encode(), orjson.dumps(data))
