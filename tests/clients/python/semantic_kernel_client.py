"""Semantic Kernel: its OpenAI, Anthropic and Bedrock connectors, with functions that it calls by itself; embeddings."""

from asyncio import Runner

from checks import SONNET, SONNET_ID, TITAN, check, png, two_calls, versions
from openai import AsyncOpenAI
from pydantic import BaseModel
from semantic_kernel import Kernel
from semantic_kernel.agents import ChatCompletionAgent, OpenAIResponsesAgent
from semantic_kernel.connectors.ai.anthropic import AnthropicChatCompletion
from semantic_kernel.connectors.ai.bedrock import BedrockChatCompletion, BedrockTextEmbedding
from semantic_kernel.connectors.ai.function_choice_behavior import FunctionChoiceBehavior
from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion, OpenAITextEmbedding
from semantic_kernel.contents import ChatHistory, ChatMessageContent, ImageContent, TextContent
from semantic_kernel.functions import kernel_function

RUN = Runner()  # one loop, since a service keeps its connections
ANSWER = "Bern 12, Oslo 3."
ONE, TWO = ("Bern",), ("Bern", "Oslo")


class City(BaseModel):
    city: str
    degrees: int


class Weather:
    @kernel_function(description="Tells the weather.")
    def weather(self, city: str) -> str:
        return "12 degrees"


def history():
    found = ChatHistory(system_message="Be brief.")
    found.add_user_message("Hello")
    return found


def checks(service, prefix, refused=""):
    """`refused`: what is said where the results of several tools stand in turns of their own (microsoft/semantic-kernel#14073)."""
    settings = service.get_prompt_execution_settings_class()

    async def chat(said, **members):
        return str(await service.get_chat_message_content(said, settings(**members)))

    async def stream(how, **members):
        pieces = service.get_streaming_chat_message_contents(history(), how, **members)
        return "".join([str(piece) async for many in pieces for piece in many])

    async def goes_on():
        said = history()
        said.add_message(await service.get_chat_message_content(said, settings()))
        said.add_user_message("And now?")
        return await chat(said)

    async def tools(cities, streamed):
        two_calls("Weather-weather", cities)
        kernel = Kernel()
        kernel.add_plugin(Weather(), "Weather")
        how = settings(function_choice_behavior=FunctionChoiceBehavior.Auto())
        if streamed:
            return (await stream(how, kernel=kernel)).endswith(ANSWER)
        return str(await service.get_chat_message_content(history(), how, kernel=kernel)) == ANSWER

    async def agent():
        two_calls("Weather-weather", ONE)
        found = ChatCompletionAgent(service=service, instructions="Be brief.", plugins=[Weather()])
        return str(await found.get_response(messages="Warm?")) == ANSWER

    async def images():
        said = ChatHistory()
        picture = ImageContent(data=png(), data_format="base64", mime_type="image/png")
        said.add_message(ChatMessageContent(role="user", items=[TextContent(text="What is it?"), picture]))
        return await chat(said)

    check(f"{prefix}chat", lambda: RUN.run(chat(history())))
    check(f"{prefix}stream", lambda: RUN.run(stream(settings())))
    check(f"{prefix}history", lambda: RUN.run(goes_on()))
    check(f"{prefix}tools", lambda: RUN.run(tools(ONE, False)))
    check(f"{prefix}tools in a stream", lambda: RUN.run(tools(ONE, True)))
    check(f"{prefix}agent", lambda: RUN.run(agent()))
    check(f"{prefix}images", lambda: RUN.run(images()))
    check(f"{prefix}parallel tools", lambda: RUN.run(tools(TWO, False)), refused=refused)


async def structured(service):
    how = service.get_prompt_execution_settings_class()(response_format=City)
    return City.model_validate_json(str(await service.get_chat_message_content(history(), how))).city


async def responses():
    two_calls("Weather-weather")
    agent = OpenAIResponsesAgent(
        ai_model_id=SONNET, client=AsyncOpenAI(), instructions="Be brief.", name="Brief", plugins=[Weather()], store_enabled=False
    )  # fmt: skip
    return str(await agent.get_response(messages="Warm?")) == ANSWER


versions("semantic-kernel")
OPENAI = OpenAIChatCompletion(ai_model_id=SONNET)
checks(OPENAI, "")
check("structured", lambda: RUN.run(structured(OPENAI)))
check("responses: agent, parallel tools", lambda: RUN.run(responses()))
checks(AnthropicChatCompletion(ai_model_id=SONNET), "anthropic: ")
checks(
    BedrockChatCompletion(model_id=SONNET_ID),
    "bedrock: ",
    refused="must alternate between user and assistant",
)


def embeddings(service):
    return len(RUN.run(service.generate_embeddings(["a", "b"]))) == 2


check("embeddings", lambda: embeddings(OpenAITextEmbedding(ai_model_id="titan-embed-text-v2")))
check("bedrock: embeddings", lambda: embeddings(BedrockTextEmbedding(model_id=TITAN)))
