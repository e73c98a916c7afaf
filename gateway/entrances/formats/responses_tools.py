"""PURE: the tools of a Responses request as functions that Converse knows, and which of them a name stands for.

Custom tools and the shells and patches that the caller runs itself are functions with arguments of our own making, turned
back in the answer. Functions in a `namespace` get one name each. Tools that OpenAI itself would run are left out, and said.
Source: the types of the `openai` SDK (`ToolParam`, `NamespaceToolParam`, `CustomToolParam`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from gateway.call.fit import Adjustment
from gateway.call.places import Places
from gateway.conversation import InputSchema, Json, Tool, ToolSpec
from gateway.entrances.formats.responses_request import CacheBreakpoint
from gateway.refusals import Refusal

_PLAIN = re.compile(r"[a-z0-9_.-]{1,60}", re.ASCII)
Kind = Literal["function", "custom", "local_shell", "shell", "apply_patch"]
_TEXT: Json = {"type": "string"}
_NUMBER: Json = {"type": "integer"}
_LINES: Json = {"type": "array", "items": _TEXT}


def _object(required: tuple[str, ...], **properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(required)}


_OWN: dict[str, tuple[str, Json]] = {
    "local_shell": (
        "Runs a command on the user's machine and gives its output.",
        _object(("command",), command=_LINES, working_directory=_TEXT, timeout_ms=_NUMBER),
    ),
    "shell": (
        "Runs commands in a shell on the user's machine and gives their output.",
        _object(("commands",), commands=_LINES, timeout_ms=_NUMBER, max_output_length=_NUMBER),
    ),
    "apply_patch": (
        "Creates, updates or deletes a file. `diff` is in the V4A format, and is left out where a file is deleted.",
        _object(
            ("operation",),
            operation=_object(
                ("type", "path"),
                type={"type": "string", "enum": ["create_file", "update_file", "delete_file"]},
                path=_TEXT,
                diff=_TEXT,
            ),
        ),
    ),
}
"""Tools that the caller runs, by type: what the model is told of each. Source: the SDK's `LocalShellCallAction`,
`ShellCallAction` and `ApplyPatchCallOperation`."""


@dataclass(frozen=True, slots=True)
class Offered:
    """One tool as the model knows it, by `flat`, and as the caller does."""

    flat: str
    kind: Kind
    name: str
    namespace: str | None
    spec: ToolSpec
    point: Json | None = None


@dataclass(slots=True)
class Toolbox:
    """The tools of one request."""

    offered: dict[str, Offered] = field(default_factory=dict)
    echo: list[Json] = field(default_factory=list)
    """As the response tells them back."""
    left_out: set[str] = field(default_factory=set)
    """Types of tools that Bedrock can't run."""

    def add(self, given: list[Any], places: Places, where: str = "tools") -> None:
        """Adds tools of a request. Refusal invalid_request for what is none."""
        for number, tool in enumerate(given):
            place = f"{where}[{number}]"
            if not isinstance(tool, dict) or not isinstance(tool.get("type"), str):
                raise _invalid(place, "a tool is an object with a 'type'.")
            found = list(self._read(tool, place, places))
            for each in found:
                self.offered[each.flat] = each
            if found:
                self.echo.append(_echoed(tool))
            elif tool["type"] != "namespace":
                self.left_out.add(tool["type"])
                shown = tool["type"] if _PLAIN.fullmatch(tool["type"]) else "tool"
                places.adjustments.append(Adjustment(place, "dropped", shown))

    def flat_name(self, name: str, namespace: str | None) -> str:
        """What the model is told for a function's name. The same for a tool that is no longer offered."""
        for each in self.offered.values():
            if (each.name, each.namespace) == (name, namespace):
                return each.flat
        return f"{namespace}__{name}" if namespace else name

    def _read(self, tool: Json, where: str, places: Places) -> Iterator[Offered]:
        kind = tool["type"]
        if kind == "namespace":
            yield from self._namespace(tool, where, places)
        elif kind in ("function", "custom"):
            yield self._named(tool, where, None, "", places)
        elif kind in _OWN and not _is_hosted(tool):
            description, schema = _OWN[kind]
            spec = ToolSpec(name=kind, description=description, input_schema=InputSchema(json=schema))
            yield Offered(kind, kind, kind, None, spec)

    def _namespace(self, tool: Json, where: str, places: Places) -> Iterator[Offered]:
        namespace, inner = tool.get("name"), tool.get("tools")
        if not isinstance(namespace, str) or not namespace or not isinstance(inner, list):
            raise _invalid(where, "a namespace needs a 'name' and 'tools'.")
        description = tool.get("description")
        about = f"Of the group {namespace}: {description}\n\n" if isinstance(description, str) else ""
        for number, each in enumerate(inner):
            place = f"{where}.tools[{number}]"
            if not isinstance(each, dict) or each.get("type") not in ("function", "custom"):
                raise _invalid(place, "a namespace holds functions and custom tools.")
            yield self._named(each, place, namespace, about if number == 0 else "", places)

    def _named(self, tool: Json, where: str, namespace: str | None, about: str, places: Places) -> Offered:
        name, description = tool.get("name"), tool.get("description")
        if not isinstance(name, str) or not name:
            raise _invalid(where, "a tool needs a 'name'.")
        if description is not None and not isinstance(description, str):
            raise _invalid(where, "'description' is a text.")
        for member in ("defer_loading", "output_schema", "async"):
            if tool.get(member):
                places.adjustments.append(Adjustment(f"{where}.{member}", "dropped"))
        is_custom = tool["type"] == "custom"
        schema = _custom_schema(tool, where) if is_custom else _parameters(tool, where)
        flat = self._free(name, namespace)
        spec = ToolSpec(
            name=flat,
            description=f"{about}{description or ''}" or None,
            input_schema=InputSchema(json=schema),
            strict=True if tool.get("strict") is True else None,
        )
        control = tool.get("cache_control") or tool.get("prompt_cache_breakpoint")
        point = CacheBreakpoint(control.get("ttl")).point() if isinstance(control, dict) else None
        return Offered(flat, "custom" if is_custom else "function", name, namespace, spec, point)

    def _free(self, name: str, namespace: str | None) -> str:
        """A name that no other tool has. Signs and lengths that Converse does not take are aliased later."""
        flat = f"{namespace}__{name}" if namespace else name
        if not namespace and flat in self.offered and self.offered[flat].namespace is None:
            return flat  # the caller's own doubling, which is refused by its place
        while flat in self.offered:
            flat += "_"
        return flat

    def tools(self, *, only: set[str] | None = None) -> list[Tool]:
        """Converse's tools, or those of them with these names."""
        found: list[Tool] = []
        for each in self.offered.values():
            if only is None or each.flat in only:
                found.append(Tool(tool_spec=each.spec))
                if each.point is not None:
                    found.append(Tool(cache_point=each.point))
        return found


