"""The lines of the set-up pages, run as they are copied: with the SDKs themselves, against a gateway."""

import os
import shutil
import subprocess
import sys

import pytest

from accounts.policy.clients import CLIENTS, Values, filled
from tests.e2e.conftest import MODEL

LINES = {client.slug: client.lines[0].text for client in CLIENTS}


@pytest.mark.parametrize(
    ("slug", "command"),
    [
        ("curl", ["bash", "-s"]),
        pytest.param("openai-python", [sys.executable, "-"], marks=pytest.mark.quick),
        ("anthropic-python", [sys.executable, "-"]),
        ("boto3", [sys.executable, "-"]),
    ],
)
def test_lines_run_as_they_are_copied(world, slug, command):
    if slug == "curl" and shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    world.say("Hello from the model.")
    text = filled(LINES[slug], Values(world.url, world.key, MODEL, MODEL))
    plain = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "OPENAI_", "ANTHROPIC_"))
    }
    ran = subprocess.run(command, input=text, env=plain, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert "Hello from the model." in ran.stdout
