"""PURE: what a test expects of an answer, and whether it holds. One struct for each kind of assertion."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from kernel.errors import InvalidError
from kernel.money import dollars_to_nanos, format_usd
from kernel.stored_json import unkeepable
from prompts.evaluations.policy.verdict import AssertionOutcome, Observation, Score, failed, passed, unjudged
from prompts.evaluations.policy.wordings import contains, pattern_found, pattern_problem
from prompts.registry.policy.json_schema import schema_errors, schema_problem
from prompts.registry.policy.json_values import first_difference, parsed, shown


class _Assertion(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", omit_defaults=True):  # fmt: skip
    """What all kinds have in common: `kind` in JSON says which it is."""

    @property
    def kind(self) -> str:
        return str(self.__struct_config__.tag)


class Equals(_Assertion, frozen=True, tag="equals"):
    """The answer is the case's expected value, or `value`: JSON is compared as JSON, texts without outer spaces."""

    value: Any = None
    ignore_case: bool = False

    def check(self, seen: Observation) -> AssertionOutcome:
        wanted = seen.expected if self.value is None else self.value
        if wanted is None:
            return failed(self.kind, "There is nothing to compare with: give the case an expected answer, or this a value.")  # fmt: skip
        if not isinstance(wanted, str):
            return self._check_json(wanted, seen)
        one, other = wanted.strip(), seen.output.strip()
        if one == other or (self.ignore_case and one.casefold() == other.casefold()):
            return passed(self.kind, "Equal.")
        return failed(self.kind, f"Expected {shown(one)}, got {shown(other)}.")

    def _check_json(self, wanted: Any, seen: Observation) -> AssertionOutcome:
        found = parsed(seen.output, seen.data)
        if found is None:
            return failed(self.kind, f"Expected JSON, got {shown(seen.output)}.")
        difference = first_difference(wanted, found.value)
        return passed(self.kind, "Equal.") if difference is None else failed(self.kind, difference)


class Contains(_Assertion, frozen=True, tag="contains"):
    """The answer has all of these texts, or with `any_of` one of them; without texts, the expected one."""

    texts: list[str] = []
    any_of: bool = False
    ignore_case: bool = True

    def check(self, seen: Observation) -> AssertionOutcome:
        wanted = self.texts or ([seen.expected] if isinstance(seen.expected, str) else [])
        if not wanted:
            return failed(
                self.kind, "There is no text to look for: give this texts, or the case an expected one."
            )
        has = {text: contains(text, seen.output, ignore_case=self.ignore_case) for text in wanted}
        missing = [text for text in wanted if not has[text]]
        if not missing or (self.any_of and len(missing) < len(wanted)):
            return passed(self.kind, f"Contains {', '.join(shown(text) for text in wanted if has[text])}.")
        which = "None of these is in it" if self.any_of else "Missing"
        return failed(self.kind, f"{which}: {', '.join(map(shown, missing))}.")


class Pattern(_Assertion, frozen=True, tag="pattern"):
    """The pattern (RE2) is found somewhere in the answer; `whole`: it is the whole answer."""

    pattern: str
    whole: bool = False
    ignore_case: bool = False

    def check(self, seen: Observation) -> AssertionOutcome:
        text = seen.output.strip() if self.whole else seen.output
        found = pattern_found(self.pattern, text, ignore_case=self.ignore_case, whole=self.whole)
        if found is None:
            return failed(self.kind, f"The pattern {shown(self.pattern)} {'does not fit' if self.whole else 'is not in'} {shown(seen.output)}.")  # fmt: skip
        return passed(self.kind, f"Found {shown(found)}.")


class JsonSchema(_Assertion, frozen=True, tag="json_schema"):
    """The answer is JSON that fits the schema."""

    schema: dict[str, Any] | bool

    def check(self, seen: Observation) -> AssertionOutcome:
        found = parsed(seen.output, seen.data)
        if found is None:
            return failed(self.kind, f"Expected JSON, got {shown(seen.output)}.")
        errors = schema_errors(self.schema, found.value, most=3)
        return failed(self.kind, " ".join(errors)) if errors else passed(self.kind, "Fits the schema.")


