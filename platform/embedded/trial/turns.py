"""Probes of the order of turns, of blank texts, and of who may say what."""

from typing import Any

from embedded.trial.bodies import Body, assistant, body, call, document, image, result, told, tools, user
from embedded.trial.pictures import PNG
from embedded.trial.probe import ANTHROPIC, SHAPES, Probe

_BLANK_SYSTEM: list[Any] = [{"text": " "}]


def _order(name: str, sends: str, asked: Body, simulator: str, gateway: str = "turns", **more: Any) -> Probe:
    return Probe(name, sends, asked, simulator, gateway, **more)


ORDER = (
    _order("assistant first", "a first turn of the assistant", body(assistant("Hi"), user("Say OK.")), "starts with a user"),
    _order("two turns of a user", "two turns of the user in a row", body("Hi", "Say OK."), "roles alternate"),
    _order("turn without content", "a turn with no blocks", body({"role": "user", "content": []}), "content"),
    _order("system among messages", "a message with the role system behind the user's",
           body(user("Say OK."), {**user("Be brief."), "role": "system"}), ""),
    _order("system first", "a message with the role system before the user's",
           body({**user("Be brief."), "role": "system"}, user("Say OK.")), "starts with a user"),
    _order("blank text", "a text of one blank", body(" "), "blank text", "blank_text"),
    _order("empty text", "a text of no characters", body(""), "blank text", "blank_text"),
    _order("blank beside a text", "a blank text before another", body(user("\n", "Say OK.")), "blank text", "blank_text"),
    _order("blank system text", "a system text of one blank", body(system=_BLANK_SYSTEM), "blank text", "blank_text"),
    _order("blank result", "a tool's result of one blank",
           told(user("Look."), assistant(call()), user(result("one", {"text": " "}))), "blank text", "blank_text"),
    _order("call by a user", "a toolUse in a user's turn", told(user("Look.", call())), "calls from assistants only", ""),
    _order("image by the assistant", "an image in the assistant's turn",
           body(user("Hi"), assistant("Here.", image("png", PNG)), user("Say OK.")), "media from users only", "", pages=1),
    _order("document by the assistant", "a document in the assistant's turn",
           body(user("Hi"), assistant("Here.", document()), user("Say OK.")), "media from users only", "", pages=1),
)  # fmt: skip


def _turns(name: str, sends: str, simulator: str, gateway: str, *messages: Body, **more: Any) -> Probe:
    return Probe(name, sends, told(*messages), simulator, gateway, **more)


_LOOK, _CALLED = user("Look."), assistant(call())
_TWO_CALLS = assistant(call("one"), call("two"))
RESULTS = (
    _turns("result", "a call and its result", "results beside other blocks", "results", _LOOK, _CALLED, user(result())),
    _turns("text behind a result", "a result, then a text in its turn", "results beside other blocks", "results",
           _LOOK, _CALLED, user(result(), "Go on."), capability="supports_text_with_results"),
    _turns("text before a result", "a text, then a result in its turn", "results first", "results",
           _LOOK, _CALLED, user("Here:", result()), capability="needs_results_first"),
    _turns("text between results", "result, text, result", "results first", "results",
           _LOOK, _TWO_CALLS, user(result("one"), "and", result("two")), capability="needs_results_first"),
    _turns("results in another order", "two results, the second call's first", "calls are answered", "pairing",
           _LOOK, _TWO_CALLS, user(result("two"), result("one"))),
    _turns("text behind a call", "a text behind a toolUse in the assistant's turn", "no prefill", "call_order",
           _LOOK, assistant(call(), "Looking."), user(result()), capability="supports_prefill"),
    _turns("call without result", "a call, then a text", "calls are answered", "pairing", _LOOK, _CALLED, user("And?")),
    _turns("one of two results", "two calls, one result", "calls are answered", "pairing", _LOOK, _TWO_CALLS, user(result("one"))),
    _turns("call at the end", "a last turn with a call", "calls are answered", "pairing", _LOOK, _CALLED),
    _turns("result without call", "a result in the first turn", "results without calls", "pairing", user(result(), "Look.")),
    _turns("result of another call", "a result with an id that no call has", "calls are answered", "pairing",
           _LOOK, _CALLED, user(result("other"))),
    _turns("result twice", "two results of one call", "results without calls", "pairing", _LOOK, _CALLED, user(result(), result())),
    _turns("result of the assistant's", "a result in the assistant's turn", "results from users only", "pairing",
           _LOOK, assistant(result()), user("And?")),
    _turns("results in two turns", "one result of a call, and again in the next turn", "orphaned result", "pairing",
           _LOOK, _CALLED, user(result()), assistant("Seen."), user(result(), "Again.")),
    _turns("call twice", "two calls with one id", "called twice", "pairing",
           _LOOK, assistant(call(), call()), user(result(), result()), vendors=ANTHROPIC),
    _turns("empty error", "a result with status error and no content", "errors have content", "tool_inputs",
           _LOOK, _CALLED, user({"toolResult": {"toolUseId": "one", "status": "error", "content": []}})),
    _turns("empty result", "a result with no content", "errors have content", "tool_inputs",
           _LOOK, _CALLED, user({"toolResult": {"toolUseId": "one", "content": []}})),
    _turns("list as a result", "a result with json that is a list", "objects", "tool_inputs",
           _LOOK, _CALLED, user(result("one", {"json": [1]}))),
    _turns("text as arguments", "a call whose input is a text", "objects", "tool_inputs",
           _LOOK, assistant(call(value="x")), user(result())),
    _turns("image in a result", "an image in a result", "media in results", "result_images",
           _LOOK, _CALLED, user(result("one", image("png", PNG))), capability="supports_images_in_results", pages=1),
    _turns("document in a result", "a document in a result", "media in results", "documents",
           _LOOK, _CALLED, user(result("one", {"text": "Read."}, document())), capability="supports_documents", pages=1),
    Probe("history without tools", "a call and its result, no toolConfig", body(_LOOK, _CALLED, user(result())),
          "tools are defined", "tool_history"),
    Probe("history of other tools", "a call of a tool that is not defined",
          body(_LOOK, _CALLED, user(result()), toolConfig=tools({"toolSpec": {"name": "go", "inputSchema": {"json": {"type": "object"}}}})),
          "", "tool_history"),
    Probe("id with a bar", "a call with the id call|one",
          told(_LOOK, assistant(call("call|one")), user(result("call|one"))), SHAPES, "tool_ids"),
    Probe("id of 65 characters", "a call with an id of 65 characters",
          told(_LOOK, assistant(call("i" * 65)), user(result("i" * 65))), SHAPES, "tool_ids"),
)  # fmt: skip
