"""The clients: what each is started with, and what it needs installed."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.services import ROOT

HERE = Path(__file__).parent
FOLDER = Path(os.environ.get("GATEHOUSE_CLIENTS_DIR") or ROOT / ".clients")
"""Where clients are installed, and what they said is kept."""
GO_SOURCES = Path("/usr/share/gocode")
PYTHONS = ("python", "frameworks", "held-back")
"""Environments of Python's clients, of which no two can have the same versions."""


@dataclass(frozen=True)
class Client:
    """A script of one client's checks. `more` is set beside what `environment` has, `{url}` being the gateway's."""

    name: str
    needs: str
    """What of `install.NEEDS`."""
    script: str
    argument: str = ""
    more: Mapping[str, str] = field(default_factory=dict)

    def command(self) -> list[str]:
        if self.needs in PYTHONS:
            line = [FOLDER / self.needs / "bin/python", "-W", "ignore", HERE / "python" / self.script]
        elif self.needs == "node":
            line = [shutil.which("node") or "node", "--no-warnings", FOLDER / "node" / self.script]
        else:
            line = [FOLDER / "go" / self.script]
        return [*map(str, line), *([self.argument] if self.argument else [])]


_VERSIONED = {"ANTHROPIC_BASE_URL": "{url}/v1"}
CLIENTS = (
    Client("openai-python", "python", "openai_sdk.py"),
    Client("openai-node", "node", "openai_node.mjs"),
    Client("anthropic-python", "python", "anthropic_sdk.py"),
    Client("AnthropicBedrock", "python", "anthropic_bedrock.py"),
    Client("anthropic-node", "node", "anthropic_node.mjs"),
    Client("boto3", "python", "boto3_sdk.py"),
    Client("aws-node", "node", "aws.mjs"),
    Client("aws-go", "go", "aws"),
    Client("langchain-openai", "python", "langchain_clients.py", "openai"),
    Client("langchain-anthropic", "python", "langchain_clients.py", "anthropic"),
    Client("langchain-aws", "python", "langchain_clients.py", "aws"),
    Client("langchain-aws-node", "node", "langchain_aws.mjs"),
    Client("pydantic-ai", "python", "pydantic_ai_client.py"),
    Client("openai-agents", "python", "openai_agents.py"),
    *(
        Client(name, "frameworks", "frameworks.py", name)
        for name in ("litellm", "instructor", "dspy", "smolagents", "aiobotocore", "strands")
    ),
    Client("agent-framework", "frameworks", "agent_framework_client.py"),
    Client("haystack", "frameworks", "haystack_client.py"),
    Client("llm", "frameworks", "llm_client.py"),
    Client("llama-index", "held-back", "llama_index_client.py"),
    Client("semantic-kernel", "held-back", "semantic_kernel_client.py"),
    Client("vercel-ai", "node", "vercel.mjs", more=_VERSIONED),
)


def environment(url: str, key: str, simulator: str, client: Client | None = None) -> dict[str, str]:
    """The variables that the clients' users set, and no other of this process's but where programs and a home are."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    aws = {
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": f"{url}/bedrock",
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": "unused",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    more = {name: value.format(url=url) for name, value in (client.more if client else {}).items()}
    return {
        **kept,
        **aws,
        "OPENAI_BASE_URL": f"{url}/v1",
        "OPENAI_API_KEY": key,
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": key,
        "ANTHROPIC_BEDROCK_BASE_URL": f"{url}/bedrock",
        "GATEHOUSE_URL": url,
        "GATEHOUSE_KEY": key,
        "GATEHOUSE_SIMULATOR": simulator,
        "PYTHONDONTWRITEBYTECODE": "1",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it fetches one from the web, and waits
        "HAYSTACK_TELEMETRY_ENABLED": "False",
        **more,
    }