class Numeric(_Assertion, frozen=True, tag="numeric"):
    """The answer's number is within `tolerance`, or `percent`, of the expected one.

    `path` leads to it in JSON (“total”, “items.0.price”). Without one the answer is a number, or has exactly one in it.
    """

    value: float | None = None
    tolerance: float = 0.0
    percent: float = 0.0
    path: str = ""

    def check(self, seen: Observation) -> AssertionOutcome:
        wanted = seen.expected_number(self.path) if self.value is None else self.value
        if wanted is None:
            return failed(self.kind, "There is no number to compare with: give the case an expected one, or this a value.")  # fmt: skip
        found = seen.number(self.path)
        if isinstance(found, str):
            return failed(self.kind, found)
        most = max(self.tolerance, abs(wanted) * self.percent / 100)
        away = abs(found - wanted)
        # The last digits of sums in binary are no difference.
        if away <= most or math.isclose(away, most, rel_tol=1e-9, abs_tol=1e-12):
            return passed(self.kind, f"{found:g} is within {most:g} of {wanted:g}.")
        return failed(self.kind, f"Expected {wanted:g} ± {most:g}, got {found:g}.")


class Similarity(_Assertion, frozen=True, tag="similarity"):
    """The answer means about the same as the expected one, or as `text`: the cosine of their embeddings, from -1 to 1."""

    at_least: float = 0.8
    text: str = ""
    model: str = ""

    def check(self, seen: Observation, score: Score | None) -> AssertionOutcome:
        if score is None or score.value is None:
            return unjudged(self.kind, score.reason if score else "The similarity was not measured.")
        words = f"Similarity {score.value:.3f}, at least {self.at_least:g} is asked."
        verdict = passed if score.value >= self.at_least else failed
        return verdict(self.kind, words, score=score.value)


class Forbidden(_Assertion, frozen=True, tag="forbidden"):
    """None of these texts, and none of these patterns (RE2), is in the answer."""

    texts: list[str] = []
    patterns: list[str] = []
    ignore_case: bool = True

    def check(self, seen: Observation) -> AssertionOutcome:
        for text in self.texts:
            if contains(text, seen.output, ignore_case=self.ignore_case):
                return failed(self.kind, f"Has {shown(text)} in it, which is forbidden.")
        for pattern in self.patterns:
            found = pattern_found(pattern, seen.output, ignore_case=self.ignore_case)
            if found is not None:
                return failed(
                    self.kind, f"Has {shown(found)} in it, which the pattern {shown(pattern)} forbids."
                )
        return passed(self.kind, "Nothing forbidden is in it.")


class Latency(_Assertion, frozen=True, tag="latency"):
    """The answer took at most so many milliseconds."""

    at_most_ms: float

    def check(self, seen: Observation) -> AssertionOutcome:
        words = f"Took {seen.duration_ms:,.0f} ms of at most {self.at_most_ms:,.0f} ms."
        return (passed if seen.duration_ms <= self.at_most_ms else failed)(self.kind, words)


class Cost(_Assertion, frozen=True, tag="cost"):
    """The call cost at most so much: dollars as a decimal string, such as "0.002"."""

    at_most_usd: str

    def check(self, seen: Observation) -> AssertionOutcome:
        most = dollars_to_nanos(self.at_most_usd)
        words = f"Cost {format_usd(seen.cost_nanos)} of at most {format_usd(most)}."
        return (passed if seen.cost_nanos <= most else failed)(self.kind, words)


class Judge(_Assertion, frozen=True, tag="judge"):
    """A prompt, in a version of its own, reads the answer by a rubric and scores it from 0 to 1."""

    prompt: str
    version: int
    rubric: str
    at_least: float = 0.7

    def check(self, seen: Observation, score: Score | None) -> AssertionOutcome:
        if score is None or score.value is None:
            return unjudged(self.kind, score.reason if score else "The judge was not asked.")
        words = f"The judge gives {score.value:.2f}, at least {self.at_least:g} is asked: {score.reason}"
        verdict = passed if score.value >= self.at_least else failed
        return verdict(self.kind, words, score=score.value)


Measured = Similarity | Judge
"""Kinds that take a call of their own before they can be checked."""
Assertion = (
    Equals | Contains | Pattern | JsonSchema | Numeric | Similarity | Forbidden | Latency | Cost | Judge
)
KINDS: tuple[tuple[str, type[Assertion]], ...] = (
    ("equals", Equals), ("contains", Contains), ("pattern", Pattern), ("json_schema", JsonSchema), ("numeric", Numeric),
    ("similarity", Similarity), ("forbidden", Forbidden), ("latency", Latency), ("cost", Cost), ("judge", Judge),
)  # fmt: skip
MAX_ASSERTIONS = 50
"""Of one case."""


