"""How far the estimate of a prompt's tokens is from what the simulator's real tokenizer counts. Needs `--data`."""

import json
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from embedded.simulator.tokens import count
from gateway.conversation import Block, Conversation, Message
from gateway.wire.tokens import Estimator

FAMILIES = ("anthropic", "mistral")


@dataclass
class Error:
    """Ratios of estimate to count over a set of prompts, and how many prompts the upper bound fell short of."""

    name: str
    family: str
    prompts: int
    expected_p50: float
    expected_p5: float
    expected_p95: float
    bound_p50: float
    bound_least: float
    short: int


def measure(folder: Path) -> list[Error]:
    """For each set and family, first cold, then corrected by the usage of the prompts before it."""
    rows = []
    for path in sorted((folder / "prompts").glob("*.jsonl")):
        texts = [json.loads(line)["text"] for line in path.read_text().splitlines()]
        counted = [(text, count(text)) for text in texts]
        for family in FAMILIES:
            for learns in (False, True):
                rows.append(_errors(path.stem, family, counted, learns=learns))
    return rows


def _errors(name: str, family: str, counted: list[tuple[str, int]], *, learns: bool) -> Error:
    estimator = Estimator()
    expected, bounds = [], []
    for text, actual in counted:
        if actual < 1:
            continue
        conversation = Conversation(messages=[Message(role="user", content=[Block(text=text)])])
        estimate = estimator.estimate(conversation, family=family)
        expected.append(estimate.expected / actual)
        bounds.append(estimate.upper_bound / actual)
        if learns:
            estimator.learn(family=family, expected=estimate.expected, actual=actual)
    cuts = quantiles(expected, n=20)
    return Error(
        name=name + (", corrected" if learns else ""),
        family=family,
        prompts=len(expected),
        expected_p50=median(expected),
        expected_p5=cuts[0],
        expected_p95=cuts[-1],
        bound_p50=median(bounds),
        bound_least=min(bounds),
        short=sum(bound < 1 for bound in bounds),
    )
