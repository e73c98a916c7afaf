"""The lines of clients: each is what its language takes, the document has them all, and models are chosen sensibly."""

import json
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from accounts.policy.clients import CLIENTS, GROUPS, filled
from accounts.policy.clients.client import usual_model, usual_small_model
from accounts.policy.clients.markdown import EXAMPLE, document

BLOCKS = [
    pytest.param(lines.language, filled(lines.text, EXAMPLE), id=f"{client.slug}-{place}")
    for client in CLIENTS
    for place, lines in enumerate(client.lines)
]
READERS = {
    "python": lambda text: compile(text, "lines", "exec"),
    "json": json.loads,
    "toml": tomllib.loads,
    "yaml": yaml.safe_load,
    "text": str,
}
CHECKERS = {
    "bash": ["bash", "-n"],
    "javascript": ["node", "--input-type=module", "--check"],
    "go": ["gofmt", "-d", "-e"],
}


@pytest.mark.parametrize(("language", "text"), BLOCKS)
def test_each_block_is_of_its_language(language, text):
    assert "«" not in text
    if language in READERS:
        READERS[language](text)
        return
    command = CHECKERS[language]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    checked = subprocess.run(command, input=f"{text}\n", capture_output=True, text=True, timeout=60)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_the_document_is_what_the_lines_say():
    """Written anew by `python -m accounts.policy.clients > docs/clients.md`."""
    path = Path(__file__).parents[2] / "docs" / "clients.md"
    assert path.read_text() == document(GROUPS)


def test_slugs_are_each_one_client_s():
    assert len({client.slug for client in CLIENTS}) == len(CLIENTS)


@pytest.mark.parametrize(
    ("names", "usual", "small"),
    [
        (["claude-haiku-4-5", "claude-sonnet-4-5", "nova-lite"], "claude-sonnet-4-5", "claude-haiku-4-5"),
        (["nova-lite", "claude-opus-4-8"], "claude-opus-4-8", "nova-lite"),
        (["qwen3-32b"], "qwen3-32b", "qwen3-32b"),
    ],
)
def test_models_to_begin_with(names, usual, small):
    assert (usual_model(names), usual_small_model(names)) == (usual, small)
