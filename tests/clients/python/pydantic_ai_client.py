"""pydantic-ai, with its own providers' variables: chat, Responses, Anthropic and Bedrock."""

import asyncio

from checks import SONNET, SONNET_ID, check, two_calls, versions
from pydantic import BaseModel
from pydantic_ai import Agent


class City(BaseModel):
    city: str
    degrees: int


def checks(model, prefix):
    def tools():
        two_calls()
        agent = Agent(model, instructions="Be brief.")

        @agent.tool_plain
        def weather(city: str) -> str:
            """Tells the weather."""
            return "12 degrees"

        return agent.run_sync("How warm is it?").output == "Bern 12, Oslo 3."

    async def streamed():
        async with Agent(model).run_stream("Hello") as run:
            return [piece async for piece in run.stream_text(delta=True)]

    def history():
        agent = Agent(model)
        first = agent.run_sync("Hello")
        return agent.run_sync("And now?", message_history=first.all_messages()).output

    check(f"{prefix}chat", lambda: Agent(model).run_sync("Hello").output)
    check(f"{prefix}stream", lambda: asyncio.run(streamed()))
    check(f"{prefix}history", history)
    check(f"{prefix}parallel tools", tools)
    check(f"{prefix}structured", lambda: Agent(model, output_type=City).run_sync("Bern?").output.city)


versions("pydantic-ai-slim")
checks(f"openai-chat:{SONNET}", "")
checks(f"openai-responses:{SONNET}", "responses: ")
checks(f"anthropic:{SONNET}", "anthropic: ")
checks(f"bedrock:{SONNET_ID}", "bedrock: ")
