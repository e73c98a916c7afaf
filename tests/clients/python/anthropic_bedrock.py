"""anthropic-python's AnthropicBedrock, with ANTHROPIC_BEDROCK_BASE_URL and AWS's variables: InvokeModel."""

from anthropic import AnthropicBedrock
from checks import SONNET_ID, WEATHER, check, png, two_calls, versions

client = AnthropicBedrock()
TOOL = {"name": "weather", "input_schema": WEATHER}
QUESTION = [{"role": "user", "content": "How warm is it in Bern?"}]


def text(answer):
    return "".join(block.text for block in answer.content if block.type == "text")


def ask(content="Hello", **members):
    return client.messages.create(
        model=SONNET_ID, max_tokens=2048, messages=[{"role": "user", "content": content}], **members
    )


def parallel():
    two_calls()
    with client.messages.stream(model=SONNET_ID, max_tokens=999, messages=QUESTION, tools=[TOOL]) as events:
        first = events.get_final_message()
    uses = [block for block in first.content if block.type == "tool_use"]
    results = [{"type": "tool_result", "tool_use_id": use.id, "content": "12 degrees"} for use in uses]
    history = [
        *QUESTION,
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": results},
    ]
    assert len(uses) == 2
    return text(client.messages.create(model=SONNET_ID, max_tokens=99, messages=history, tools=[TOOL]))


def stream():
    with client.messages.stream(model=SONNET_ID, max_tokens=999, messages=QUESTION) as events:
        return "".join(events.text_stream)


def image():
    source = {"type": "base64", "media_type": "image/png", "data": png()}
    return text(ask([{"type": "text", "text": "What?"}, {"type": "image", "source": source}]))


def thinking():
    return ask(thinking={"type": "enabled", "budget_tokens": 1024}).content[0].type == "thinking"


def arn():
    name = f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/{SONNET_ID}"
    return text(client.messages.create(model=name, max_tokens=99, messages=QUESTION))


versions("anthropic")
check("chat", lambda: text(ask()))
check("stream", stream)
check("tools", lambda: ask("Weather?", tools=[TOOL]).stop_reason == "tool_use")
check("parallel tools", parallel)
check("images", image)
check("reasoning", thinking)
check("ARN", arn)
