"""What each rule and recognizer costs on a text."""

from dataclasses import dataclass

from governance.privacy.policy.custom_rules import CustomRule
from governance.privacy.policy.kinds import title
from governance.privacy.policy.recognition import engine
from governance.privacy.policy.ruleset import RuleSet
from governance.privacy.services.trial import spans_of
from governance.screening.policy.secrets import find_secrets
from kernel.clock import elapsed_ms, perf_counter

_TIMES = 3


@dataclass(frozen=True, slots=True)
class Timing:
    """The best of three runs over a text."""

    name: str
    milliseconds: float


def timings(rules: RuleSet, text: str) -> list[Timing]:
    """The dearest first."""
    found = [
        Timing(
            ", ".join(sorted(title(kind) for kind in kinds & rules.patterns)[:3])
            + ("…" if len(kinds & rules.patterns) > 3 else ""),
            _best(recognize, text),
        )
        for kinds, recognize in engine.RECOGNIZERS
        if not kinds.isdisjoint(rules.patterns)
    ]
    found += [
        Timing(f"Your rule {rule.entity}", _best(CustomRule(rule).find, text))
        for _, rule in rules.effective.rules
        if rule.is_custom
    ]
    if rules.secrets:
        found.append(Timing(title("SECRET"), _best(find_secrets, text)))
    if rules.names:
        begun = perf_counter()
        spans_of([text])
        found.append(Timing("Names, with the language model", elapsed_ms(begun)))
    return sorted(found, key=lambda each: -each.milliseconds)


def _best(recognize: engine.Recognize, text: str) -> float:
    times = []
    for _ in range(_TIMES):
        begun = perf_counter()
        for _found in recognize(text):
            pass
        times.append(elapsed_ms(begun))
    return min(times)
