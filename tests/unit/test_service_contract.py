from decimal import Decimal

import pytest

from prompts.policy.service_contract import Promise, Seen, Term, broken_text, judged, kept_text

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
