"""`manage.py try_bedrock` with a simulator in AWS's place: the same, different, throttled, broken off, and not at all."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from embedded.simulator.credentials import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from embedded.trial.ask import Side
from tests.aws_environment import use_aws
from tests.simulator import RunningSimulator, running

pytestmark = pytest.mark.slow
NOVA = "amazon.nova-lite-v1:0"
HAIKU = "anthropic.claude-haiku-4-5-20251001-v1:0"
NOT_FOR_ME = {"error": {"type": "ValidationException", "message": "This model does not take that."}}


@pytest.fixture(scope="module")
def started() -> Iterator[RunningSimulator]:
    with running() as simulator:
        yield simulator


@pytest.fixture
def simulator(started: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningSimulator]:
    use_aws(monkeypatch, {"AWS_ACCESS_KEY_ID": ACCESS_KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY})
    yield started
    started.reset()


def ended(url: str, *arguments: str, model: str = NOVA) -> tuple[int, str, str]:
    """How the command ends, what it prints, and what it says on the way."""
    out, err = StringIO(), StringIO()
    given = ("--region", "us-east-1", "--model", model, "--endpoint-url", url, *arguments)
    try:
        call_command("try_bedrock", *given, stdout=out, stderr=err, no_color=True)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue(), err.getvalue()
    except CommandError as error:
        return error.returncode, out.getvalue(), err.getvalue() + str(error)
    return 0, out.getvalue(), err.getvalue()


@pytest.mark.parametrize("model", [NOVA, HAIKU])
def test_the_simulator_does_what_it_says(simulator: RunningSimulator, tmp_path: Path, model: str) -> None:
    page = tmp_path / "report.md"
    code, out, err = ended(simulator.url, "--yes", "--report", str(page), model=model)
    text = page.read_text()
    assert (code, out) == (0, "")
    assert " 0 different, 0 could not be asked" in text
    assert "### What to do" not in text
    assert "| stop sequence |" in text
    assert err.startswith(f"This asks {simulator.url}.")
    assert "at most." in err


def test_what_differs_is_told_with_what_to_do(simulator: RunningSimulator) -> None:
    simulator.script(
        NOT_FOR_ME | {"match": "The sky", "times": None}, NOT_FOR_ME | {"match": "Look.", "times": None}
    )
    code, out, err = ended(simulator.url, "--yes", "--rule", "tool choice any", "--rule", "documents")
    assert code == 1
    assert "### tool choice any" in out
    assert "- sent: toolChoice any (Converse)" in out
    assert "- AWS: `400 ValidationException: This model does not take that.`" in out
    assert "- simulator: `200, tool_use, toolUse`" in out
    assert "“choices of tools” (`platform/embedded/simulator/strict/tools.py`" in out
    assert "- On the model's page: look at `tool_choices`" in out
    assert "not switched to “pass”" in out
    assert "different: tool choice any" in err


def test_a_kind_of_content_that_is_missing_differs(simulator: RunningSimulator) -> None:
    simulator.script(
        {"text": "I will not.", "content": [{"text": "I will not."}], "match": "Look.", "times": None}
    )
    code, out, _ = ended(simulator.url, "--yes", "--rule", "tool_choice")
    assert code == 1
    assert "- AWS: `200, end_turn, text`" in out


def test_what_is_throttled_twice_is_unknown(simulator: RunningSimulator) -> None:
    fault = {
        "error": {"type": "ThrottlingException", "message": "Too many requests."},
        "match": "Look.",
        "times": 2,
    }
    simulator.script(fault)
    code, out, _ = ended(simulator.url, "--yes", "--rule", "tool choice auto")
    assert code == 0
    assert "### Could not be asked" in out
    simulator.script(fault | {"times": 1})
    code, out, _ = ended(simulator.url, "--yes", "--rule", "tool choice auto")
    assert "Could not be asked" not in out


def test_without_a_yes_nothing_is_sent(simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda _: "n")
    code, out, err = ended(simulator.url)
    assert (code, out) == (2, "")
    assert "Nothing was sent." in err
    assert simulator.received()["requests"] == []


def test_a_yes_is_asked_for(simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda _: "Y")
    assert ended(simulator.url, "--rule", "prefill")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "model", "words"),
    [
        (("--input-price", "1000", "--output-price", "5000"), NOVA, "more than $0.10"),
        (("--input-price", "1"), NOVA, "Give both prices"),
        (("--rule", "no-such-rule"), NOVA, "no probe of no-such-rule"),
        ((), "jp.amazon.nova-micro-v1:0", "no price"),
        ((), "no.such-model", "not in the catalogue"),
    ],
)
def test_what_can_t_be_tried_is_said_before_anything_is_sent(
    simulator: RunningSimulator, arguments: tuple[str, ...], model: str, words: str
) -> None:
    code, out, err = ended(simulator.url, "--yes", *arguments, model=model)
    assert (code, out) == (2, "")
    assert words in err
    assert simulator.received()["requests"] == []


def test_an_address_where_nothing_answers_is_one_line(simulator: RunningSimulator) -> None:
    code, out, err = ended("http://127.0.0.1:9", "--yes")
    assert (code, out) == (2, "")
    assert "does not answer a plain chat" in err


def test_what_was_tried_is_told_though_it_is_broken_off(
    simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    ask = Side.ask

    def broken_off(self: Side, *given: object) -> object:
        asked.append(self.address)
        if asked.count(simulator.url) > 3:
            raise KeyboardInterrupt
        return ask(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(Side, "ask", broken_off)
    code, out, _ = ended(simulator.url, "--yes")
    assert code == 2
    assert "3 probes: 3 the same" in out
    assert "It was broken off" in out
