"""LangChain's three packages, with their own variables."""

import sys

from checks import SONNET, SONNET_ID, TITAN, check, simulated, two_calls, versions
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from pydantic import BaseModel


class City(BaseModel):
    """A city."""

    city: str
    degrees: int


@tool
def weather(city: str) -> str:
    """Tells the weather."""
    return "12 degrees"


QUESTION = HumanMessage("How warm is it in Bern?")


def checks(model, *, prefix=""):
    def parallel():
        two_calls()
        first = model.bind_tools([weather]).invoke([QUESTION])
        assert len(first.tool_calls) == 2
        results = [ToolMessage("12 degrees", tool_call_id=call["id"]) for call in first.tool_calls]
        history = [QUESTION, first, *results]
        return model.bind_tools([weather]).invoke(history).content and model.invoke(history).content

    def tools():
        pieces = list(model.bind_tools([weather]).stream([QUESTION]))
        whole = pieces[0]
        for piece in pieces[1:]:
            whole += piece
        return whole.tool_calls[0]["name"] == "weather"

    history = [SystemMessage("Be brief."), QUESTION, AIMessage("12 degrees."), HumanMessage("And in Oslo?")]
    check(f"{prefix}chat", lambda: model.invoke("Hello").usage_metadata["output_tokens"])
    check(f"{prefix}stream", lambda: "".join(str(piece.content) for piece in model.stream("Hello")))
    check(f"{prefix}history", lambda: model.invoke(history).content)
    check(f"{prefix}tools", tools)
    check(f"{prefix}parallel tools", parallel)
    check(f"{prefix}structured", lambda: model.with_structured_output(City).invoke("How warm is Bern?").city)


def welcomed(model):
    return model.invoke([AIMessage("Welcome!"), HumanMessage("Hello")]).content


def openai():
    from langchain_openai import ChatOpenAI, OpenAIEmbeddings

    model = ChatOpenAI(model=SONNET)

    def json_mode():
        simulated({"text": '{"city": "Bern", "degrees": 12}'})
        asked = model.with_structured_output(City, method="json_mode")
        return asked.invoke("A city as JSON.").city == "Bern"

    versions("langchain-openai")
    checks(model)
    check("the model begins", lambda: welcomed(model))
    check("json mode", json_mode)
    # By default it cuts texts with a table that tiktoken fetches from the web; openai_sdk.py has such tokens.
    embed = OpenAIEmbeddings(model="titan-embed-text-v2", check_embedding_ctx_length=False)
    check("embeddings", lambda: len(embed.embed_documents(["text"] * 300)) == 300)
    checks(ChatOpenAI(model=SONNET, use_responses_api=True), prefix="responses: ")


def anthropic():
    from langchain_anthropic import ChatAnthropic

    model = ChatAnthropic(model=SONNET)
    versions("langchain-anthropic")
    checks(model)
    # So does Anthropic's own API.
    check("the model begins", lambda: welcomed(model), refused="the first message must use the role 'user'")
    thinking = ChatAnthropic(model=SONNET, thinking={"type": "enabled", "budget_tokens": 1024})
    check("reasoning", lambda: thinking.invoke("Hello").content[0]["type"] == "thinking")


def aws():
    from langchain_aws import BedrockEmbeddings, ChatBedrock, ChatBedrockConverse

    versions("langchain-aws")
    checks(ChatBedrockConverse(model=SONNET_ID))
    check("embeddings", lambda: len(BedrockEmbeddings(model_id=TITAN).embed_documents(["a", "b"])) == 2)
    checks(ChatBedrock(model=SONNET_ID), prefix="InvokeModel: ")


{"openai": openai, "anthropic": anthropic, "aws": aws}[sys.argv[1]]()
