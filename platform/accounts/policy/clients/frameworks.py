"""PURE: frameworks, each with the provider that speaks a wire of ours.

Sources: reference.langchain.com (`ChatOpenAI`, `ChatAnthropic`, `ChatBedrockConverse`); LlamaIndex, `OpenAILike`;
docs.haystack.deepset.ai, `OpenAIChatGenerator`; learn.microsoft.com, Agent Framework and Semantic Kernel (microsoft/semantic-kernel#14073);
ai.pydantic.dev, models/openai; openai.github.io/openai-agents-python, models; ai-sdk.dev, OpenAI provider; docs.litellm.ai,
OpenAI-compatible endpoints; strandsagents.com, Amazon Bedrock provider.
"""

from accounts.policy.clients.client import Client, Lines

_OPENAI_WIRE = "As with OpenAI's SDK, whose members (`user`, `prompt_cache_key`) the framework passes on."
_AWS_WIRE = "As with boto3."
_AWS_ENV = Lines(
    "The environment",
    "bash",
    """\
export AWS_ENDPOINT_URL_BEDROCK_RUNTIME="«URL»/bedrock"
export AWS_ACCESS_KEY_ID="«KEY»"
export AWS_SECRET_ACCESS_KEY=unused
export AWS_REGION=us-east-1""",
)

LANGCHAIN_OPENAI = Client(
    "langchain-openai",
    "LangChain, langchain-openai",
    (
        Lines(
            "Python",
            "python",
            """\
from langchain_openai import ChatOpenAI

model = ChatOpenAI(model="«MODEL»", base_url="«URL»/v1", api_key="«KEY»")
print(model.invoke("Hello").content)""",
        ),
    ),
    _OPENAI_WIRE,
    "`use_responses_api=True` works, too.",
)

LANGCHAIN_ANTHROPIC = Client(
    "langchain-anthropic",
    "LangChain, langchain-anthropic",
    (
        Lines(
            "Python",
            "python",
            """\
from langchain_anthropic import ChatAnthropic

model = ChatAnthropic(model="«MODEL»", base_url="«URL»", api_key="«KEY»")
print(model.invoke("Hello").content)""",
        ),
    ),
    "As with Anthropic's SDK: `metadata.user_id`.",
    "The address has no `/v1` here.",
)

LANGCHAIN_AWS = Client(
    "langchain-aws",
    "LangChain, langchain-aws",
    (
        _AWS_ENV,
        Lines(
            "Python",
            "python",
            """\
from langchain_aws import ChatBedrockConverse

model = ChatBedrockConverse(model="«MODEL»")
print(model.invoke("Hello").content)""",
        ),
    ),
    _AWS_WIRE,
    "LangChain reads a model's maker from Bedrock's own IDs: with a short name, say it (`provider=\"anthropic\"`), so that it "
    "knows what the model can do.",
)

LLAMA_INDEX = Client(
    "llama-index",
    "LlamaIndex",
    (
        Lines(
            "Python",
            "python",
            """\
from llama_index.llms.openai_like import OpenAILike

model = OpenAILike(
    model="«MODEL»",
    api_base="«URL»/v1",
    api_key="«KEY»",
    is_chat_model=True,
    is_function_calling_model=True,
)
print(model.complete("Hello"))""",
        ),
    ),
    _OPENAI_WIRE,
    "Its class `OpenAI` knows OpenAI's own models alone; `OpenAILike` takes any, and `OpenAIResponses` does where it is given "
    "a `context_window`. Its `Anthropic` takes the address as `base_url`, without `/v1`, and Anthropic's SDK below 2 alone; "
    "`BedrockConverse` reads the environment as boto3 does.",
)

HAYSTACK = Client(
    "haystack",
    "Haystack",
    (
        Lines(
            "Python",
            "python",
            """\
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage
from haystack.utils import Secret

generator = OpenAIChatGenerator(
    model="«MODEL»",
    api_base_url="«URL»/v1",
    api_key=Secret.from_token("«KEY»"),
)
print(generator.run([ChatMessage.from_user("Hello")])["replies"][0].text)""",
        ),
    ),
    _OPENAI_WIRE,
    "`OpenAIResponsesChatGenerator` and the embedders take the same address and key. `AnthropicChatGenerator` reads "
    "`ANTHROPIC_BASE_URL`, `AmazonBedrockChatGenerator` the environment as boto3 does.",
)

