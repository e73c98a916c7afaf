"""PURE: cache rules as people say them."""

from typing import Protocol

from gateway.catalogue.cache_rules import OFF, SHADOW

LOOSE_TEMPERATURE = 1.0
"""Above it a model is asked for another answer each time."""
_UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


class Rule(Protocol):
    """What is said of a rule."""

    exact: bool
    seconds: int
    max_temperature: float
    with_tools: bool
    semantic: str
    slots: bool
    slot_seconds: int
    stale_seconds: int
    error_bound: float


def duration(seconds: int) -> str:
    """A time in whole units: “1 day”, “90 minutes”."""
    size, name = next((size, name) for size, name in _UNITS if seconds % size == 0)
    number = seconds // size
    return f"{number:,} {name}" if number == 1 else f"{number:,} {name}s"


def said(rule: Rule) -> str:
    """What a rule keeps, in a sentence."""
    parts = [f"same requests for {duration(rule.seconds)}"] if rule.exact else []
    if rule.semantic != OFF:
        way = (
            "in shadow"
            if rule.semantic == SHADOW
            else f"served, of which {rule.error_bound * 100:g} % may be wrong"
        )
        parts.append(f"similar questions {way}")
    if rule.slots:
        stale = f", and {duration(rule.stale_seconds)} stale" if rule.stale_seconds else ""
        parts.append(f"slots for {duration(rule.slot_seconds)}{stale}")
    text = "; ".join(parts) or "nothing"
    return f"{text[0].upper()}{text[1:]}"


def cautions(rule: Rule) -> list[str]:
    """What is loose about a rule, and what follows."""
    found = []
    if rule.with_tools:
        found.append(
            "Calls with tools are kept: an answer given again asks for the same tools again. Leave it on only where none of them changes anything."
        )
    if rule.exact and rule.max_temperature > LOOSE_TEMPERATURE:
        found.append(
            f"Calls up to a temperature of {rule.max_temperature:g} are kept: whoever asks for variety gets the same answer for {duration(rule.seconds)}."
        )
    if rule.semantic not in (OFF, SHADOW) and rule.error_bound > 0.05:
        found.append(
            f"{rule.error_bound * 100:g} of 100 answers to similar questions may be wrong before the route serves exact answers only."
        )
    return found
