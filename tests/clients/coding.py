"""Coding agents, each started as its own guide says: how it is called, what of its tools writes a file, what it says to be."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accounts.policy.clients import Lines, Values, agents, filled
from tests.clients.kinds import FOLDER

TASK = "Write hello.txt with a greeting, and look at it."
DONE = "It is done: hello.txt is there."
SONNET, HAIKU = "claude-sonnet-4-5", "claude-haiku-4-5"
Steps = list[str | list[tuple[str, dict[str, Any]]]]


@dataclass(frozen=True)
class Agent:
    """`steps` are the model's answers, each a text or the calls that it asks for; `setup` writes into a home what users write.

    `guide` are lines of the set-up pages, the last of which starts it; without them it is started by its name, with `variables`.
    `besides` are answers to what an agent asks for itself, by a text of its prompts.
    """

    program: str
    arguments: tuple[str, ...]
    steps: Callable[[Path], Steps]
    variables: Callable[[str, str], dict[str, str]] = lambda url, key: {}
    setup: Callable[[Path, str], None] = lambda home, url: None
    identity: str = "user_id"
    """The member by which its developers are told apart; "" where it sends none."""
    needs: str = "agents"
    guide: Lines | None = None
    besides: Mapping[str, str] = field(default_factory=dict)
    has_session: bool = True
    task: str = "a task with tools"
    """What the matrix calls it."""

    @property
    def path(self) -> Path:
        return FOLDER / (f"{self.needs}/bin" if self.needs == "aider" else f"{self.needs}/node_modules/.bin")

    def command(self, url: str, key: str) -> list[str]:
        arguments = [TASK if each == "TASK" else each for each in self.arguments]
        if self.guide is None:
            return [str(self.path / self.program), *arguments]
        return ["bash", "-c", _filled(self.guide, url, key) + ' "$@"', "bash", *arguments]

    def environment(self, home: Path, url: str, key: str) -> dict[str, str]:
        paths = (
            f"{self.path}:{Path(shutil.which('node') or '/usr/bin/node').parent}:/usr/local/bin:/usr/bin:/bin"
        )
        return {"PATH": paths, "HOME": str(home), **self.variables(url, key)}


def _filled(lines: Lines, url: str, key: str = "") -> str:
    return filled(lines.text, Values(url, key, SONNET, HAIKU))


def _claude_steps(folder: Path) -> Steps:
    write = {"file_path": str(folder / "hello.txt"), "content": "Hello\n"}
    return [[("Write", write)], _looks("Bash"), DONE]


def _opencode_steps(folder: Path) -> Steps:
    write = {"filePath": str(folder / "hello.txt"), "content": "Hello\n"}
    return [[("write", write)], _looks("bash"), DONE]


def _looks(tool: str) -> list[tuple[str, dict[str, Any]]]:
    return [
        (tool, {"command": line, "description": "Look"}) for line in ("cat hello.txt", "git status --short")
    ]


def _codex_steps(folder: Path) -> Steps:
    looks = ("cat hello.txt", "git status --short")
    return [
        [("exec_command", {"cmd": "echo Hello > hello.txt"})],
        [("exec_command", {"cmd": line}) for line in looks],
        DONE,
    ]


def _aider_steps(folder: Path) -> Steps:
    return [f"hello.txt\n```\n<<<<<<< SEARCH\n=======\nHello\n>>>>>>> REPLACE\n```\n\n{DONE}"]


def _codex_setup(home: Path, url: str) -> None:
    (home / ".codex").mkdir(parents=True)
    (home / ".codex/config.toml").write_text(_filled(agents.CODEX.lines[0], url))


def _opencode_setup(home: Path, url: str) -> None:
    folder = home / ".config/opencode"
    folder.mkdir(parents=True)
    (folder / "opencode.json").write_text(_filled(agents.OPENCODE.lines[0], url))


def _git_setup(home: Path, url: str) -> None:
    (home / ".gitconfig").write_text("[user]\nname = Developer\nemail = developer@example.com\n")


def _aider(guide: Lines) -> Agent:
    quiet = ("--no-show-model-warnings", "--no-check-update", "--no-analytics")
    return Agent(
        "aider",
        ("--yes-always", *quiet, "--message", "TASK"),
        _aider_steps,
        setup=_git_setup,
        identity="",
        needs="aider",
        guide=guide,
        besides={"Git commit messages": "feat: greet"},
        has_session=False,
        task="an edit, committed",
    )


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
        setup=_codex_setup,
        identity="",
        guide=agents.CODEX.lines[1],
    ),
    "opencode": Agent(
        "opencode",
        ("run", "TASK"),
        _opencode_steps,
        setup=_opencode_setup,
        identity="",
        guide=agents.OPENCODE.lines[1],
        besides={"Generate a title": "A greeting"},
    ),
    "aider": _aider(agents.AIDER.lines[0]),
    "aider-anthropic": _aider(agents.AIDER.lines[1]),
}
