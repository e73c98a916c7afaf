"""PURE: Bedrock or a provider's own API: questions, what each answer speaks for, and the rules that follow from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from gateway.catalogue.routing_rules import BEDROCK, CHEAPEST, NEWEST, SCORE, RuleEntry, Weights

GOOD_ENOUGH = 0.7
"""The quality bar of the rule that ships."""
CLEARLY = 2
"""Points from which one side is recommended; below, both."""
NOTABLE = Fraction(1, 10)
"""A difference in cost that counts; from three times it, it counts twice."""


@dataclass(frozen=True, slots=True)
class Option:
    """An answer. Points above 0 speak for Bedrock, below 0 for the provider's own API; `must` decides by itself."""

    value: str
    label: str
    points: int = 0
    reason: str = ""
    must: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. The first option holds where nobody answers."""

    key: str
    title: str
    options: tuple[Option, ...]

    def chosen(self, answers: Mapping[str, str]) -> Option:
        """The answer that was given."""
        return next((each for each in self.options if each.value == answers.get(self.key)), self.options[0])


QUESTIONS = (
    Question("compliance", "Must a contract with AWS cover what is said?", (
        Option("no", "No"),
        Option("helps", "It would help", 1, "Your contract with AWS covers Bedrock: nothing more is to be signed."),
        Option("yes", "Yes: health data, an audit, a regulator", 0, "Only Bedrock is under your contract with AWS.", "bedrock"),
    )),
    Question("residency", "Must it stay in a region or a geography?", (
        Option("no", "No"),
        Option("yes", "Yes, in the one named below", 0, "Bedrock's regions and profiles can be pinned; of a provider's own API the gateway knows no place.", "bedrock"),
    )),
    Question("network", "May calls leave AWS's network?", (
        Option("yes", "Yes"),
        Option("rather_not", "Rather not", 1, "Bedrock can be reached by endpoints within a VPC."),
        Option("no", "No", 0, "Only Bedrock can be reached without the Internet.", "bedrock"),
    )),
    Question("newest", "How soon is a new model needed?", (
        Option("any", "Later is fine"),
        Option("weeks", "Within weeks", -1, "New models often come to Bedrock some time after the provider's own API."),
        Option("first_day", "On its first day", -3, "New models, and all of their features, are at the provider's own API first."),
    )),
    Question("features", "Are tools needed that only the provider hosts?", (
        Option("no", "No"),
        Option("yes", "Yes: its search, its files, its assistants", 0, "What a provider hosts beside its models is not on Bedrock.", "direct"),
    )),
    Question("skills", "What does the team know?", (
        Option("both", "Both, or neither"),
        Option("aws", "AWS: IAM, VPC, CloudWatch", 1, "The team runs AWS already: keys, alarms and bills stay in one place."),
        Option("vendor", "The provider's SDK and console", -1, "The team knows the provider's own tools."),
    )),
    Question("commitment", "Is there a commitment or a discount?", (
        Option("none", "None"),
        Option("aws", "With AWS", 2, "What Bedrock costs counts towards the commitment with AWS."),
        Option("direct", "With the provider", -2, "What is committed to the provider is paid whether it is used or not."),
    )),
    Question("outage", "What if one side is out?", (
        Option("wait", "It can wait"),
        Option("go_on", "Answers must go on", 0, "With both sides on one route, an outage of one is an ordinary fail-over."),
    )),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Costs:
    """What a scenario costs on each side, in nano-dollars; None where a side has no price."""

    bedrock: int | None
    direct: int | None

    @property
    def option(self) -> Option:
        """What the difference speaks for."""
        if not self.bedrock or not self.direct:
            return Option("unknown", "Only one side has a price")
        part = Fraction(self.direct - self.bedrock, max(self.bedrock, self.direct))
        if abs(part) < NOTABLE:
            return Option("same", "They cost about the same")
        points = 2 if abs(part) >= 3 * NOTABLE else 1
        side, less = ("Bedrock", points) if part > 0 else ("The provider's own API", -points)
        return Option("differs", "", less, f"{side} costs {float(abs(part)):.0%} less for this scenario.")


@dataclass(frozen=True, slots=True)
class Advice:
    """bedrock, direct, both or split; how sure, from 0 to 1; reasons for each side; and the rules that make it so.

    split: something must be on Bedrock and something else on the provider's own API, which takes a route each.
    """

    choice: str
    confidence: float
    for_bedrock: tuple[str, ...]
    for_direct: tuple[str, ...]
    notes: tuple[str, ...]
    rules: tuple[RuleEntry, ...]


def advise(
    answers: Mapping[str, str], costs: Costs, *, routes: frozenset[str] = frozenset(), use_cases: frozenset[str] = frozenset(),
    regions: tuple[str, ...] = (), providers: tuple[str, ...] = (), name: str = "",
) -> Advice:  # fmt: skip
    """What the answers come to. `providers` are the places of its deployments in the catalogue (anthropic, openai, …)."""
    options = [question.chosen(answers) for question in QUESTIONS]
    musts = {option.must for option in options if option.must}
    weighed = [*options, costs.option]
    points = sum(option.points for option in weighed)
    if musts == {"bedrock", "direct"}:
        choice, confidence = "split", 0.9
    elif musts:
        choice, confidence = musts.pop(), 0.95
    else:
        choice = "bedrock" if points >= CLEARLY else "direct" if points <= -CLEARLY else "both"
        confidence = min(0.9, 0.6 + 0.05 * abs(points)) if choice != "both" else 0.6
    if (
        answers.get("outage") == "go_on"
        and choice in ("bedrock", "direct")
        and not any(option.must for option in options)
    ):
        choice = "both"
    pins = regions if answers.get("residency") == "yes" else ()
    return Advice(
        choice=choice,
        confidence=confidence,
        for_bedrock=tuple(each.reason for each in weighed if each.reason and (each.points > 0 or each.must == "bedrock")),
        for_direct=tuple(each.reason for each in weighed if each.reason and (each.points < 0 or each.must == "direct")),
        notes=tuple(each.reason for each in weighed if each.reason and not each.points and not each.must),
        rules=_rules(choice, confidence, answers, points, routes=routes, use_cases=use_cases, pins=pins, providers=providers, name=name),
    )  # fmt: skip


def _rules(
    choice: str, confidence: float, answers: Mapping[str, str], points: int, *, routes: frozenset[str], use_cases: frozenset[str],
    pins: tuple[str, ...], providers: tuple[str, ...], name: str,
) -> tuple[RuleEntry, ...]:  # fmt: skip
    what = name or "Bedrock or direct"

    def rule(then: str, choose: str, **more: object) -> RuleEntry:
        return RuleEntry(
            name=f"{what}: {then}", choose=choose, routes=routes, use_cases=use_cases, confidence=round(confidence, 2), **more,  # type: ignore[arg-type]
        )  # fmt: skip

    if choice in ("bedrock", "split"):
        return (rule("Bedrock only", BEDROCK, regions=pins),)
    if choice == "direct":
        choose = NEWEST if answers.get("newest") == "first_day" else SCORE
        return (rule("the provider's own API only", choose, regions=providers),)
    if answers.get("newest") == "first_day":
        return (rule("the newest model", NEWEST),)
    if abs(points) == 1:
        return (rule("the cheapest that is good enough", CHEAPEST, quality_bar=GOOD_ENOUGH),)
    return (rule("the best score", SCORE, weights=Weights()),)
