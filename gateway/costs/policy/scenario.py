"""PURE: a scenario: which calls there will be in the months to come, and what runs beside them."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec

from kernel.errors import InvalidError
from kernel.money import MAX_NANOS

HOURS_A_MONTH = 720
"""A month has 30 days here, as in `project` and in AWS's examples of provisioned throughput."""
MINUTES_A_MONTH = HOURS_A_MONTH * 60
MAX_CALLS = 10**12
MAX_MONTHS = 60
MAX_KINDS = 12
MAX_TOKENS = 10**8
MAX_GROWTH = Decimal(10)
MAX_PEAK = Decimal(10_000)
MAX_COMPLEXITY = Decimal(1000)
MAX_PLACES = 12

COMPLEXITIES: tuple[tuple[str, Decimal, str], ...] = (
    ("Simple", Decimal(1), "One question, one answer: the tokens as they are given."),
    ("With corrections", Decimal("1.2"), "One in five is asked again, because an answer broke its contract or was cut."),
    ("With tools", Decimal(2), "The model asks for a tool and is called again with its result: what was said is sent twice."),
    ("Agent", Decimal(6), "Six steps on average, each of which sends all that was said before it."),
)  # fmt: skip
"""Multipliers of tokens: those of a whole task to those of one plain call of it. Calls that were measured have 1: what they took is
in their tokens already."""


class ImpossibleScenarioError(InvalidError):
    """A scenario can't be worked out; the message names the member, and says what goes."""

    code = "impossible_scenario"


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of all parts: unknown members are refused."""


class Kind(Part, frozen=True, kw_only=True):
    """One kind of calls of the mix; tokens are those of one call, on average."""

    name: str
    share: Decimal
    """How many of the calls are of it, in relation to those of other kinds: 3 and 1 are three in four and one in four."""
    input_tokens: int
    """Of the whole prompt, what is read from a cache or written to it included."""
    output_tokens: int
    cached_share: Decimal = Decimal(0)
    """The part of the prompt that is read from the provider's prompt cache, 0 to 1."""
    written_share: Decimal = Decimal(0)
    """The part of it that is written to that cache."""
    complexity: Decimal = Decimal(1)
    """What all tokens are multiplied by; see COMPLEXITIES."""


class Expense(Part, frozen=True, kw_only=True):
    """What runs whatever is called: the gateway's machines, its database, a network. Nano-dollars a month."""

    name: str
    nanos: int


class Scenario(Part, frozen=True, kw_only=True):
    """What is to be projected. `growth` is that of calls from month to month: 0.05 is five per cent."""

    calls: int
    kinds: tuple[Kind, ...]
    peak_to_mean: Decimal = Decimal(1)
    """Calls of the busiest minutes to those of a minute on average: what provisioned throughput must carry."""
    growth: Decimal = Decimal(0)
    months: int = 12
    infrastructure: tuple[Expense, ...] = ()

    def calls_in(self, month: int) -> int:
        """How many calls there are in a month, the first of which is 0."""
        return round(self.calls * (1 + Fraction(self.growth)) ** month)

    @property
    def infrastructure_nanos(self) -> int:
        """What all of it costs a month."""
        return sum(each.nanos for each in self.infrastructure)


def scenario_from(value: Mapping[str, Any]) -> Scenario:
    """A scenario from JSON. ImpossibleScenarioError says what does not fit, and where."""
    try:
        found = msgspec.convert(value, Scenario)
    except msgspec.ValidationError as error:
        raise ImpossibleScenarioError(f"It does not fit: {str(error).replace('`$.', '`')}.") from error
    return checked(found)


def plain(scenario: Scenario) -> dict[str, Any]:
    """The JSON of a scenario; decimals are texts, so that they stay exact."""
    value: dict[str, Any] = msgspec.to_builtins(scenario)
    return value


def checked(scenario: Scenario) -> Scenario:
    """The scenario itself. ImpossibleScenarioError for the first member that is out of bounds."""
    _within("calls", scenario.calls, 1, MAX_CALLS)
    _within("months", scenario.months, 1, MAX_MONTHS)
    _within("peak_to_mean", scenario.peak_to_mean, 1, MAX_PEAK)
    _within("growth", scenario.growth, Decimal("-0.99"), MAX_GROWTH)
    if scenario.calls_in(scenario.months - 1) > MAX_CALLS:
        raise ImpossibleScenarioError(
            "growth: with it there would be more than 10^12 calls in the last month: choose less."
        )
    if not 1 <= len(scenario.kinds) <= MAX_KINDS:
        raise ImpossibleScenarioError(f"kinds: 1 to {MAX_KINDS} kinds of calls make a mix.")
    for number, kind in enumerate(scenario.kinds):
        at = f"kinds.{number}"
        if not kind.name.strip():
            raise ImpossibleScenarioError(f"{at}.name: say what these calls are.")
        _within(f"{at}.share", kind.share, Decimal("0.000001"), 10**9)
        _within(f"{at}.input_tokens", kind.input_tokens, 0, MAX_TOKENS)
        _within(f"{at}.output_tokens", kind.output_tokens, 0, MAX_TOKENS)
        _within(f"{at}.cached_share", kind.cached_share, 0, 1)
        _within(f"{at}.written_share", kind.written_share, 0, 1 - kind.cached_share)
        _within(f"{at}.complexity", kind.complexity, Decimal("0.1"), MAX_COMPLEXITY)
    if len(scenario.infrastructure) > MAX_KINDS:
        raise ImpossibleScenarioError(f"infrastructure: at most {MAX_KINDS} lines.")
    for number, expense in enumerate(scenario.infrastructure):
        _within(f"infrastructure.{number}.nanos", expense.nanos, 0, MAX_NANOS // 1000)
    return scenario


def _within(name: str, value: Decimal | int, least: Decimal | int, most: Decimal | int) -> None:
    if not (Decimal(value).is_finite() and least <= value <= most):
        raise ImpossibleScenarioError(f"{name}: from {least} to {most} goes, not {str(value)[:40]}.")
    check_places(name, value)


def check_places(name: str, value: Decimal | int) -> None:
    """ImpossibleScenarioError for a fraction that is too fine: reckoned with exactly, 1e-1000000 takes minutes."""
    exponent = Decimal(value).as_tuple().exponent
    if isinstance(exponent, int) and exponent < -MAX_PLACES:
        raise ImpossibleScenarioError(f"{name}: at most {MAX_PLACES} decimal places.")
