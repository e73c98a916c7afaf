"""PURE: which ways to pay a scenario is projected at."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from gateway.costs.policy.scenario import ImpossibleScenarioError, Part, check_places
from kernel.money import MAX_NANOS

MAX_ROUTES = 12
MAX_OFFERS = 6
MAX_NAME = 200
COMMITMENTS = (0, 1, 6)
"""Months; botocore's bedrock model, CommitmentDuration: OneMonth, SixMonths, or none."""


class Units(Part, frozen=True, kw_only=True):
    """Provisioned throughput of one model at one commitment. Nano-dollars per model unit and hour."""

    route: str = ""
    hourly_nanos: int
    commitment_months: int = 0
    units: int = 1
    input_tpm: int | None = None
    output_tpm: int | None = None


class OwnPrice(Part, frozen=True, kw_only=True):
    """A price list that the catalogue does not have: nano-dollars per million tokens, and a month."""

    name: str
    input_nanos: int
    output_nanos: int
    cache_read_nanos: int | None = None
    cache_write_nanos: int | None = None
    fixed_nanos: int = 0


class Choice(Part, frozen=True, kw_only=True):
    """Routes by name, with the lists of the same model beside them, and what is negotiated."""

    routes: tuple[str, ...] = ()
    with_batch: bool = True
    with_direct: bool = True
    own: tuple[OwnPrice, ...] = ()
    provisioned: tuple[Units, ...] = ()
    bedrock_discount: Decimal = Decimal(0)
    direct_discount: Decimal = Decimal(0)
    bedrock_fixed_nanos: int = 0
    direct_fixed_nanos: int = 0


def choice_from(value: Mapping[str, Any]) -> Choice:
    """A choice from JSON. ImpossibleScenarioError says what does not fit, and where."""
    try:
        choice = msgspec.convert(value, Choice)
    except msgspec.ValidationError as error:
        raise ImpossibleScenarioError(f"It does not fit: {str(error).replace('`$.', '`')}.") from error
    return checked_choice(choice)


def plain_choice(choice: Choice) -> dict[str, Any]:
    """The JSON of a choice."""
    value: dict[str, Any] = msgspec.to_builtins(choice)
    return value


def checked_choice(choice: Choice) -> Choice:
    """The choice itself. ImpossibleScenarioError for the first member that does not go."""
    if not choice.routes and not choice.own:
        raise ImpossibleScenarioError(
            "routes: name a model to price the calls at, or a price list of your own."
        )
    if (
        len(choice.routes) > MAX_ROUTES
        or len(choice.own) > MAX_OFFERS
        or len(choice.provisioned) > MAX_OFFERS
    ):
        raise ImpossibleScenarioError(
            f"routes: at most {MAX_ROUTES} models, {MAX_OFFERS} price lists and {MAX_OFFERS} kinds of model units are compared."
        )
    for name in ("bedrock_discount", "direct_discount"):
        discount = getattr(choice, name)
        if not (discount.is_finite() and 0 <= discount < 1):
            raise ImpossibleScenarioError(f"{name}: a part from 0 to below 1: 0.15 is fifteen per cent.")
        check_places(name, discount)
    amounts = [
        ("bedrock_fixed_nanos", choice.bedrock_fixed_nanos),
        ("direct_fixed_nanos", choice.direct_fixed_nanos),
    ]
    for number, own in enumerate(choice.own):
        if not own.name.strip() or len(own.name) > MAX_NAME:
            raise ImpossibleScenarioError(
                f"own.{number}.name: say what this price list is called, in up to {MAX_NAME} characters."
            )
        if own.name in (each.name for each in choice.own[:number]):
            raise ImpossibleScenarioError(
                f"own.{number}.name: there are two price lists “{own.name}”: call one otherwise."
            )
        amounts += [
            (f"own.{number}.{name}", value)
            for name in (
                "input_nanos",
                "output_nanos",
                "cache_read_nanos",
                "cache_write_nanos",
                "fixed_nanos",
            )
            if (value := getattr(own, name)) is not None
        ]
    for number, units in enumerate(choice.provisioned):
        at = f"provisioned.{number}"
        amounts.append((f"{at}.hourly_nanos", units.hourly_nanos))
        if units.commitment_months not in COMMITMENTS:
            raise ImpossibleScenarioError(f"{at}.commitment_months: 0, 1 or 6.")
        if not 1 <= units.units <= 10_000:
            raise ImpossibleScenarioError(f"{at}.units: 1 to 10,000.")
        if any(each is not None and each <= 0 for each in (units.input_tpm, units.output_tpm)):
            raise ImpossibleScenarioError(
                f"{at}: a unit carries more than 0 tokens a minute; leave it out where it is unknown."
            )
    for name, value in amounts:
        if not 0 <= value <= MAX_NANOS // 1000:
            raise ImpossibleScenarioError(f"{name}: an amount from 0 up.")
    return choice
