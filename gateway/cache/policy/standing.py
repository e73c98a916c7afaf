"""PURE: whether a route serves similar questions or exact ones only, and why, in words."""

from dataclasses import dataclass

from gateway.cache.policy.bound import PRIOR, Evidence, interval, may_serve
from gateway.catalogue.cache_rules import OFF, SERVE, CacheRuleEntry


@dataclass(frozen=True, slots=True)
class Standing:
    """How a route stands: shares of wrong answers are from 0 to 1, of the study's pairs and its own together."""

    serves: bool
    """Whether answers to similar questions are given."""
    low: float
    high: float
    bound: float | None
    """None where no rule holds for it."""
    text: str


def standing(rule: CacheRuleEntry | None, own: Evidence) -> Standing:
    """How a route stands by the rule that holds for it, and what is known of it."""
    together = own + PRIOR
    low, high = interval(together.wrong, together.served)
    if rule is None:
        return Standing(False, low, high, None, "No cache rule holds for it any more.")
    if rule.semantic == OFF:
        text = "Serves exact answers only: similar questions are switched off."
        return Standing(False, low, high, rule.error_bound, text)
    holds, bound = may_serve(own, rule.error_bound), f"{rule.error_bound * 100:g} %"
    if rule.semantic == SERVE:
        served = f"Serves similar questions: surely at most {percent(high)} of answers are wrong, and {bound} may be."
        barred = f"Serves exact answers only: up to {percent(high)} of answers to similar questions may be wrong, and the bound is {bound}."
        return Standing(holds, low, high, rule.error_bound, served if holds else barred)
    would = f"would be served: surely at most {percent(high)} of answers are wrong, and {bound} may be."
    not_yet = f"would not be served: up to {percent(high)} of answers may be wrong, and the bound is {bound}."
    return Standing(
        False, low, high, rule.error_bound, f"In shadow: similar questions {would if holds else not_yet}"
    )


def percent(share: float) -> str:
    """A share for people: with so many places that it says something."""
    value = share * 100
    places = 0 if value in (0, 100) or value >= 10 else 1 if value >= 1 else 2
    return f"{value:.{places}f} %"
