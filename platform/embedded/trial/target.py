"""What is tried: a model in a region, its ids, and what its tokens cost, from the catalogue's files."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from embedded.simulator.models import CATALOGUE, Models, SimulatedModel, base_id

_MILLION = Decimal(1_000_000)


class CannotTry(Exception):
    """The trial can't be made as asked; the message says why."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Dollars per million tokens. `written` is the dearest token of input: one that is put into a cache."""

    input: Decimal
    output: Decimal
    written: Decimal

    def of(self, input_tokens: int, output_tokens: int, *, is_cached: bool = False) -> Decimal:
        """Dollars."""
        rate = self.written if is_cached else self.input
        return (rate * input_tokens + self.output * output_tokens) / _MILLION


@dataclass(frozen=True, slots=True)
class Target:
    """A model in a region."""

    region: str
    model: SimulatedModel
    invoke_id: str
    profile_id: str
    """Of an inference profile in the region; "" where there is none."""
    prices: Prices

    @property
    def base_id(self) -> str:
        """The model's own id."""
        return self.model.model_id

    @property
    def max_output_tokens(self) -> int:
        """The longest answer; 0 where it isn't known."""
        return self.model.max_output_tokens or 0

    @property
    def thinking(self) -> tuple[str, ...]:
        """The kinds of thinking the model is said to have."""
        return self.model.capabilities.thinking

    @property
    def is_anthropic(self) -> bool:
        """Whether the model is Anthropic's."""
        return self.model.speaks_anthropic

    @property
    def vendor(self) -> str:
        """As the id begins."""
        return self.base_id.partition(".")[0]


def target_of(model_id: str, region: str, prices: Prices | None = None, path: Path = CATALOGUE) -> Target:
    """What an id of a model or profile stands for in a region. Raises CannotTry."""
    entries = {entry["model_id"]: entry for entry in orjson.loads(path.read_bytes())["models"]}
    base = base_id(model_id)
    if base not in entries:
        raise CannotTry(f"{model_id} is not in the catalogue, so the simulator has nothing to say about it.")
    model = Models.load(path).resolve(base)
    if model.kind != "text":
        raise CannotTry(f"{model_id} does not converse: there are no probes for it.")
    profiles = [each["inferenceProfileId"] for each in Models.load(path).profiles(region)]
    profile = next((each for each in profiles if base_id(each) == base), "")
    if model_id != base:
        profile = model_id
    invoke_id = model_id if model_id != base or region in model.regions or not profile else profile
    found = prices or _prices(entries[base], invoke_id)
    return Target(region, model, invoke_id, profile, found)


def _prices(entry: Mapping[str, Any], invoke_id: str) -> Prices:
    """The dearest of the catalogue's offers that the id may mean."""
    prefix = invoke_id.removesuffix(entry["model_id"]).rstrip(".")
    offers = [
        each for each in entry.get("deployments", ()) if each["profile"] == prefix and each.get("input")
    ]
    if not offers:
        raise CannotTry(
            f"The catalogue has no price for {invoke_id}: give AWS's with --input-price and --output-price."
        )
    return Prices(
        _dearest(offers, "input"),
        _dearest(offers, "output"),
        _dearest(offers, "input", "cache_write", "cache_write_1h"),
    )


def _dearest(offers: list[dict[str, Any]], *names: str) -> Decimal:
    return max(Decimal(each.get(name) or 0) for each in offers for name in names)
