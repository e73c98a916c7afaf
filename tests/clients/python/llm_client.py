"""`llm` in a terminal: chat completions and Responses by its file of extra models, Claude by llm-anthropic."""

import base64
import json
import os
from pathlib import Path

from checks import KEY, SONNET, URL, check, png, two_calls, versions
from click.testing import CliRunner

HOME = Path("llm").absolute()
os.environ["LLM_USER_PATH"] = str(HOME)
from llm.cli import cli  # noqa: E402 - it reads its folder's place first

WEATHER = 'def weather(city: str) -> str:\n    "Tells the weather."\n    return "12 degrees"'
CLAUDE = "claude-sonnet-4.5"  # llm-anthropic's name for it


def llm(*arguments: str) -> str:
    """What the program prints, in this process, since it takes seconds to start. Raises what it would end with."""
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    if done.exit_code != 0:
        raise RuntimeError(done.output[-500:])
    return done.output.strip()


def set_up():
    HOME.mkdir(exist_ok=True)
    can = "supports_tools: true\n  supports_schema: true\n  vision: true\n  reasoning: true"
    here = f"model_name: {SONNET}\n  api_base: {URL}/v1\n  api_key_name: gatehouse\n  {can}"
    models = (
        f"- model_id: gatehouse\n  {here}\n- model_id: gatehouse-responses\n  responses: true\n  {here}\n"
    )
    (HOME / "extra-openai-models.yaml").write_text(models)
    llm("keys", "set", "gatehouse", "--value", KEY)
    Path("picture.png").write_bytes(base64.b64decode(png()))


def tools(model):
    two_calls()
    return llm("-m", model, "--functions", WEATHER, "Warm?").endswith("Bern 12, Oslo 3.")


def checks(model, prefix, reasoning):
    check(f"{prefix}chat", lambda: llm("-m", model, "--no-stream", "Hello"))
    check(f"{prefix}stream", lambda: llm("-m", model, "-s", "Be brief.", "Hello"))
    check(f"{prefix}history", lambda: llm("-m", model, "-c", "And now?"))
    check(f"{prefix}parallel tools", lambda: tools(model))
    check(
        f"{prefix}structured",
        lambda: json.loads(llm("-m", model, "--schema", "city, degrees int", "Bern?"))["city"],
    )
    check(f"{prefix}images", lambda: llm("-m", model, "-a", "picture.png", "What is it?"))
    check(f"{prefix}reasoning", lambda: llm("-m", model, *reasoning, "Hello"))


versions("llm", "llm-anthropic")
set_up()
checks("gatehouse", "", ("-o", "reasoning_effort", "low"))
checks("gatehouse-responses", "responses: ", ("-o", "reasoning_effort", "low"))
checks(CLAUDE, "anthropic: ", ("-o", "thinking", "1"))
check("anthropic: counting", lambda: llm("anthropic", "count", "-m", CLAUDE, "Hello"))
check("anthropic: models", lambda: "nova-lite" in llm("anthropic", "refresh"))
check("anthropic: another model", lambda: llm("-m", "anthropic/nova-lite", "Hello"))
check("without a file", lambda: llm("openai", "endpoint", f"{URL}/v1", "Hello", "-m", SONNET, "--key", KEY))
