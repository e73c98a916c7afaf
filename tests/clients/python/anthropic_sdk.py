"""anthropic-python, with ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY: Messages."""

import anthropic
from anthropic import Anthropic, beta_tool
from checks import HAIKU, SONNET, WEATHER, check, pdf, png, two_calls, versions
from pydantic import BaseModel

client = Anthropic()
TOOL = {"name": "weather", "input_schema": WEATHER}
QUESTION = [{"role": "user", "content": "How warm is it in Bern?"}]


class City(BaseModel):
    city: str
    degrees: int


@beta_tool
def weather(city: str) -> str:
    """Tells the weather.

    Args:
        city: The city's name.
    """
    return f"12 degrees in {city}"


def text(answer):
    return "".join(block.text for block in answer.content if block.type == "text")


def ask(content="Hello", **members):
    return client.messages.create(
        model=SONNET, max_tokens=1024, messages=[{"role": "user", "content": content}], **members
    )


def stream(**members):
    with client.messages.stream(model=SONNET, max_tokens=4096, messages=QUESTION, **members) as events:
        list(events)
        return events.get_final_message()


def tools():
    first = ask("How warm is it in Bern?", tools=[TOOL])
    use = next(block for block in first.content if block.type == "tool_use")
    result = {"type": "tool_result", "tool_use_id": use.id, "content": "12 degrees"}
    history = [
        *QUESTION,
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": [result]},
    ]
    with_tools = client.messages.create(model=SONNET, max_tokens=99, messages=history, tools=[TOOL])
    without = client.messages.create(model=SONNET, max_tokens=99, messages=history)
    return text(with_tools) and text(without)


def parallel():
    two_calls()
    first = stream(tools=[TOOL])
    uses = [block for block in first.content if block.type == "tool_use"]
    assert [use.input["city"] for use in uses] == ["Bern", "Oslo"]
    results = [{"type": "tool_result", "tool_use_id": use.id, "content": "12 degrees"} for use in uses]
    history = [
        *QUESTION,
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": results},
    ]
    return text(client.messages.create(model=SONNET, max_tokens=99, messages=history, tools=[TOOL]))


def runner():
    two_calls()
    run = client.beta.messages.tool_runner(model=SONNET, max_tokens=1024, tools=[weather], messages=QUESTION)
    return text(run.until_done())


def thinking():
    answer = stream(thinking={"type": "enabled", "budget_tokens": 1024})
    kinds = [block.type for block in answer.content]
    return kinds[0] == "thinking" and kinds[-1] == "text"


def structured():
    answer = client.messages.parse(model=SONNET, max_tokens=999, messages=QUESTION, output_format=City)
    return answer.parsed_output.city


def source(kind, media, data):
    return [
        {"type": "text", "text": "What is it?"},
        {"type": kind, "source": {"type": "base64", "media_type": media, "data": data}},
    ]


def cached():
    system = [{"type": "text", "text": "Rules. " * 2000, "cache_control": {"type": "ephemeral"}}]
    ask(system=system)
    return ask(system=system).usage.cache_read_input_tokens


def not_found():
    try:
        client.messages.create(model="nothing-such", max_tokens=9, messages=QUESTION)
    except anthropic.NotFoundError as error:
        return error.request_id
    return None


def count():
    return client.messages.count_tokens(model=SONNET, messages=QUESTION, tools=[TOOL]).input_tokens


def web_search():
    """Bedrock has none: the answer comes without it, and a header says so."""
    tool = {"type": "web_search_20250305", "name": "web_search"}
    answer = client.messages.with_raw_response.create(
        model=SONNET, max_tokens=99, messages=QUESTION, tools=[tool]
    )
    return "web_search" in answer.headers["x-gatehouse-adjusted"]


versions("anthropic")
check("chat", lambda: text(ask()))
check("stream", lambda: text(stream()))
check("tools", tools)
check("parallel tools", parallel)
check("tool runner", runner)
check("structured", structured)
check("images", lambda: text(ask(source("image", "image/png", png()))))
check("documents", lambda: text(ask(source("document", "application/pdf", pdf()))))
check("reasoning", thinking)
check("caching", cached)
check("errors", not_found)
check("models", lambda: HAIKU in {model.id for model in client.models.list()})
check("counting", count)
check("max_tokens 64000", lambda: text(stream(extra_body={"max_tokens": 64000})))
check("batches", lambda: client.messages.batches.list().data, refused="batches")
check("files", lambda: client.beta.files.list().data, refused="files")
check("web search, left out", web_search)
