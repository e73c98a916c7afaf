"""Documents of any kind, for property tests."""

from hypothesis import strategies as st

from prompts.registry.policy.document import (
    Document,
    Example,
    Knowledge,
    Output,
    Parameters,
    PromptLimits,
    PromptMessage,
    ToolDefinition,
    Variable,
)

ODD = st.sampled_from(
    ["\n", "\n\n", " ", "  lead", "trail  ", "\ta", "a\n  b\n", "\n a", "a: b", "- a", "# a", "{{ x }}", "{% if a %}", "null", "true",
     "3", "1.5", "2024-01-31", "12:30:45", "0o17", "1_000", ".inf", "=", "<<", "~", "*a", "&a", "!!int 3", "'", '"', "|", ">", "---", "...",
     "é", "😀", "\u2028", "\u0085", "\ufeff", "a\r\nb", "\r", "%", "@", "`", "a #b", "x" * 300, "word " * 60, "\x07", "\x7f", "?", ",", "[", "no", "yes"]
)  # fmt: skip
TEXTS = (
    ODD
    | st.lists(ODD, max_size=4).map("".join)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda each: st.lists(each, max_size=3) | st.dictionaries(TEXTS, each, max_size=3),
    max_leaves=5,
)
OBJECTS = st.dictionaries(TEXTS, JSON, max_size=3)
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
VARIABLES = st.builds(
    Variable, name=NAMES, type=st.sampled_from(("string", "number", "integer", "boolean", "array", "object")), description=TEXTS,
    is_required=st.booleans(), default=JSON, example=JSON, schema=OBJECTS, is_personal=st.booleans(),
) | st.builds(Variable, name=NAMES)  # fmt: skip
PARAMETERS = st.builds(
    Parameters, temperature=st.none() | st.floats(0, 1), top_p=st.none() | st.floats(0, 1), stop_sequences=st.lists(TEXTS, max_size=3).map(tuple), extra=OBJECTS
)  # fmt: skip
OUTPUTS = st.builds(
    Output, schema=st.none() | OBJECTS, mode=st.sampled_from(("auto", "native", "tool", "text")), corrections=st.integers(0, 3),
    on_failure=st.sampled_from(("refuse", "fallback")), fallback=JSON, streams_prefix=st.booleans(),
    unsure_when=st.sampled_from(("", "unsure")),
) | st.builds(Output)  # fmt: skip
KNOWLEDGE = st.builds(
    Knowledge, bases=st.lists(NAMES, max_size=2).map(tuple), query=TEXTS, top_k=st.integers(1, 50), floor=st.floats(0, 1),
    max_tokens=st.integers(1, 9999), unsure_below=st.floats(0, 1), unsure_answer=TEXTS,
    when_unsure=st.sampled_from(("answer", "refuse")),
)  # fmt: skip
LIMITS = st.builds(
    PromptLimits, max_input_tokens=st.integers(0, 9999), max_output_tokens=st.integers(0, 9999), too_large=st.sampled_from(("refuse", "summarise")), summary_model=NAMES
)  # fmt: skip


def tuples(each, most: int = 3):
    return st.lists(each, max_size=most).map(tuple)


DOCUMENTS = st.builds(
    Document,
    messages=tuples(
        st.builds(PromptMessage, role=st.sampled_from(("system", "user", "assistant")), text=TEXTS)
    ),
    variables=tuples(VARIABLES),
    examples=tuples(st.builds(Example, user=TEXTS, assistant=TEXTS)),
    model=TEXTS,
    parameters=PARAMETERS,
    tools=tuples(st.builds(ToolDefinition, name=NAMES, description=TEXTS, schema=OBJECTS)),
    tool_choice=TEXTS,
    output=OUTPUTS,
    limits=LIMITS,
    caches_prefix=st.booleans(),
    cache_key=TEXTS,
    privacy=st.none() | OBJECTS,
    context=tuples(NAMES),
    knowledge=KNOWLEDGE,
    takes_messages=st.booleans(),
)
"""Whatever a document may say, whether it could be run or not."""
