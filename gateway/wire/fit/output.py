"""PURE: how a model is held to a JSON Schema: by its own structured output, by a tool it must use, or by words."""

from typing import Any

import orjson

from gateway.conversation import InputSchema, Json, SystemBlock, Tool, ToolConfig, ToolSpec
from gateway.wire.fit.schemas import into_subset
from gateway.wire.fit.work import Work

ANSWER_TOOL = "answer"
"""The tool that a model must use where its answer is held to a schema by one."""
NATIVE, BY_TOOL, BY_WORDS = "native", "tool", "words"
_ANY_JSON = "Answer with one JSON object and nothing else: no explanation, no code fence."
_OF_SCHEMA = "Answer with one JSON value and nothing else: no explanation, no code fence. It must fit this JSON Schema:\n"
_EXTRA = "The model returned the following errors: output_config.format: Extra inputs are not permitted"
_PREFILLED = "The model returned the following errors: output_config.format: Prefilling is not supported with structured output"
"""Source: Anthropic API docs, Structured outputs: incompatible with citations and prefilling."""
_CITES = "The model returned the following errors: output_config.format: Citations are not supported with structured output"


def asked_schema(output_config: Json | None) -> tuple[Any] | None:
    """The schema that is asked for, in a tuple; of None where it asks for any JSON object. None: no form is asked for."""
    text_format = (output_config or {}).get("textFormat")
    if not isinstance(text_format, dict):
        return None
    if text_format.get("type") == "json_object":
        return (None,)
    definition = (text_format.get("structure") or {}).get("jsonSchema") or {}
    return (orjson.loads(definition.get("schema") or "{}"),)


def mend_output(work: Work, *, avoid_native: bool = False, mode: str = "auto") -> str:
    """Puts the wanted form as the model takes it; how that is, or "" where none is wanted.

    `avoid_native`: this deployment has refused structured output before.
    """
    config = work.conversation.output_config
    wanted = _wanted(work)
    if wanted is None or config is None:
        return ""
    schema = wanted[0]
    member = work.member("format")
    rest = {key: value for key, value in config.items() if key != "textFormat"} or None
    if schema is None:
        work.say(member, "by", BY_WORDS)
        work.change(
            output_config=rest, system=[*(work.conversation.system or ()), SystemBlock(text=_ANY_JSON)]
        )
        return BY_WORDS
    if mode in ("auto", "native") and not avoid_native and _takes_native(work, member):
        narrowed = into_subset(schema)
        if narrowed.is_same or (
            narrowed.told and not work.breaks("schema", member, narrowed.told, narrowed.words)
        ):
            return NATIVE
        if narrowed.schema is not None:
            work.say(member, "adapted")
            given = config["textFormat"]["structure"]["jsonSchema"]
            structure = {"jsonSchema": {**given, "schema": orjson.dumps(narrowed.schema).decode()}}
            work.change(
                output_config={**config, "textFormat": {"type": "json_schema", "structure": structure}}
            )
            return NATIVE
    if mode != "text" and _can_use_tool(work, schema):
        work.say(member, "by", BY_TOOL)
        spec = ToolSpec(
            name=ANSWER_TOOL, description="Gives the answer.", input_schema=InputSchema(json=schema)
        )
        tools = ToolConfig(tools=[Tool(tool_spec=spec)], tool_choice={"tool": {"name": ANSWER_TOOL}})
        work.change(output_config=rest, tool_config=tools)
        return BY_TOOL
    work.say(member, "by", BY_WORDS)
    instruction = SystemBlock(text=_OF_SCHEMA + orjson.dumps(schema).decode())
    work.change(output_config=rest, system=[*(work.conversation.system or ()), instruction])
    return BY_WORDS


def _wanted(work: Work) -> tuple[Any] | None:
    try:
        return asked_schema(work.conversation.output_config)
    except (orjson.JSONDecodeError, RecursionError) as error:
        words = "The value at outputConfig.textFormat.structure.jsonSchema.schema is not valid JSON."
        raise work.refusal(work.member("format"), "the schema is not valid JSON.", words) from error


def _takes_native(work: Work, member: str) -> bool:
    if work.capability.supports_structured_output and _is_begun(work):
        told = "an answer that is begun for the model can't be had with a schema. End with a user message."
        return not work.breaks("structured_output", member, told, _PREFILLED)
    if work.capability.supports_structured_output:
        told = "citations can't be had with a schema. Leave one of them out."
        return not _cites(work) or not work.breaks("structured_output", member, told, _CITES)
    return not work.breaks(
        "structured_output", member, f"the model {work.capability.model_id} has no structured output. Leave '{member}' out.", _EXTRA
    )  # fmt: skip


def _is_begun(work: Work) -> bool:
    """Whether the conversation ends with the beginning of the answer, where the model goes on from one."""
    messages = work.conversation.messages
    return work.capability.supports_prefill and bool(messages) and messages[-1].role == "assistant"


def _cites(work: Work) -> bool:
    """Whether a document or a search's result asks for citations."""
    return any(
        isinstance(asked := source.get("citations"), dict) and asked.get("enabled")
        for message in work.conversation.messages
        for block in message.content
        if (source := block.document or block.search_result) is not None
    )


def _can_use_tool(work: Work, schema: Any) -> bool:
    """Whether a tool can stand for the form: the model can be made to use it, and the caller has none of its own."""
    return (
        isinstance(schema, dict)
        and schema.get("type") == "object"
        and work.capability.supports_tools
        and "tool" in work.capability.tool_choices
        and work.conversation.tool_config is None
        and not work.thinks
        and not _is_begun(work)
    )
