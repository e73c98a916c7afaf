"""The form of a scenario: what stands in the address of the page, so that a scenario can be sent to somebody."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import MinValueValidator
from msgspec import structs

from gateway.costs.policy.choice import COMMITMENTS, MAX_NAME, Choice, OwnPrice, Units, checked_choice
from gateway.costs.policy.scenario import (
    COMPLEXITIES,
    Expense,
    ImpossibleScenarioError,
    Kind,
    Scenario,
    checked,
)
from kernel.money import dollars_to_nanos, plain_usd

ROWS = 7
"""Kinds of calls on the page."""
_KIND = ("name", "share", "input", "output", "cached", "written", "complexity")
_HUNDRED = Decimal(100)


def _amount(label: str, help_text: str = "") -> forms.DecimalField:
    return forms.DecimalField(
        label=label, required=False, min_value=0, max_digits=16, decimal_places=9, help_text=help_text,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )  # fmt: skip


def _percent(label: str, least: int = 0, most: int = 100, help_text: str = "") -> forms.DecimalField:
    return forms.DecimalField(
        label=label, required=False, min_value=least, max_value=most, max_digits=8, decimal_places=3, help_text=help_text,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )  # fmt: skip


def _number(label: str, help_text: str = "", *, most: int = 10**12) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, required=False, min_value=0, max_value=most, help_text=help_text, widget=forms.TextInput(attrs={"inputmode": "numeric"})
    )  # fmt: skip


class ScenarioForm(forms.Form):
    """A scenario and what it is priced at. `checked_parts` gives both; errors are the form's."""

    calls = forms.IntegerField(label="Calls a month", min_value=1, max_value=10**12, widget=forms.TextInput(attrs={"inputmode": "numeric"}))  # fmt: skip
    growth = _percent("Growth, % a month", -99, 1000, "Of calls, from month to month.")
    months = forms.IntegerField(label="Months", min_value=1, max_value=60)
    peak = forms.DecimalField(
        label="Peak to mean", required=False, max_digits=8, decimal_places=2, validators=[MinValueValidator(1)],
        help_text="Calls of the busiest minutes to those of a minute on average: model units must carry them.",
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )  # fmt: skip
    machines = _amount("Machines, $ a month", "Gateways, web, workers.")
    database = _amount("Database, $ a month", "Postgres, Valkey, back-ups.")
    others = _amount("Other, $ a month", "Network, logs, people on call.")
    routes = forms.MultipleChoiceField(
        label="Models", required=False, help_text="The first is what the others are held against."
    )
    batch = forms.BooleanField(label="Batch inference beside them", required=False)
    direct = forms.BooleanField(label="The provider's own API beside them", required=False)
    bedrock_discount = _percent("Discount at AWS, %", 0, 99)
    direct_discount = _percent("Discount at the provider, %", 0, 99)
    bedrock_fixed = _amount("Fixed at AWS, $ a month", "Endpoints in a VPC, support.")
    direct_fixed = _amount("Fixed at the provider, $ a month", "A plan, a contract's minimum.")
    own_name = forms.CharField(label="Another price list", required=False, max_length=MAX_NAME)
    own_input = _amount("Input, $ per million tokens")
    own_output = _amount("Output, $ per million tokens")
    own_cached = _amount("Read from a cache")
    own_fixed = _amount("Fixed, $ a month")
    unit_hour = _amount("Model unit, $ an hour", "Without a commitment.")
    unit_month = _amount("Committed for a month, $ an hour")
    unit_half_year = _amount("Committed for six months, $ an hour")
    units = _number("Units at least", most=10_000)
    unit_input = _number(
        "Input tokens a minute of a unit",
        "AWS tells your account manager. Empty: a unit is taken to carry all.",
    )
    unit_output = _number("Output tokens a minute of a unit")

    def __init__(self, data: Mapping[str, Any] | None, *, routes: Iterable[str]) -> None:
        super().__init__(data)
        for row in range(ROWS):
            self._add_kind(row)
        field: Any = self.fields["routes"]
        field.choices = [(name, name) for name in routes]
        field.widget.attrs["size"] = 8

    def _add_kind(self, row: int) -> None:
        self.fields[f"name{row}"] = forms.CharField(label=f"Kind {row + 1}", required=False, max_length=200)
        self.fields[f"share{row}"] = _amount(f"Share of kind {row + 1}")
        self.fields[f"input{row}"] = _number(f"Input tokens of kind {row + 1}", most=10**8)
        self.fields[f"output{row}"] = _number(f"Output tokens of kind {row + 1}", most=10**8)
        self.fields[f"cached{row}"] = _percent(f"Cached share of kind {row + 1}")
        self.fields[f"written{row}"] = _percent(f"Written share of kind {row + 1}")
        self.fields[f"complexity{row}"] = _amount(f"Complexity of kind {row + 1}")
        for name in _KIND:
            self.fields[f"{name}{row}"].widget.attrs["aria-label"] = self.fields[f"{name}{row}"].label

    def clean(self) -> dict[str, Any]:
        """What is half filled in is said, and never left out."""
        cleaned = self.cleaned_data
        for row in range(ROWS):
            if _none(cleaned, f"input{row}", f"output{row}") and not _none(
                cleaned, *(f"{name}{row}" for name in _KIND)
            ):
                self.add_error(
                    f"input{row}",
                    "How many tokens of input, and of output, has such a call? Empty the whole line to leave it out.",
                )
        if _none(cleaned, "own_input") != _none(cleaned, "own_output"):
            self.add_error(
                "own_input" if _none(cleaned, "own_input") else "own_output",
                "A price list takes a price of input and one of output.",
            )
        elif _none(cleaned, "own_input") and not _none(cleaned, "own_name", "own_cached", "own_fixed"):
            self.add_error("own_input", "What do input and output cost by this price list?")
        if _none(cleaned, "unit_hour", "unit_month", "unit_half_year") and not _none(
            cleaned, "units", "unit_input", "unit_output"
        ):
            self.add_error("unit_hour", "What does a model unit cost an hour?")
        return cleaned

    @property
    def rows(self) -> list[list[forms.BoundField]]:
        """The fields of each kind."""
        return [[self[f"{name}{row}"] for name in _KIND] for row in range(ROWS)]

    def of(self, *names: str) -> list[forms.BoundField]:
        return [self[name] for name in names]

    @property
    def volume(self) -> list[forms.BoundField]:
        return self.of("calls", "growth", "months", "peak", "machines", "database", "others")

    @property
    def terms(self) -> list[forms.BoundField]:
        return self.of("bedrock_discount", "bedrock_fixed", "direct_discount", "direct_fixed")

    @property
    def own(self) -> list[forms.BoundField]:
        return self.of("own_name", "own_input", "own_output", "own_cached", "own_fixed")

    @property
    def provisioned(self) -> list[forms.BoundField]:
        return self.of("unit_hour", "unit_month", "unit_half_year", "units", "unit_input", "unit_output")

    @property
    def complexities(self) -> Any:
        return COMPLEXITIES

    def scenario(self) -> Scenario:
        """What was typed. ImpossibleScenarioError where it can't be."""
        cleaned = self.cleaned_data
        kinds = [
            Kind(
                name=cleaned[f"name{row}"] or f"Kind {row + 1}",
                share=_or(cleaned[f"share{row}"], 1),
                input_tokens=cleaned[f"input{row}"] or 0,
                output_tokens=cleaned[f"output{row}"] or 0,
                cached_share=_or(cleaned[f"cached{row}"], 0) / _HUNDRED,
                written_share=_or(cleaned[f"written{row}"], 0) / _HUNDRED,
                complexity=_or(cleaned[f"complexity{row}"], 1),
            )
            for row in range(ROWS)
            if cleaned[f"input{row}"] is not None or cleaned[f"output{row}"] is not None
        ]
        labels = (("Machines", "machines"), ("Database", "database"), ("Other", "others"))
        beside = [Expense(name=label, nanos=_nanos(cleaned[name])) for label, name in labels if cleaned[name]]
        return checked(
            Scenario(
                calls=cleaned["calls"], kinds=tuple(kinds), peak_to_mean=_or(cleaned["peak"], 1),
                growth=_or(cleaned["growth"], 0) / _HUNDRED, months=cleaned["months"], infrastructure=tuple(beside),
            )
        )  # fmt: skip

    def choice(self) -> Choice:
        """What it is priced at."""
        cleaned = self.cleaned_data
        own: tuple[OwnPrice, ...] = ()
        if cleaned["own_input"] is not None and cleaned["own_output"] is not None:
            own = (
                OwnPrice(
                    name=cleaned["own_name"] or "Another price list", input_nanos=_nanos(cleaned["own_input"]),
                    output_nanos=_nanos(cleaned["own_output"]),
                    cache_read_nanos=None if cleaned["own_cached"] is None else _nanos(cleaned["own_cached"]),
                    fixed_nanos=_nanos(cleaned["own_fixed"]),
                ),
            )  # fmt: skip
        hourly = zip(("unit_hour", "unit_month", "unit_half_year"), COMMITMENTS, strict=True)
        return checked_choice(
            Choice(
                routes=tuple(cleaned["routes"]),
                with_batch=cleaned["batch"],
                with_direct=cleaned["direct"],
                own=own,
                provisioned=tuple(
                    Units(
                        hourly_nanos=_nanos(cleaned[name]), commitment_months=months, units=cleaned["units"] or 1,
                        input_tpm=cleaned["unit_input"] or None, output_tpm=cleaned["unit_output"] or None,
                    )
                    for name, months in hourly
                    if cleaned[name]
                ),
                bedrock_discount=_or(cleaned["bedrock_discount"], 0) / _HUNDRED,
                direct_discount=_or(cleaned["direct_discount"], 0) / _HUNDRED,
                bedrock_fixed_nanos=_nanos(cleaned["bedrock_fixed"]),
                direct_fixed_nanos=_nanos(cleaned["direct_fixed"]),
            )
        )  # fmt: skip


