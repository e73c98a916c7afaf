"""Rules of tools, of structured output, and of what a model takes at all."""

import re
from collections import Counter
from typing import Any

import orjson

from embedded.simulator.shapes import mapping
from embedded.simulator.strict.asked import Asked
from embedded.simulator.strict.rule import Found, Rule, found
from embedded.simulator.strict.subset import outside_the_subset


def root_type(asked: Asked) -> Found | None:
    for tool in asked.tools:
        if not isinstance(tool.schema, dict) or tool.schema.get("type") != "object":
            return {"place": tool.place}
    return None


def same_tool(asked: Asked) -> Found | None:
    return found(any(count > 1 for count in Counter(tool.name for tool in asked.tools).values()))


def no_such_tool(asked: Asked) -> Found | None:
    names = {tool.name for tool in asked.tools}
    return found(asked.tool_choice == "tool" and asked.chosen_tool not in names, name=asked.chosen_tool)


def odd_property(asked: Asked) -> Found | None:
    """Only the properties at the top are looked at."""
    for tool in asked.tools if asked.tools and asked.is_claude else ():
        properties = tool.schema.get("properties") if isinstance(tool.schema, dict) else None
        if isinstance(properties, dict) and not all(map(_PROPERTY.fullmatch, properties)):
            return {"place": tool.place}
    return None


def no_tools(asked: Asked) -> Found | None:
    return found(asked.tools and not asked.can.tools)


def no_choice(asked: Asked) -> Found | None:
    choice = asked.tool_choice
    return found(choice in ("auto", "any", "tool") and choice not in asked.can.tool_choices, choice=choice)


def not_taken(asked: Asked) -> Found | None:
    taken = {
        "image": asked.can.images,
        "document": asked.can.documents,
        "video": asked.can.video,
        "audio": asked.can.audio,
    }
    for kind, is_taken in taken.items():
        if not is_taken and asked.of(kind):
            return {"kind": kind}
    return None


def not_taken_in_results(asked: Asked) -> Found | None:
    taken = {
        "image": asked.can.images and asked.can.images_in_results,
        "document": asked.can.documents,
        "video": asked.can.video,
    }
    for kind, is_taken in taken.items():
        if not is_taken and asked.inner(kind):
            return {"kind": kind}
    return None


def asks_for_citations(asked: Asked) -> bool:
    """Whether a document or a search's result is to be cited."""
    return any(
        mapping(mapping(block.value).get("citations")).get("enabled")
        for kind in ("document", "searchResult")
        for block in asked.of(kind)
    )


def no_citations(asked: Asked) -> Found | None:
    return found(not asked.can.citations and asks_for_citations(asked))


def no_structure(asked: Asked) -> Found | None:
    return found(asked.is_claude and asked.has_output_format and not asked.can.structured_output)


def no_structure_of_others(asked: Asked) -> Found | None:
    return found(not asked.is_claude and asked.has_output_format and not asked.can.structured_output)


def no_strict_tools(asked: Asked) -> Found | None:
    strict = next((tool for tool in asked.tools if tool.is_strict), None)
    if strict is None or asked.can.structured_output:
        return None
    return {"place": strict.place}


def structure_outside(asked: Asked) -> Found | None:
    if not asked.has_output_format:
        return None
    wrong = outside_the_subset(_parsed(asked.output_schema))
    return found(wrong is not None, wrong=wrong)


def unreadable_structure(asked: Asked) -> Found | None:
    is_text = isinstance(asked.output_schema, str)
    return found(asked.has_output_format and is_text and not isinstance(_parsed(asked.output_schema), dict))


def strict_outside(asked: Asked) -> Found | None:
    for tool in asked.tools:
        wrong = outside_the_subset(tool.schema) if tool.is_strict else None
        if wrong is not None:
            return {"place": tool.place, "wrong": wrong}
    return None


def structure_with_citations(asked: Asked) -> Found | None:
    return found(asked.has_output_format and asks_for_citations(asked))


def _parsed(schema: Any) -> Any:
    """Converse has the schema as a text, Anthropic's body as it is."""
    try:
        return orjson.loads(schema) if isinstance(schema, str) else schema
    except orjson.JSONDecodeError:
        return None


_PROPERTY = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
_FEATURES = "AWS user guide: Supported models and model features"
_STRUCTURED = "AWS user guide: Structured outputs"
NAMES = (
    Rule(
        "names of tools once",
        "tools: Tool names must be unique.",
        "Anthropic API: Messages",
        same_tool,
        by_model=True,
    ),
    Rule(
        "keys of properties",
        "tools.{place}.custom.input_schema.properties: Property keys should match pattern '^[a-zA-Z0-9_.-]{{1,64}}$'",
        "aws-solutions-library-samples/accelerated-intelligent-document-processing-on-aws#709; decocms/studio#6874",
        odd_property,
        by_model=True,
    ),
)
TOOLS = (
    Rule(
        "type of a tool's input",
        "The value at toolConfig.tools.{place}.toolSpec.inputSchema.json.type must be one of the following: object.",
        "AWS API reference: ToolInputSchema",
        root_type,
    ),
    Rule(
        "chosen tool", "Tool '{name}' not found in provided tools.", "Anthropic API: Messages", no_such_tool
    ),
    *NAMES,
)
TAKES = (
    Rule("no tools", "This model doesn't support tool use.", _FEATURES, no_tools),
    Rule(
        "choices of tools",
        "This model doesn't support the toolConfig.toolChoice.{choice} field. Remove toolConfig.toolChoice.{choice} and try again.",
        "langchain-ai/langchain-aws: ChatBedrockConverse.supports_tool_choice_values",
        no_choice,
    ),
    Rule("media", "This model doesn't support the {kind} field for user messages. Remove {kind} and try again.", "anomalyco/opencode#49443; " + _FEATURES, not_taken),
    Rule(
        "media in results",
        "This model doesn't support the {kind} field in the toolResult field. Remove {kind} and try again.",
        "AWS API reference: ToolResultContentBlock",
        not_taken_in_results,
    ),
    Rule("citations", "This model doesn't support the citations field. Remove citations and try again.", "AWS API reference: CitationsConfig", no_citations),
)  # fmt: skip
STRUCTURE = (
    Rule("schema as JSON", "The value at outputConfig.textFormat.structure.jsonSchema.schema is not valid JSON.", _STRUCTURED, unreadable_structure),
    Rule("no structured output", "output_config.format: Extra inputs are not permitted", "BerriAI/litellm#27846; truefoundry/models#2470", no_structure, by_model=True),
    Rule(
        "no structured output of others",
        "Malformed input request: #: extraneous key [outputConfig] is not permitted, please reformat your input and try again.",
        "langchain-ai/langchain-aws#883",
        no_structure_of_others,
        by_model=True,
    ),
    Rule("no strict tools", "tools.{place}.custom.strict: Extra inputs are not permitted", _STRUCTURED, no_strict_tools, by_model=True),
    Rule("subset of JSON Schema", "output_config.format.schema: {wrong}", "future-agi/future-agi#412; BerriAI/litellm#29624; " + _STRUCTURED, structure_outside, by_model=True),
    Rule("subset of strict tools", "tools.{place}.custom: {wrong}", "567-labs/instructor#2530; " + _STRUCTURED, strict_outside, by_model=True),
    Rule("structure or citations", "output_config.format: Citations are not supported with structured output", "Anthropic API docs: Structured outputs", structure_with_citations, by_model=True),
)  # fmt: skip