def _parameters(tool: Json, where: str) -> Json:
    parameters = tool.get("parameters")
    if parameters is None:
        return {"type": "object", "properties": {}}
    if not isinstance(parameters, dict):
        raise _invalid(where, "'parameters' is a JSON schema.")
    return parameters or {"type": "object", "properties": {}}


def _custom_schema(tool: Json, where: str) -> Json:
    """One text. A grammar is told to the model in words: Bedrock can't hold it to one."""
    wanted = tool.get("format")
    grammar = ""
    if isinstance(wanted, dict) and wanted.get("type") == "grammar":
        inner = wanted["grammar"] if isinstance(wanted.get("grammar"), dict) else wanted
        syntax, definition = inner.get("syntax"), inner.get("definition")
        if not isinstance(definition, str) or not isinstance(syntax, str):
            raise _invalid(where, "a grammar needs its 'syntax' and its 'definition'.")
        grammar = f"A text that fits this {syntax} grammar exactly:\n{definition}"
    return _object(
        ("input",), input={"type": "string", "description": grammar or "The tool's input, as it is."}
    )


def _is_hosted(tool: Json) -> bool:
    """Whether the tool is to be run at OpenAI, in a container."""
    environment = tool.get("environment")
    return isinstance(environment, dict) and environment.get("type") not in (None, "local")


def _echoed(tool: Json) -> Json:
    """With the members that OpenAI's own type of a function always has."""
    return {"parameters": None, "strict": None} | tool if tool["type"] == "function" else tool


def _invalid(where: str, message: str) -> Refusal:
    return Refusal("invalid_request", f"{where}: {message}", param=where)