def values_of(scenario: Scenario, choice: Choice) -> dict[str, Any]:
    """What the form has for a scenario and a choice; more kinds than it has rows are left out."""
    found: dict[str, Any] = {
        "calls": scenario.calls, "growth": _text(scenario.growth * _HUNDRED), "months": scenario.months, "peak": _text(scenario.peak_to_mean),
        "routes": list(choice.routes), "bedrock_discount": _text(choice.bedrock_discount * _HUNDRED),
        "direct_discount": _text(choice.direct_discount * _HUNDRED), "bedrock_fixed": plain_usd(choice.bedrock_fixed_nanos),
        "direct_fixed": plain_usd(choice.direct_fixed_nanos),
    }  # fmt: skip
    found |= {
        name: "on" for name, is_on in (("batch", choice.with_batch), ("direct", choice.with_direct)) if is_on
    }
    for row, kind in enumerate(scenario.kinds[:ROWS]):
        texts = (
            kind.name, _text(kind.share), kind.input_tokens, kind.output_tokens, _text(kind.cached_share * _HUNDRED),
            _text(kind.written_share * _HUNDRED), _text(kind.complexity),
        )  # fmt: skip
        found |= {f"{name}{row}": value for name, value in zip(_KIND, texts, strict=True)}
    for expense in scenario.infrastructure:
        name = {"Machines": "machines", "Database": "database"}.get(expense.name, "others")
        found[name] = plain_usd(expense.nanos + (dollars_to_nanos(found[name]) if name in found else 0))
    for own in choice.own[:1]:
        found |= {
            "own_name": own.name, "own_input": plain_usd(own.input_nanos), "own_output": plain_usd(own.output_nanos),
            "own_cached": "" if own.cache_read_nanos is None else plain_usd(own.cache_read_nanos), "own_fixed": plain_usd(own.fixed_nanos),
        }  # fmt: skip
    for units in choice.provisioned:
        name = {0: "unit_hour", 1: "unit_month", 6: "unit_half_year"}[units.commitment_months]
        found |= {name: plain_usd(units.hourly_nanos), "units": units.units, "unit_input": units.input_tpm or "", "unit_output": units.output_tpm or ""}  # fmt: skip
    return found


def is_shown_whole(form: ScenarioForm, scenario: Scenario, choice: Choice) -> bool:
    """Whether the form, filled in with them, says all of a scenario and a choice: the API's may have more than it has places for."""
    if not form.is_valid():
        return False
    try:
        again, chosen = form.scenario(), form.choice()
    except ImpossibleScenarioError:
        return False
    return (
        structs.replace(again, infrastructure=()) == structs.replace(scenario, infrastructure=())
        and again.infrastructure_nanos == scenario.infrastructure_nanos
        and structs.replace(chosen, provisioned=()) == structs.replace(choice, provisioned=())
        and sorted(map(repr, chosen.provisioned)) == sorted(map(repr, choice.provisioned))
    )


def _none(cleaned: Mapping[str, Any], *names: str) -> bool:
    """Whether nothing was typed in any of these fields. One with an error of its own has something."""
    return all(name in cleaned and cleaned[name] in (None, "") for name in names)


def _or(value: Decimal | None, default: int) -> Decimal:
    return Decimal(default) if value is None else value


def _nanos(dollars: Decimal | None) -> int:
    return dollars_to_nanos(dollars) if dollars else 0


def _text(value: Decimal) -> str:
    return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"
