"""openai-python, with OPENAI_BASE_URL and OPENAI_API_KEY: chat completions, Responses, embeddings."""

import json

import openai
from checks import HAIKU, SONNET, WEATHER, check, pdf, png, two_calls, versions
from openai import OpenAI
from pydantic import BaseModel

client = OpenAI()
CHAT_TOOL = {"type": "function", "function": {"name": "weather", "parameters": WEATHER}}
TOOL = {"type": "function", "name": "weather", "parameters": WEATHER}
QUESTION = [{"role": "user", "content": "How warm is it in Bern?"}]


class City(BaseModel):
    city: str
    degrees: int


def chat():
    answer = client.chat.completions.create(model=SONNET, messages=QUESTION)
    return answer.usage.total_tokens and answer.choices[0].message.content


def stream():
    chunks = list(
        client.chat.completions.create(
            model=SONNET, messages=QUESTION, stream=True, stream_options={"include_usage": True}
        )
    )
    assert chunks[-1].usage.completion_tokens
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def tools():
    messages = list(QUESTION)
    first = client.chat.completions.create(model=SONNET, messages=messages, tools=[CHAT_TOOL]).choices[0]
    call = first.message.tool_calls[0]
    json.loads(call.function.arguments)
    messages += [first.message, {"role": "tool", "tool_call_id": call.id, "content": "12 degrees"}]
    with_tools = client.chat.completions.create(model=SONNET, messages=messages, tools=[CHAT_TOOL])
    without = client.chat.completions.create(model=SONNET, messages=messages)
    return with_tools.choices[0].message.content and without.choices[0].message.content


def parallel():
    two_calls()
    with client.chat.completions.stream(model=SONNET, messages=QUESTION, tools=[CHAT_TOOL]) as events:
        for _ in events:
            pass
        message = events.get_final_completion().choices[0].message
    assert [json.loads(call.function.arguments)["city"] for call in message.tool_calls] == ["Bern", "Oslo"]
    results = [
        {"role": "tool", "tool_call_id": call.id, "content": "12 degrees"} for call in message.tool_calls
    ]
    history = [*QUESTION, message.model_dump(exclude_none=True), *results]
    answer = client.chat.completions.create(model=SONNET, messages=history, tools=[CHAT_TOOL])
    return answer.choices[0].message.content == "Bern 12, Oslo 3."


def structured():
    answer = client.chat.completions.parse(model=SONNET, messages=QUESTION, response_format=City)
    return answer.choices[0].message.parsed.city


def json_mode():
    answer = client.chat.completions.create(
        model=SONNET,
        messages=[{"role": "user", "content": "A city as JSON."}],
        response_format={"type": "json_object"},
    )
    return json.loads(answer.choices[0].message.content)


def content(*parts):
    return [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, *parts]}]


def image():
    part = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{png()}"}}
    return client.chat.completions.create(model=SONNET, messages=content(part)).choices[0].message.content


def document():
    part = {
        "type": "file",
        "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{pdf()}"},
    }
    return client.chat.completions.create(model=SONNET, messages=content(part)).choices[0].message.content


def reasoning():
    answer = client.chat.completions.create(model=SONNET, messages=QUESTION, reasoning_effort="high")
    return answer.choices[0].message.reasoning_content


def embeddings():
    texts = [f"text {number}" for number in range(300)]
    by_tokens = client.embeddings.create(model="titan-embed-text-v2", input=[[6600, 2448, 68, 8510]])
    whole = client.embeddings.create(model="titan-embed-text-v2", input=texts)
    return len(whole.data) == 300 and by_tokens.data[0].embedding


def not_found():
    try:
        client.chat.completions.create(model="nothing-such", messages=QUESTION)
    except openai.NotFoundError as error:
        return error.request_id
    return None


def files():
    made = client.files.create(file=("calls.jsonl", b"{}"), purpose="batch")
    whole = client.files.content(made.id).read()
    listed = [file.id for file in client.files.list(purpose="batch")]
    return whole == b"{}" and made.id in listed and client.files.delete(made.id).deleted


def batches():
    line = {
        "custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {"model": SONNET, "messages": QUESTION, "max_tokens": 20},
    }  # fmt: skip
    file = client.files.create(file=("calls.jsonl", json.dumps(line).encode()), purpose="batch")
    made = client.batches.create(
        completion_window="24h", endpoint="/v1/chat/completions", input_file_id=file.id
    )
    listed = [batch.id for batch in client.batches.list(limit=5)]
    return (
        made.status == "validating"
        and made.id in listed
        and client.batches.cancel(made.id).status == "cancelling"
    )


def responses():
    return client.responses.create(model=SONNET, input="Hello").output_text


def responses_stream():
    with client.responses.stream(model=SONNET, input="Hello", tools=[TOOL]) as events:
        kinds = [event.type for event in events]
    return kinds[0] == "response.created" and kinds[-1] == "response.completed"


def responses_tools():
    two_calls()
    first = client.responses.create(
        model=SONNET,
        input=QUESTION,
        tools=[TOOL],
        store=False,
        include=["reasoning.encrypted_content"],
        reasoning={"effort": "medium", "summary": "auto"},
    )
    calls = [item for item in first.output if item.type == "function_call"]
    assert len(calls) == 2, first.output
    results = [
        {"type": "function_call_output", "call_id": call.call_id, "output": "12 degrees"} for call in calls
    ]
    return client.responses.create(
        model=SONNET, input=[*QUESTION, *first.output, *results], tools=[TOOL]
    ).output_text


def responses_structured():
    return client.responses.parse(model=SONNET, input="Bern?", text_format=City).output_parsed.city


versions("openai")
check("chat", chat)
check("stream", stream)
check("tools", tools)
check("parallel tools", parallel)
check("structured", structured)
check("json mode", json_mode)
check("images", image)
check("documents", document)
check("reasoning", reasoning)
check("embeddings", embeddings)
check("errors", not_found)
check("models", lambda: HAIKU in {model.id for model in client.models.list()})
check("responses", responses)
check("responses: stream", responses_stream)
check("responses: tools", responses_tools)
check("responses: structured", responses_structured)
check(
    "moderations",
    lambda: client.moderations.create(input="Hello").results,
    refused="Moderation is not set up here",
)
check("files", files)
check("batches", batches)
check("audio", lambda: client.audio.speech.create(model="tts-1", voice="alloy", input="x"), refused="audio")
check("image generation", lambda: client.images.generate(model="dall-e-3", prompt="x"), refused="images")
