"""The cells of the matrix, in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.catalogue.admin.prices import dollars
from gateway.discovery.models import Discovered
from gateway.discovery.selectors.matrix import MatrixRow, Way, by_identifier


@dataclass(frozen=True, slots=True)
class MatrixLine:
    """A model, and a cell for each region shown."""

    row: MatrixRow
    cells: list[list["Cell"]]
    price: str
    """The lowest and the highest of its deployments, input and output per million tokens."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One way of calling it: its word, what is known of it, and whether it is deployed."""

    word: str
    way: Way
    price: str
    quota: str

    @property
    def hint(self) -> str:
        return f"{self.price or 'no price'}; {self.quota or 'no quota known'}"


def lines_of(rows: Iterable[MatrixRow], regions: Sequence[str]) -> list[MatrixLine]:
    return [
        MatrixLine(
            row, [[_cell(way) for way in row.ways.get(region, ())] for region in regions], _prices(row)
        )
        for row in rows
    ]


def things_of(
    rows: Iterable[Discovered], regions: Sequence[str]
) -> list[tuple[str, str, list[Discovered | None]]]:
    """Name, ID, and the row of each region."""
    return [
        (name, identifier, [found.get(region) for region in regions])
        for name, identifier, found in by_identifier(rows)
    ]


def _cell(way: Way) -> Cell:
    quotas = (
        (way.requests_per_minute, "requests"), (way.tokens_per_minute, "tokens"),
        (way.input_tokens_per_minute, "input tokens"), (way.output_tokens_per_minute, "output tokens"),
    )  # fmt: skip
    quota = ", ".join(f"{number:,} {noun} a minute" for number, noun in quotas if number)
    return Cell(f"{way.profile}." if way.profile else "on demand", way, _price([way]), quota)


def _price(ways: Sequence[Way]) -> str:
    """Input and output per million tokens, from the lowest to the highest; "" where nothing of it has a price."""
    known = [way for way in ways if way.input_rate is not None]
    spans = [
        (_span([way.input_rate or 0 for way in known]), "in"),
        (_span([way.output_rate or 0 for way in known]), "out"),
    ]
    said = ", ".join(f"{span} {word}" for span, word in spans if span)
    return said or ("by the request" if known else "")


def _prices(row: MatrixRow) -> str:
    return _price([way for ways in row.ways.values() for way in ways]) or "no price"


def _span(rates: list[int]) -> str:
    least, most = min(rates, default=0), max(rates, default=0)
    if not most:
        return ""
    return dollars(least) if least == most else f"{dollars(least)} to {dollars(most)}"
