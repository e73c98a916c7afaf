"""PURE: what APIs of providers beside Bedrock do not take of a request that fits the model.

Sources: the OpenAI API reference, "Create chat completion"; Anthropic API docs, Messages; Perplexity API docs, Chat completions.
"""

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from gateway.conversation import Block, InputSchema, Json, Tool, ToolConfig
from gateway.refusals import Refusal
from gateway.wire.fit.work import Work

_MAX_STOPS = 4
"""Source: the OpenAI API reference, `stop`."""
_MAX_TOOLS = 128
"""Source: the OpenAI API reference, `tools`."""
_VALUES = frozenset({"enum", "const", "default", "examples"})
_TEXTS = frozenset({"txt", "md", "csv", "html"})
_FIELDS = {"anthropic": frozenset({"thinking", "top_k", "tool_choice", "anthropic_beta"})}
_CHAT_FIELDS = frozenset({"reasoning_effort", "tool_choice"})


def mend_direct(work: Work) -> None:
    """Refuses by name what has no word there, and says what is left out."""
    _check_blocks(work)
    _drop_fields(work)
    if work.capability.provider != "anthropic":
        _check_stops(work)
        _mend_reasoning(work)
        _mend_tools(work)


def _check_blocks(work: Work) -> None:
    for told in work.conversation.system or ():
        if told.guard_content is not None:
            raise _no_word(work, work.member("system"), "guardContent")
    for message in work.conversation.messages:
        for block in message.content:
            for kind, medium in _media(block):
                if (what := _untakeable(kind, medium)) is not None:
                    raise _no_word(work, work.where(block), what)
                is_pdf = kind == "document" and medium.get("format") == "pdf"
                if is_pdf and block.tool_result is not None and work.capability.provider != "anthropic":
                    raise _no_word(work, work.where(block), "PDF in the result of a tool")


def _media(block: Block) -> Iterator[tuple[str, Json]]:
    parts = [block, *(block.tool_result.content if block.tool_result is not None else ())]
    for part in parts:
        for kind in ("image", "document", "video", "audio", "guard_content"):
            found = getattr(part, kind, None)
            if found is not None:
                yield kind, found


def _untakeable(kind: str, medium: Json) -> str | None:
    """What a medium is called that can't be sent on; None for one that can."""
    if kind == "guard_content":
        return "guardContent"
    source = medium.get("source")
    given = source if isinstance(source, dict) else {}
    has_bytes = isinstance(given.get("bytes"), str)
    if kind == "document":
        if isinstance(given.get("text"), str) or isinstance(given.get("content"), list):
            return None
        form = str(medium.get("format"))
        return (
            None
            if has_bytes and (form == "pdf" or form in _TEXTS)
            else f"document of the format '{form[:20]}'"
        )
    return None if kind == "image" and has_bytes else f"{kind} that is elsewhere"


def _no_word(work: Work, where: str, what: str) -> Refusal:
    return work.refusal(
        where,
        f"the provider of {work.capability.model_id} takes no {what}. Leave it out, or choose another model.",
    )


def _drop_fields(work: Work) -> None:
    fields = work.conversation.additional_model_request_fields
    if fields is None:
        return
    known = _FIELDS.get(work.capability.provider, _CHAT_FIELDS)
    foreign = sorted(fields.keys() - known)
    for name in foreign:
        if fields[name] != {"type": "disabled"}:  # thinking, of models that do not think
            work.say(f"{work.member('fields')}{name}", "dropped")
    if foreign:
        kept = {name: value for name, value in fields.items() if name in known}
        work.change(additional_model_request_fields=kept or None)


def _check_stops(work: Work) -> None:
    config = work.conversation.inference_config
    if config is not None and len(config.stop_sequences or ()) > _MAX_STOPS:
        member = work.member("stop")
        raise work.refusal(member, f"the model's provider takes up to {_MAX_STOPS} stop sequences.")


def _mend_reasoning(work: Work) -> None:
    """With tools, some models must be told not to reason (BerriAI/litellm#34569, livekit/agents#7169); and others never reason."""
    given = work.conversation.additional_model_request_fields or {}
    if "reasoning_effort" in given and not work.capability.efforts:
        work.say(work.member("reasoning_effort"), "dropped")
        kept = {name: value for name, value in given.items() if name != "reasoning_effort"}
        work.change(additional_model_request_fields=kept or None)
    if work.capability.reasons_with_tools or work.conversation.tool_config is None:
        return
    fields: Json = dict(work.conversation.additional_model_request_fields or {})
    effort = (work.conversation.output_config or {}).get("effort")
    if (asked := fields.get("reasoning_effort") or effort) == "none":
        return
    if asked is not None:
        work.say(work.member("reasoning_effort"), "taken", "none")
    fields["reasoning_effort"] = "none"
    work.change(additional_model_request_fields=fields)


def _mend_tools(work: Work) -> None:
    """Says of what the items of arrays are, without which OpenAI takes no schema (microsoft/vscode#248810): of anything."""
    config = work.conversation.tool_config
    if config is None:
        return
    member, tools, number = work.member("tools"), [], -1
    for tool in config.tools:
        spec = tool.tool_spec
        if spec is None:
            tools.append(tool)
            continue
        number += 1
        schema = with_items(spec.input_schema.json)
        if schema is not spec.input_schema.json:
            work.say(f"{member}[{number}]", "adapted")
            tool = Tool(tool_spec=replace(spec, input_schema=InputSchema(json=schema)))
        tools.append(tool)
    if number >= _MAX_TOOLS:
        raise work.refusal(member, f"the model's provider takes up to {_MAX_TOOLS} tools.")
    if any(new is not old for new, old in zip(tools, config.tools, strict=True)):
        work.change(tool_config=ToolConfig(tools=tools, tool_choice=config.tool_choice))


def with_items(schema: Any) -> Any:
    """A schema whose arrays all have items; the same object where they have."""
    if isinstance(schema, list):
        several = [with_items(each) for each in schema]
        return several if any(new is not old for new, old in zip(several, schema, strict=True)) else schema
    if not isinstance(schema, dict):
        return schema
    made = {name: with_items(value) if name not in _VALUES else value for name, value in schema.items()}
    kinds = schema.get("type")
    if "items" not in schema and (kinds == "array" or (isinstance(kinds, list) and "array" in kinds)):
        return {**made, "items": {}}
    return made if any(made[name] is not schema[name] for name in schema) else schema
