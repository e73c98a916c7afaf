"""Frameworks that call by others' SDKs, each with its own way to name a model and an address."""

import asyncio
import os
import sys

from checks import KEY, SONNET, SONNET_ID, TITAN, URL, check, two_calls, versions
from pydantic import BaseModel

MESSAGES = [{"role": "user", "content": "How warm is it in Bern?"}]


class City(BaseModel):
    """A city."""

    city: str
    degrees: int


def litellm():
    import litellm as library

    versions("litellm")
    at_bedrock = {"aws_bedrock_runtime_endpoint": os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"]}
    ways = {
        "openai": (f"openai/{SONNET}", {}),
        "anthropic": (f"anthropic/{SONNET}", {}),
        "converse": (f"bedrock/converse/{SONNET_ID}", at_bedrock),
        "invoke": (f"bedrock/invoke/{SONNET_ID}", at_bedrock),
    }
    for name, (model, more) in ways.items():

        def ask(model=model, more=more, **members):
            return library.completion(model=model, messages=MESSAGES, **more, **members)

        check(f"{name}: chat", lambda ask=ask: ask().choices[0].message.content)
        check(
            f"{name}: stream",
            lambda ask=ask: "".join(c.choices[0].delta.content or "" for c in ask(stream=True)),
        )
        check(
            f"{name}: reasoning",
            lambda ask=ask: ask(reasoning_effort="low").choices[0].message.reasoning_content,
        )
    check("responses", lambda: library.responses(model=f"openai/{SONNET}", input="Hello").output)
    texts = ["a", "b"]
    check(
        "invoke: embeddings",
        lambda: len(library.embedding(model=f"bedrock/{TITAN}", input=texts, **at_bedrock).data) == 2,
    )


def instructor():
    import instructor as library
    from openai import OpenAI

    versions("instructor")
    modes = {"tools": library.Mode.TOOLS, "JSON schema": library.Mode.JSON_SCHEMA, "responses": library.Mode.RESPONSES_TOOLS}  # fmt: skip
    for name, mode in modes.items():
        client = library.from_openai(OpenAI(), mode=mode)
        check(
            name,
            lambda client=client: client.create(model=SONNET, messages=MESSAGES, response_model=City).city,
        )


def dspy():
    import dspy as library

    versions("dspy")
    library.configure(lm=library.LM(f"openai/{SONNET}", api_base=f"{URL}/v1", api_key=KEY, cache=False))
    check(
        "chat",
        lambda: library.LM(f"openai/{SONNET}", api_base=f"{URL}/v1", api_key=KEY, cache=False)("Hello")[0],
    )
    responses = library.LM(f"openai/{SONNET}", model_type="responses", api_base=f"{URL}/v1", api_key=KEY, cache=False)  # fmt: skip
    check("responses", lambda: responses("Hello")[0])


def smolagents():
    from smolagents import LiteLLMModel, OpenAIModel, tool

    @tool
    def weather(city: str) -> str:
        """Tells the weather.

        Args:
            city: The city's name.
        """
        return "12 degrees"

    versions("smolagents")
    asked = [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}]
    for name, model in (
        ("openai", OpenAIModel(SONNET)),
        ("anthropic", LiteLLMModel(f"anthropic/{SONNET}")),
    ):
        check(f"{name}: chat", lambda model=model: model.generate(asked).content)
        check(
            f"{name}: tools",
            lambda model=model: model.generate(asked, tools_to_call_from=[weather]).tool_calls,
        )


def aiobotocore():
    from aiobotocore.session import get_session

    versions("aiobotocore")

    async def converse():
        async with get_session().create_client("bedrock-runtime") as client:
            messages = [{"role": "user", "content": [{"text": "Hello"}]}]
            whole = await client.converse(modelId=SONNET_ID, messages=messages)
            stream = await client.converse_stream(modelId=SONNET_ID, messages=messages)
            kinds = [next(iter(event)) async for event in stream["stream"]]
            return whole["usage"]["totalTokens"] and kinds[-1] == "metadata"

    check("chat, stream", lambda: asyncio.run(converse()))


def strands():
    from strands import Agent, tool
    from strands.models import BedrockModel

    @tool
    def weather(city: str) -> str:
        """Tells the weather."""
        return "12 degrees"

    versions("strands-agents")

    def run():
        two_calls()
        model = BedrockModel(model_id=SONNET_ID)
        return "Bern 12, Oslo 3." in str(Agent(model=model, tools=[weather], callback_handler=None)("Warm?"))

    check("parallel tools", run)


{each.__name__: each for each in (litellm, instructor, dspy, smolagents, aiobotocore, strands)}[sys.argv[1]]()
