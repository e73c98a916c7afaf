"""PURE: figures turned into lengths, for the bars and charts of the pages."""

from dataclasses import dataclass

from kernel.money import format_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """How much of a limit is used, in per cent and in words."""

    spent_percent: float
    reserved_percent: float
    level: str
    text: str


def bar_of(*, spent: int, reserved: int, limit: int) -> Bar:
    """The bar of a budget, of nano-dollars. From 80 % it warns, from 100 % it alarms."""
    spent_percent = _percent(spent, limit)
    used = _percent(spent + reserved, limit)
    text = f"{format_usd(spent)} of {format_usd(limit)}"
    if reserved:
        text += f", {format_usd(reserved)} reserved"
    return Bar(
        spent_percent=spent_percent,
        reserved_percent=max(0.0, used - spent_percent),
        level="full" if used >= 100 else "high" if used >= 80 else "normal",
        text=text,
    )


def _percent(part: int, whole: int) -> float:
    if whole <= 0:
        return 100.0 if part > 0 else 0.0
    return round(min(100.0, max(0.0, part * 100 / whole)), 2)


_ROUND = (0.1, 0.12, 0.16, 0.2, 0.24, 0.28, 0.32, 0.4, 0.48, 0.6, 0.8, 1.0)


def nice_ceiling(value: float) -> float:
    """The least round number that is not below a value and whose quarters are round, too; 1 for nothing."""
    if value <= 0:
        return 1.0
    power = 1.0
    while power < value:
        power *= 10
    while power / 10 >= value:
        power /= 10
    return next(power * step for step in _ROUND if power * step >= value)