SEMANTIC_KERNEL = Client(
    "semantic-kernel",
    "Semantic Kernel",
    (
        Lines(
            "Python",
            "python",
            """\
import asyncio

from openai import AsyncOpenAI
from semantic_kernel.agents import ChatCompletionAgent
from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion

client = AsyncOpenAI(base_url="«URL»/v1", api_key="«KEY»")
service = OpenAIChatCompletion(ai_model_id="«MODEL»", async_client=client)
agent = ChatCompletionAgent(service=service, instructions="Be brief.")
print(asyncio.run(agent.get_response(messages="Hello")))""",
        ),
    ),
    _OPENAI_WIRE,
    "Its Anthropic and Bedrock connectors work, too, with the addresses of those SDKs. The Bedrock connector sends the results of "
    "several tools as turns of their own, which Bedrock refuses, and so does Gatehouse there: choose another for parallel tools.",
)

AGENT_FRAMEWORK = Client(
    "agent-framework",
    "Microsoft Agent Framework",
    (
        Lines(
            "Python",
            "python",
            """\
import asyncio

from agent_framework import Agent
from agent_framework.openai import OpenAIChatCompletionClient

client = OpenAIChatCompletionClient(
    model="«MODEL»", base_url="«URL»/v1", api_key="«KEY»"
)
agent = Agent(client=client, instructions="Be brief.")
print(asyncio.run(agent.run("Hello")))""",
        ),
    ),
    _OPENAI_WIRE,
    "`OpenAIChatClient` calls Responses, and goes on from stored ones: where the team does not store responses, give the agent "
    '`default_options={"store": False}`.',
)

PYDANTIC_AI = Client(
    "pydantic-ai",
    "Pydantic AI",
    (
        Lines(
            "Python",
            "python",
            """\
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

provider = OpenAIProvider(base_url="«URL»/v1", api_key="«KEY»")
agent = Agent(OpenAIChatModel("«MODEL»", provider=provider))
print(agent.run_sync("Hello").output)""",
        ),
    ),
    _OPENAI_WIRE,
    "Its Anthropic, Bedrock and Responses models work, too, with the addresses of those SDKs.",
)

OPENAI_AGENTS = Client(
    "openai-agents",
    "OpenAI Agents SDK",
    (
        Lines(
            "Python",
            "python",
            """\
from agents import Agent, Runner, set_default_openai_client, set_tracing_disabled
from openai import AsyncOpenAI

client = AsyncOpenAI(base_url="«URL»/v1", api_key="«KEY»")
set_default_openai_client(client, use_for_tracing=False)
set_tracing_disabled(True)
agent = Agent(name="Assistant", model="«MODEL»")
print(Runner.run_sync(agent, "Hello").final_output)""",
        ),
    ),
    _OPENAI_WIRE,
    "Traces would go to OpenAI: they are switched off here.",
)

VERCEL_AI = Client(
    "vercel-ai",
    "Vercel AI SDK",
    (
        Lines(
            "JavaScript",
            "javascript",
            """\
import { createOpenAI } from "@ai-sdk/openai";
import { generateText } from "ai";

const gatehouse = createOpenAI({ baseURL: "«URL»/v1", apiKey: "«KEY»" });
const { text } = await generateText({ model: gatehouse("«MODEL»"), prompt: "Hello" });
console.log(text);""",
        ),
    ),
    _OPENAI_WIRE,
    "It calls Responses; `gatehouse.chat(…)` calls chat completions. With `@ai-sdk/anthropic` the address ends in `/v1`, too.",
)

LITELLM = Client(
    "litellm",
    "LiteLLM",
    (
        Lines(
            "Python",
            "python",
            """\
import litellm

answer = litellm.completion(
    model="openai/«MODEL»",
    api_base="«URL»/v1",
    api_key="«KEY»",
    messages=[{"role": "user", "content": "Hello"}],
)
print(answer.choices[0].message.content)""",
        ),
    ),
    _OPENAI_WIRE,
    "`openai/` says which wire to speak. With `anthropic/` the address has no `/v1`.",
)

STRANDS = Client(
    "strands",
    "Strands Agents",
    (
        _AWS_ENV,
        Lines(
            "Python",
            "python",
            """\
from strands import Agent
from strands.models import BedrockModel

agent = Agent(model=BedrockModel(model_id="«MODEL»"))
print(agent("Hello"))""",
        ),
    ),
    _AWS_WIRE,
)

FRAMEWORKS = (
    LANGCHAIN_OPENAI, LANGCHAIN_ANTHROPIC, LANGCHAIN_AWS, LLAMA_INDEX, HAYSTACK, SEMANTIC_KERNEL, AGENT_FRAMEWORK, PYDANTIC_AI, OPENAI_AGENTS,
    VERCEL_AI, LITELLM, STRANDS,
)  # fmt: skip
