from decimal import Decimal

import pytest

from prompts.registry.policy.document import Document, Knowledge, Output, PromptMessage
from prompts.registry.policy.rendering import Compiled, UnusableVersionError
from prompts.rollout.policy.service_contract import Promise, Seen, Term, broken_text, judged, kept_text
from prompts.rollout.policy.unsure import Promised, Unsure, fixed_answer, says_unsure, shortcoming

ALL = Promise(
    p95_ms=1000, availability=Decimal("99.5"), max_cost_nanos=1_000_000, format_percent=Decimal(99),
    fallback_percent=Decimal(5), minimum_calls=100,
)  # fmt: skip
GOOD = Seen(
    calls=200, answered=199, p95_ms=1000, cost_nanos=199_000_000, with_contract=100, fitting=99, fallbacks=10
)


def broken(seen):
    return {found.term for found in judged(ALL, seen) if found.is_kept is False}


def test_what_is_just_kept_is_kept():
    assert [found.is_kept for found in judged(ALL, GOOD)] == [True] * 5
    assert [found.term for found in judged(Promise(p95_ms=1), GOOD)] == [Term.LATENCY]
    assert judged(Promise(), GOOD) == []


@pytest.mark.parametrize(
    ("change", "term"),
    [
        ({"p95_ms": 1000.5}, Term.LATENCY),
        ({"answered": 198, "cost_nanos": 198_000_000}, Term.AVAILABILITY),
        ({"cost_nanos": 199_200_000}, Term.COST),
        ({"fitting": 98}, Term.FORMAT),
        ({"fallbacks": 11}, Term.FALLBACK),
    ],
)
def test_each_promise_is_broken_by_itself(change, term):
    values = {name: getattr(GOOD, name) for name in GOOD.__struct_fields__}
    assert broken(Seen(**{**values, **change})) == {term}


def test_too_few_calls_say_nothing():
    few = Seen(calls=99, answered=1, p95_ms=9999, cost_nanos=10**12, with_contract=99, fallbacks=99)
    assert all(found.is_kept is None for found in judged(ALL, few))
    assert {found.measured for found in judged(ALL, Seen())} == {"no calls"}


def test_alerts_say_what_was_promised_and_what_was_seen():
    found = judged(ALL, Seen(calls=200, answered=180, p95_ms=2340))
    assert broken_text("support", found[0], minutes=60) == (
        "support breaks its service contract: 95 % of calls are to be answered within 1,000 ms, measured 2,340 ms "
        "(180 calls in the last 60 minutes)."
    )
    assert "availability is to be at least 99.5 %, measured 90 %" in broken_text(
        "support", found[1], minutes=60
    )
    assert kept_text("support", found[0]).startswith(
        "support keeps its service contract again: latency is 2,340 ms"
    )


def unsure(promised, **counts):
    seen = Seen(calls=1000, unsure={Unsure(name): number for name, number in counts.items()})
    (found,) = judged(Promise(when_unsure=promised, minimum_calls=100), seen)
    return found


@pytest.mark.parametrize(
    ("promised", "kept", "broken"),
    [
        (Promised.FALLBACK, ("answer", "fallback"), ("refused", "asked", "said")),
        (Promised.REFUSE, ("refused",), ("answer", "fallback", "asked", "said")),
        (Promised.SAY_SO, ("answer", "said"), ("fallback", "refused", "asked")),
    ],
)
def test_one_unsure_call_that_is_not_as_promised_breaks_it(promised, kept, broken):
    assert unsure(promised, **dict.fromkeys(kept, 3)).is_kept is True
    assert unsure(promised).is_kept is None
    for what in broken:
        found = unsure(promised, **dict.fromkeys(kept, 20), **{what: 1})
        assert (found.is_kept, found.calls) == (False, 20 * len(kept) + 1)
        assert found.measured.startswith(f"{20 * len(kept)} of {20 * len(kept) + 1} calls, else ")
        assert len(found.measured) <= 100


