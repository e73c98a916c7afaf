"""Microsoft's Agent Framework: its OpenAI clients, for chat completions and for Responses."""

from asyncio import Runner

from agent_framework import Agent
from agent_framework.openai import OpenAIChatClient, OpenAIChatCompletionClient
from checks import SONNET, check, two_calls, versions
from pydantic import BaseModel

RUN = Runner()
ANSWER = "Bern 12, Oslo 3."


class City(BaseModel):
    city: str
    degrees: int


def weather(city: str) -> str:
    """Tells the weather."""
    return "12 degrees"


def checks(client, prefix, **options):
    def agent(**members):
        return Agent(client=client, instructions="Be brief.", default_options=options, **members)

    async def tools():
        two_calls()
        return str(await agent(tools=[weather]).run("Warm?")) == ANSWER

    async def streamed():
        two_calls()
        stream = agent(tools=[weather]).run("Warm?", stream=True)
        pieces = [update async for update in stream]
        return len(pieces) > 2 and str(await stream.get_final_response()).endswith(ANSWER)

    async def history():
        found = agent()
        session = found.create_session()
        await found.run("Hello", session=session)
        return str(await found.run("And now?", session=session))

    async def structured():
        return (await agent().run("Bern?", options={"response_format": City})).value.city

    check(f"{prefix}history", lambda: RUN.run(history()))
    check(f"{prefix}parallel tools", lambda: RUN.run(tools()))
    check(f"{prefix}parallel tools in a stream", lambda: RUN.run(streamed()))
    check(f"{prefix}structured", lambda: RUN.run(structured()))


async def by_ids():
    two_calls()
    return await Agent(client=OpenAIChatClient(model=SONNET), tools=[weather]).run("Warm?")


versions("agent-framework-core", "agent-framework-openai")
checks(OpenAIChatCompletionClient(model=SONNET), "")
checks(OpenAIChatClient(model=SONNET), "responses: ", store=False)
check("responses: by stored ids", lambda: RUN.run(by_ids()), refused="This team does not store responses")
