"""The lines of the set-up pages, run as they are copied, with the locked or the newest of each client."""

import shlex
import subprocess

import pytest

from accounts.policy import clients as policy
from tests.clients.conftest import CHOSEN
from tests.clients.kinds import CLIENTS, FOLDER
from tests.e2e.conftest import MODEL

LINES = {client.slug: client.lines for client in policy.CLIENTS}
RUNS = {"python", "javascript"}
BY_NAME = {
    client.name: client
    for client in CLIENTS
    if client.name == "llm" or RUNS & {lines.language for lines in LINES.get(client.name, ())}
}


@pytest.mark.timeout(200)
@pytest.mark.parametrize("name", BY_NAME)
def test_lines_run_as_they_are_copied(request, tmp_path, name):
    client = BY_NAME[name]
    if reason := CHOSEN["reasons"][client.needs]:
        pytest.skip(reason)
    world = request.getfixturevalue("world")
    values = policy.Values(world.url, world.key, MODEL, MODEL)
    blocks = {lines.language: policy.filled(lines.text, values) for lines in reversed(LINES[name])}
    setting = blocks.get(
        "bash", ""
    )  # the first block in a terminal's language: the environment, if others follow
    if "yaml" in blocks:
        (tmp_path / "extra-openai-models.yaml").write_text(blocks["yaml"])
        program = ""
    elif "python" in blocks:
        program = shlex.join(["exec", client.command()[0], "-W", "ignore", "-c", blocks["python"]])
    else:
        program = shlex.join(["cd", str(FOLDER / "node")]) + "\n"
        program += shlex.join([client.command()[0], "--input-type=module", "-e", blocks["javascript"]])
    world.say({"text": "Hello from the model.", "times": None})
    ran = subprocess.run(
        ["bash", "-c", f"{setting}\n{program}"],
        env={
            "PATH": f"{FOLDER / client.needs / 'bin'}:/usr/bin:/bin", "HOME": str(tmp_path),
            "LLM_USER_PATH": str(tmp_path), "HAYSTACK_TELEMETRY_ENABLED": "False", "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        },
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert "Hello from the model." in ran.stdout, ran.stderr[-3000:]
    assert ran.returncode == 0, ran.stderr[-3000:]