def test_what_unsure_calls_got_is_told():
    assert broken_text("support", unsure(Promised.FALLBACK, answer=37, asked=3), minutes=60) == (
        "support breaks its service contract: callers of a prompt that is unsure are to get the fallback answer, measured "
        "37 of 40 calls, else the model was asked (40 calls in the last 60 minutes)."
    )
    assert kept_text("support", unsure(Promised.REFUSE, refused=2)) == (
        "support keeps its service contract again: unsure, callers get a refusal (2 of 2 calls)."
    )


SCHEMA = {"type": "object", "properties": {"unsure": {"type": "boolean"}}, "required": ["unsure"]}


def version(*, output=None, **knowledge):
    return Compiled(
        Document(messages=(PromptMessage(text="Hi"),), model="m", output=output or Output(), knowledge=Knowledge(**knowledge))
    )  # fmt: skip


BASES = {"bases": ("handbook",), "unsure_below": 0.5}


@pytest.mark.parametrize(
    ("made", "promised", "words"),
    [
        (version(), Promised.FALLBACK, "draws on no knowledge"),
        (version(bases=("handbook",)), Promised.REFUSE, "names no confidence"),
        (version(**BASES), Promised.FALLBACK, "the model is asked all the same"),
        (version(**BASES), Promised.REFUSE, "does not refuse"),
        (version(**BASES, when_unsure="refuse"), Promised.REFUSE, ""),
        (version(**BASES, when_unsure="refuse", unsure_answer="I don't know."), Promised.SAY_SO, "refuses calls"),
        (version(**BASES, unsure_answer="I don't know."), Promised.SAY_SO, ""),
        (version(**BASES, unsure_answer="I don't know."), Promised.FALLBACK, ""),
        (version(**BASES, unsure_answer="No.", output=Output(schema=SCHEMA)), Promised.FALLBACK, "does not keep"),
        (version(**BASES, unsure_answer="No.", output=Output(schema=SCHEMA, fallback={"unsure": True})), Promised.FALLBACK, ""),
        (version(**BASES, unsure_answer="No.", output=Output(schema=SCHEMA, fallback={"unsure": True})), Promised.SAY_SO, "does not keep"),
        (version(output=Output(schema=SCHEMA, unsure_when="unsure")), Promised.SAY_SO, ""),
        (version(**BASES, output=Output(schema=SCHEMA, unsure_when="unsure")), Promised.SAY_SO, "the model is asked"),
        (version(**BASES, when_unsure="refuse", output=Output(schema=SCHEMA, unsure_when="unsure")), Promised.REFUSE, "the model itself"),
    ],
)  # fmt: skip
def test_versions_without_the_means_are_named(made, promised, words):
    found = shortcoming(made, promised)
    assert words in found
    assert bool(words) == bool(found)


def test_the_answer_instead_of_a_guess():
    assert fixed_answer(version(**BASES, unsure_answer="No.")) == (Unsure.ANSWER, "No.")
    own, other = Output(schema=SCHEMA), Output(schema=SCHEMA, fallback={"unsure": True})
    fits = '{"unsure": true}'
    assert fixed_answer(version(**BASES, unsure_answer=fits, output=own)) == (Unsure.ANSWER, fits)
    assert fixed_answer(version(**BASES, unsure_answer="No.", output=other)) == (
        Unsure.FALLBACK,
        '{"unsure":true}',
    )
    assert fixed_answer(version(**BASES, unsure_answer="No.", output=own))[0] is Unsure.REFUSED


def test_the_model_may_say_so_itself():
    output = Output(schema=SCHEMA, unsure_when="meta.unsure")
    assert says_unsure(output, {"meta": {"unsure": True}})
    for value in (
        {"meta": {"unsure": False}},
        {"meta": {"unsure": 1}},
        {"meta": {"unsure": "true"}},
        {},
        [],
        None,
    ):
        assert not says_unsure(output, value)
    assert not says_unsure(Output(schema=SCHEMA), {"unsure": True})
    for output in (Output(unsure_when="unsure"), Output(schema=SCHEMA, unsure_when="doubt")):
        with pytest.raises(UnusableVersionError, match="that it is unsure"):
            version(output=output)
