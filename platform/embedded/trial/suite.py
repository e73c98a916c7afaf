"""All probes, those that suit a model, and what they cost at most."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import orjson

from embedded.trial.inference import probes_of_inference
from embedded.trial.media import CACHING, DOCUMENTS, IMAGES
from embedded.trial.probe import Probe
from embedded.trial.service import BASELINE, SERVICE
from embedded.trial.structure import STRUCTURE
from embedded.trial.target import Target
from embedded.trial.thinking import probes_of_thinking
from embedded.trial.tooling import TOOLING
from embedded.trial.turns import ORDER, RESULTS

MAX_DOLLARS = Decimal("0.10")
# A token is seldom shorter than three characters of JSON; what is sent has more punctuation than that, so two.
_CHARACTERS_PER_TOKEN = 2
_ANY, _FOR_TOOLS, _FOR_A_SCHEMA = 20, 400, 200
# A document of one line, or an image of 32 pixels, which models of other vendors may count as one of full size.
_A_PAGE, _A_PAGE_OF_OTHERS = 300, 1_600
_FREE = ("CountTokens",)


def probes_for(target: Target) -> list[Probe]:
    """Those that suit the model: the plain chat first, what costs most last."""
    found = [
        *SERVICE, *probes_of_inference(target), *probes_of_thinking(target), *ORDER, *RESULTS, *TOOLING,
        *DOCUMENTS, *IMAGES, *CACHING, *STRUCTURE,
    ]  # fmt: skip
    suit = [
        probe
        for probe in found
        if (not probe.vendors or target.vendor in probe.vendors)
        and (not probe.by_profile or target.profile_id)
    ]
    return sorted(suit, key=lambda probe: probe.is_dear)


def chosen(probes: list[Probe], names: Iterable[str]) -> list[Probe]:
    """Those of some rules, by any of their names, and the plain chat; all where none are named. Raises KeyError."""
    wanted = set(names)
    if not wanted:
        return probes
    unknown = wanted - {name for probe in probes for name in probe.names}
    if unknown:
        raise KeyError(", ".join(sorted(unknown)))
    return [probe for probe in probes if probe is BASELINE or wanted & probe.names]


def cheapest_quarter(probes: list[Probe], target: Target) -> Decimal:
    """What the cheapest quarter of the probes costs at most."""
    costs = sorted(max_dollars(probe, target) for probe in probes)
    return sum(costs[: (len(costs) + 3) // 4], Decimal(0))


def max_dollars(probe: Probe, target: Target) -> Decimal:
    """What a probe costs at most, taken by AWS."""
    if probe.operation in _FREE:
        return Decimal(0)
    sent = orjson.dumps(probe.body).decode()
    tokens = _ANY + _length(probe.body) // _CHARACTERS_PER_TOKEN
    tokens += probe.pages * (_A_PAGE if target.is_anthropic else _A_PAGE_OF_OTHERS)
    tokens += _FOR_TOOLS if "toolConfig" in probe.body else 0
    tokens += _FOR_A_SCHEMA if "outputConfig" in probe.body else 0
    answer = 0 if probe.is_refused_anyway else _answer(probe.body)
    return target.prices.of(tokens, answer, is_cached="cachePoint" in sent)


def _answer(body: Mapping[str, Any]) -> int:
    return int(body.get("max_tokens") or body["inferenceConfig"]["maxTokens"])


def _length(value: Any) -> int:
    """Characters of a body, without what its documents and images hold."""
    if isinstance(value, dict):
        return sum(len(name) + 4 + _length(each) for name, each in value.items() if name != "bytes")
    if isinstance(value, list):
        return sum(_length(each) + 1 for each in value)
    return len(str(value)) + 2
