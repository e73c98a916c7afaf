"""Coding agents, each started as its own guide says: how it is called, what of its tools writes a file, what it says to be."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.clients.kinds import FOLDER

TASK = "Write hello.txt with a greeting, and look at it."
SONNET = "claude-sonnet-4-5"
_BIN = FOLDER / "agents/node_modules/.bin"


@dataclass(frozen=True)
class Agent:
    """`steps` are the calls that the model asks for, one list for each answer; `setup` writes into a home what users write."""

    program: str
    arguments: tuple[str, ...]
    steps: Callable[[Path], list[list[tuple[str, dict[str, Any]]]]]
    variables: Callable[[str, str], dict[str, str]]
    setup: Callable[[Path, str], None] = lambda home, url: None
    identity: str = "user_id"
    """The member by which its developers are told apart; "" where it sends none."""

    def command(self, task: str = TASK) -> list[str]:
        return [str(_BIN / self.program), *(task if each == "TASK" else each for each in self.arguments)]

    def environment(self, home: Path, url: str, key: str) -> dict[str, str]:
        paths = f"{Path(shutil.which('node') or '/usr/bin/node').parent}:/usr/local/bin:/usr/bin:/bin"
        return {"PATH": paths, "HOME": str(home), **self.variables(url, key)}


def _claude_steps(folder: Path) -> list[list[tuple[str, dict[str, Any]]]]:
    write = {"file_path": str(folder / "hello.txt"), "content": "Hello\n"}
    looks = ("cat hello.txt", "git status --short")
    return [[("Write", write)], [("Bash", {"command": line, "description": "Look"}) for line in looks]]


def _codex_steps(folder: Path) -> list[list[tuple[str, dict[str, Any]]]]:
    looks = ("cat hello.txt", "git status --short")
    return [
        [("exec_command", {"cmd": "echo Hello > hello.txt"})],
        [("exec_command", {"cmd": line}) for line in looks],
    ]


def _codex_setup(home: Path, url: str) -> None:
    (home / ".codex").mkdir(parents=True)
    (home / ".codex/config.toml").write_text(
        f'model = "{SONNET}"\nmodel_provider = "gatehouse"\n\n[model_providers.gatehouse]\nname = "Gatehouse"\n'
        f'base_url = "{url}/v1"\nenv_key = "GATEHOUSE_KEY"\nwire_api = "responses"\n'
    )


def _opencode_setup(home: Path, url: str) -> None:
    folder = home / ".config/opencode"
    folder.mkdir(parents=True)
    options = {"baseURL": f"{url}/v1", "apiKey": "{env:GATEHOUSE_KEY}"}
    provider = {"npm": "@ai-sdk/openai-compatible", "name": "Gatehouse", "options": options, "models": {SONNET: {"name": SONNET}}}  # fmt: skip
    config = {"model": f"gatehouse/{SONNET}", "provider": {"gatehouse": provider}}
    (folder / "opencode.json").write_text(json.dumps(config))


_CLAUDE = ("-p", "TASK", "--allowedTools", "Write,Bash", "--output-format", "json")
_AWS = {"AWS_SECRET_ACCESS_KEY": "unused", "AWS_REGION": "us-east-1", "CLAUDE_CODE_USE_BEDROCK": "1"}
AGENTS = {
    "claude-code": Agent(
        "claude",
        _CLAUDE,
        _claude_steps,
        lambda url, key: {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_AUTH_TOKEN": key},
    ),
    "claude-code-bedrock": Agent(
        "claude",
        _CLAUDE,
        _claude_steps,
        lambda url, key: {**_AWS, "ANTHROPIC_BEDROCK_BASE_URL": f"{url}/bedrock", "AWS_ACCESS_KEY_ID": key},
    ),
    "codex": Agent(
        "codex",
        ("exec", "TASK", "--dangerously-bypass-approvals-and-sandbox", "--json"),
        _codex_steps,
        lambda url, key: {"GATEHOUSE_KEY": key},
        _codex_setup,
        identity="prompt_cache_key",
    ),
    "opencode": Agent(
        "opencode",
        ("run", "TASK [simulate: tool=none]"),
        lambda folder: [],
        lambda url, key: {"GATEHOUSE_KEY": key},
        _opencode_setup,
        identity="",
    ),
}
