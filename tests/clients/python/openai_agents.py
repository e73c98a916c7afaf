"""openai-agents, with OPENAI_BASE_URL and OPENAI_API_KEY: its default, Responses, and chat completions."""

import asyncio

from agents import (
    Agent,
    ModelSettings,
    OpenAIChatCompletionsModel,
    Runner,
    function_tool,
    set_tracing_disabled,
)
from checks import SONNET, check, two_calls, versions
from openai import AsyncOpenAI
from openai.types.shared import Reasoning
from pydantic import BaseModel

set_tracing_disabled(True)


class City(BaseModel):
    city: str
    degrees: int


@function_tool
def weather(city: str) -> str:
    """Tells the weather."""
    return "12 degrees"


def checks(model, prefix):
    def run(question="Hello", **members):
        return loop.run(Runner.run(Agent(name="A", model=model(), **members), question)).final_output

    def tools():
        two_calls()
        return run(tools=[weather]) == "Bern 12, Oslo 3."

    async def streamed():
        settings = ModelSettings(reasoning=Reasoning(effort="low"))
        running = Runner.run_streamed(Agent(name="A", model=model(), model_settings=settings), "Hello")
        return len([event async for event in running.stream_events()]) and running.final_output

    def hand_off():
        other = Agent(name="Other", model=model(), instructions="Be kind.")
        return run("Hand over to the other.", handoffs=[other])

    check(f"{prefix}chat", run)
    check(f"{prefix}stream", lambda: loop.run(streamed()))
    check(f"{prefix}parallel tools", tools)
    check(f"{prefix}structured", lambda: run(output_type=City).city)
    check(f"{prefix}hand-off", hand_off)


versions("openai-agents")
with asyncio.Runner() as loop:
    checks(lambda: SONNET, "responses: ")
    checks(lambda: OpenAIChatCompletionsModel(SONNET, AsyncOpenAI()), "")
