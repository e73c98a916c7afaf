"""Haystack: its OpenAI, Responses, Anthropic and Amazon Bedrock generators, alone and in its agent."""

from checks import SONNET, SONNET_ID, TITAN, check, png, two_calls, versions
from haystack import Document
from haystack.components.agents import Agent
from haystack.components.embedders import OpenAIDocumentEmbedder, OpenAITextEmbedder
from haystack.components.generators.chat import OpenAIChatGenerator, OpenAIResponsesChatGenerator
from haystack.dataclasses import ChatMessage, ImageContent
from haystack.tools import tool
from haystack_integrations.components.embedders.amazon_bedrock import (
    AmazonBedrockTextEmbedder,
)
from haystack_integrations.components.generators.amazon_bedrock import AmazonBedrockChatGenerator
from haystack_integrations.components.generators.anthropic import AnthropicChatGenerator
from pydantic import BaseModel

HELLO = [ChatMessage.from_system("Be brief."), ChatMessage.from_user("How warm is it in Bern?")]


class City(BaseModel):
    city: str
    degrees: int


@tool
def weather(city: str) -> str:
    """Tells the weather."""
    return "12 degrees"


def checks(maker, model, prefix, thinking):
    """`thinking`: the members by which a generator's users have a model think."""

    def history():
        first = maker(model=model).run(HELLO)["replies"][0]
        return maker(model=model).run([*HELLO, first, ChatMessage.from_user("And now?")])["replies"][0].text

    def streamed():
        pieces = []
        maker(model=model, streaming_callback=lambda chunk: pieces.append(chunk.content)).run(HELLO)
        return len(pieces) > 2 and "".join(filter(None, pieces))

    def tools(**members):
        two_calls()
        agent = Agent(
            chat_generator=maker(model=model), tools=[weather], system_prompt="Be brief.", **members
        )
        return agent.run(HELLO[1:])["last_message"].text == "Bern 12, Oslo 3."

    def reasoned():
        generator = maker(model=model, generation_kwargs=thinking)
        said = Agent(chat_generator=generator, tools=[weather]).run(HELLO[1:])["messages"]
        return len(said) == 4 and said[-1].text

    def images():
        picture = ImageContent(base64_image=png(), mime_type="image/png")
        return maker(model=model).run([ChatMessage.from_user(content_parts=["What is it?", picture])])

    check(f"{prefix}chat", lambda: maker(model=model).run(HELLO)["replies"][0].text)
    check(f"{prefix}stream", streamed)
    check(f"{prefix}history", history)
    check(f"{prefix}parallel tools", tools)
    check(f"{prefix}parallel tools in a stream", lambda: tools(streaming_callback=lambda chunk: None))
    check(f"{prefix}reasoning with tools", reasoned)
    check(f"{prefix}images", images)


def structured(maker, form):
    answer = maker(model=SONNET, generation_kwargs=form).run(HELLO)["replies"][0].text
    return City.model_validate_json(answer)


THINKING = {"type": "enabled", "budget_tokens": 2000}
versions("haystack-ai", "anthropic-haystack", "amazon-bedrock-haystack")
checks(OpenAIChatGenerator, SONNET, "", {"reasoning_effort": "low"})
check("structured", lambda: structured(OpenAIChatGenerator, {"response_format": City}))
checks(
    OpenAIResponsesChatGenerator, SONNET, "responses: ", {"reasoning": {"effort": "low", "summary": "auto"}}
)
check("responses: structured", lambda: structured(OpenAIResponsesChatGenerator, {"text_format": City}))
checks(AnthropicChatGenerator, SONNET, "anthropic: ", {"thinking": THINKING, "max_tokens": 4000})
checks(AmazonBedrockChatGenerator, SONNET_ID, "bedrock: ", {"thinking": THINKING, "maxTokens": 4000})
DOCUMENTS = [Document(content="a"), Document(content="b")]
check("embeddings", lambda: OpenAITextEmbedder(model="titan-embed-text-v2").run("a")["embedding"])
check(
    "embeddings of documents",
    lambda: OpenAIDocumentEmbedder(model="titan-embed-text-v2").run(DOCUMENTS)["documents"][1].embedding,
)
check("bedrock: embeddings", lambda: AmazonBedrockTextEmbedder(model=TITAN).run("a")["embedding"])
