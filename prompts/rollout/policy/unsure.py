"""PURE: what comes of a call whose answer can't be relied on, and which versions can behave as is promised."""

from enum import StrEnum

from prompts.registry.policy.document import Output
from prompts.registry.policy.json_values import at_path
from prompts.registry.policy.rendering import Compiled


class Unsure(StrEnum):
    """What a caller got. The record says it of every call that was unsure."""

    ANSWER = "answer"  # the version's answer for that
    FALLBACK = "fallback"  # another declared answer, since that one does not keep the output contract
    REFUSED = "refused"
    ASKED = "asked"  # the model's answer all the same
    SAID = "said"  # the model's answer, which says itself that it is unsure


class Promised(StrEnum):
    """What a service contract can promise."""

    FALLBACK = "fallback"
    REFUSE = "refuse"
    SAY_SO = "say_so"


KEEPING = {
    Promised.FALLBACK: frozenset({Unsure.ANSWER, Unsure.FALLBACK}),
    Promised.REFUSE: frozenset({Unsure.REFUSED}),
    Promised.SAY_SO: frozenset({Unsure.ANSWER, Unsure.SAID}),
}
NAMES = {
    Promised.FALLBACK: "the fallback answer",
    Promised.REFUSE: "a refusal",
    Promised.SAY_SO: "an answer that says so",
}
WORDS = {
    Unsure.ANSWER: "a fixed answer was given",
    Unsure.FALLBACK: "the fallback answer was given",
    Unsure.REFUSED: "the call was refused",
    Unsure.ASKED: "the model was asked",
    Unsure.SAID: "the model said so",
}


def says_unsure(output: Output, value: object) -> bool:
    """Whether the JSON of an answer says itself that it is unsure, where the version names a member for that."""
    return bool(output.unsure_when) and at_path(value, output.unsure_when) is True


def shortcoming(compiled: Compiled, promised: Promised) -> str:
    """Why a version can't behave as promised when it is unsure, to follow its name; "" where it can."""
    knowledge, says_so = compiled.document.knowledge, bool(compiled.document.output.unsure_when)
    if promised is Promised.SAY_SO and says_so and not (knowledge.bases and knowledge.unsure_below):
        return ""
    if not knowledge.bases:
        return "draws on no knowledge, so it never knows that it is unsure"
    if not knowledge.unsure_below:
        return "names no confidence below which it is unsure"
    if promised is Promised.REFUSE:
        if knowledge.when_unsure != "refuse":
            return "does not refuse calls when it is unsure"
    elif knowledge.when_unsure == "refuse":
        return "refuses calls when it is unsure"
    elif not knowledge.unsure_answer:
        return "has no answer for when it is unsure: the model is asked all the same"
    elif _answer(compiled) not in KEEPING[promised]:
        return "has an answer for when it is unsure that does not keep its output contract"
    if says_so and promised is not Promised.SAY_SO:
        return "hands on answers in which the model itself says that it is unsure"
    return ""


def fixed_answer(compiled: Compiled) -> tuple[Unsure, str]:
    """What is answered instead of guessing, and what that is; REFUSED where nothing declared keeps the output contract."""
    answer = compiled.document.knowledge.unsure_answer
    if compiled.contract is None:
        return Unsure.ANSWER, answer
    reading = compiled.contract.read(answer)
    if reading.is_valid:
        return Unsure.ANSWER, reading.text
    kept = compiled.contract.fixed(answer)
    return (Unsure.REFUSED, "") if kept is None else (Unsure.FALLBACK, kept)


def _answer(compiled: Compiled) -> Unsure:
    return fixed_answer(compiled)[0]
