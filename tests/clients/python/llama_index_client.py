"""LlamaIndex: `OpenAILike`, `OpenAIResponses`, Anthropic and Bedrock's Converse, alone and in its agent; embeddings by all three wires."""

import asyncio
from functools import partial

from checks import KEY, SONNET, SONNET_ID, TITAN, URL, check, png, two_calls, versions
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.core.tools import FunctionTool
from llama_index.embeddings.bedrock import BedrockEmbedding
from llama_index.embeddings.openai_like import OpenAILikeEmbedding
from llama_index.llms.anthropic import Anthropic
from llama_index.llms.bedrock_converse import BedrockConverse
from llama_index.llms.openai import OpenAIResponses
from llama_index.llms.openai_like import OpenAILike
from pydantic import BaseModel

HELLO = [ChatMessage(role="system", content="Be brief."), ChatMessage(role="user", content="Hello")]


class City(BaseModel):
    """A city."""

    city: str
    degrees: int


def weather(city: str) -> str:
    """Tells the weather."""
    return "12 degrees"


def checks(make, prefix, **thinking):
    """`thinking`: the members by which its users have a model think."""

    def history():
        model = make()
        first = model.chat(HELLO).message
        return model.chat([*HELLO, first, ChatMessage(role="user", content="And now?")]).message.content

    async def streamed():
        return "".join([piece.delta or "" async for piece in await make().astream_chat(HELLO)])

    async def agent():
        two_calls()
        return str(await FunctionAgent(tools=[weather], llm=make(), system_prompt="Be brief.").run("Warm?"))

    async def reasoned():
        return str(await FunctionAgent(tools=[weather], llm=make(**thinking)).run("Warm?"))

    def called():
        two_calls()
        model = make()
        answer = model.chat_with_tools(
            [FunctionTool.from_defaults(weather)], "Warm?", allow_parallel_tool_calls=True
        )
        return len(model.get_tool_calls_from_response(answer)) == 2

    def images():
        blocks = [TextBlock(text="What is it?"), ImageBlock(image=png(), image_mimetype="image/png")]
        return make().chat([ChatMessage(role="user", blocks=blocks)]).message.content

    check(f"{prefix}chat", lambda: make().complete("Hello").text)
    check(f"{prefix}stream", lambda: "".join(piece.delta or "" for piece in make().stream_chat(HELLO)))
    check(f"{prefix}async stream", lambda: asyncio.run(streamed()))
    check(f"{prefix}history", history)
    check(f"{prefix}tools", called)
    check(f"{prefix}reasoning with tools", lambda: asyncio.run(reasoned()))
    check(f"{prefix}agent with parallel tools", lambda: asyncio.run(agent()) == "Bern 12, Oslo 3.")
    check(f"{prefix}structured", lambda: make().as_structured_llm(City).complete("Bern?").raw.city)
    check(f"{prefix}images", images)


def like(**members):
    members = {"is_chat_model": True, "is_function_calling_model": True, **members}
    return OpenAILike(model=SONNET, api_base=f"{URL}/v1", api_key=KEY, **members)


versions(
    "llama-index-core", "llama-index-llms-openai-like", "llama-index-llms-anthropic",
    "llama-index-llms-bedrock-converse",
)  # fmt: skip
THINKING = {"type": "enabled", "budget_tokens": 2000}
checks(like, "", reasoning_effort="low")
check(
    "structured by a schema",
    lambda: like(should_use_structured_outputs=True).as_structured_llm(City).complete("Bern?").raw.city,
)
checks(
    partial(OpenAIResponses, model=SONNET, api_base=f"{URL}/v1", api_key=KEY, context_window=200_000),
    "responses: ",
    reasoning_options={"effort": "low", "summary": "auto"},
)
checks(
    partial(Anthropic, model=SONNET, base_url=URL),
    "anthropic: ",
    thinking_dict=THINKING, temperature=1, max_tokens=4000,
)  # fmt: skip
checks(partial(BedrockConverse, model=SONNET_ID), "bedrock: ", thinking=THINKING, max_tokens=4000)
check("completions", lambda: like(is_chat_model=False).complete("Hello").text)
embed = OpenAILikeEmbedding(model_name="titan-embed-text-v2", api_base=f"{URL}/v1", api_key=KEY)
check("embeddings", lambda: len(embed.get_text_embedding_batch(["a", "b"])) == 2)
check("bedrock: embeddings", lambda: BedrockEmbedding(model_name=TITAN).get_text_embedding("a"))