class BadAssertionError(InvalidError):
    """Assertions that can't be used. The message says which and why, for the person who wrote them."""

    code = "bad_assertion"


def check(assertion: Assertion, seen: Observation, *, score: Score | None = None) -> AssertionOutcome:
    """Whether an assertion holds. `score` is what was measured for it, where it takes that."""
    if isinstance(assertion, Similarity | Judge):
        return assertion.check(seen, score)
    return assertion.check(seen)


def decode_assertions(raw: Any) -> list[Assertion]:
    """Assertions of their JSON. Raises BadAssertionError."""
    if not isinstance(raw, list):
        raise BadAssertionError("Assertions are a JSON list, such as [{\"kind\": \"contains\", \"texts\": [\"refund\"]}].")  # fmt: skip
    if len(raw) > MAX_ASSERTIONS:
        raise BadAssertionError(f"There are {len(raw)} assertions: at most {MAX_ASSERTIONS} are taken.")
    found = []
    for number, each in enumerate(raw, 1):
        try:
            assertion: Assertion = msgspec.convert(each, Assertion)
        except msgspec.ValidationError as error:
            raise BadAssertionError(f"Assertion {number}: {_plain(str(error))}") from error
        if unkept := unkeepable(each):
            raise BadAssertionError(f"Assertion {number} ({assertion.kind}) has {unkept}.")
        if problem := problem_of(assertion):
            raise BadAssertionError(f"Assertion {number} ({assertion.kind}): {problem.text}")
        found.append(assertion)
    return found


def _plain(message: str) -> str:
    if "missing required field `kind`" in message or "Invalid value" in message:
        return f"“kind” is one of {', '.join(name for name, _ in KINDS)}."
    return f"{message.replace(' - at `$.', ', at `').replace(' - at `$`', '')}."


class Problem(NamedTuple):
    """Which member of an assertion can't be used, and why."""

    member: str
    text: str


def problem_of(assertion: Assertion) -> Problem | None:
    """What is wrong with an assertion of the right shape; None: it can be used."""
    for member, text in _problems(assertion):
        if text:
            return Problem(member, text)
    return None


def _problems(assertion: Assertion) -> Iterator[tuple[str, str | None]]:
    match assertion:
        case Pattern():
            yield "pattern", pattern_problem(assertion.pattern)
        case Forbidden():
            has_any = assertion.texts or assertion.patterns
            yield "texts", None if has_any else "Say which texts or patterns are forbidden."
            yield from (("patterns", pattern_problem(pattern)) for pattern in assertion.patterns)
        case JsonSchema():
            yield "schema", schema_problem(assertion.schema)
        case Cost():
            yield "at_most_usd", _money_problem(assertion.at_most_usd)
        case Judge():
            has_prompt = assertion.prompt and assertion.version >= 1
            yield (
                "version" if assertion.prompt else "prompt",
                None if has_prompt else "Name the judge's prompt, and the number of its version.",
            )
            yield "prompt", _name_problem(assertion.prompt)
            yield (
                "rubric",
                None if assertion.rubric.strip() else "Give the judge a rubric: what makes a good answer.",
            )
            yield (
                "at_least",
                None if 0 < assertion.at_least <= 1 else "The minimum score is above 0 and at most 1.",
            )
        case Similarity():
            yield "at_least", None if -1 <= assertion.at_least <= 1 else "A similarity is between -1 and 1."
            yield "model", _name_problem(assertion.model)
        case Numeric():
            for member in ("tolerance", "percent"):
                yield member, "A tolerance can't be negative." if getattr(assertion, member) < 0 else None


def _name_problem(name: str) -> str | None:
    return (
        None if name.isprintable() else "Not a valid name: it contains line breaks or invisible characters."
    )


def _money_problem(amount: str) -> str | None:
    try:
        is_amount = dollars_to_nanos(amount) >= 0
    except ValueError:
        is_amount = False
    return None if is_amount else 'Write dollars as a decimal string, such as "0.002".'
