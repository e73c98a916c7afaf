"""Rows of usage as the API and the exports show them."""

from typing import Any

from governance.usage.policy.usage import FIGURES, Sums, UsageQuery
from governance.usage.selectors.usage import UsageRow
from kernel.money import plain_usd

_COSTS = {name: name.replace("_nanos", "_usd") for name in FIGURES if name.endswith("_nanos")}


def row_data(query: UsageQuery, row: UsageRow) -> dict[str, Any]:
    """A row as the API and the exports show it."""
    when = {} if row.starts_at is None else {"starts_at": row.starts_at.isoformat()}
    return {**when, **dict(zip(query.group_by, row.key, strict=True)), **figures(row.sums)}


def figures(sums: Sums) -> dict[str, Any]:
    """Figures with costs in dollars."""
    found: dict[str, Any] = {}
    for name in FIGURES:
        value = getattr(sums, name)
        if name in _COSTS:
            found[_COSTS[name]] = plain_usd(value)
        elif name != "duration_us":
            found[name] = value
    return {**found, "cached_share": round(sums.cached_share, 4), "mean_ms": round(sums.mean_ms, 3)}
