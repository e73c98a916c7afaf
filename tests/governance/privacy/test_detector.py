"""What is found in texts, with real workers that read names: remembered, asked once, and what holds when they are down."""

import asyncio
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import pytest

from governance.privacy.policy.detection import MAX_SEGMENT_LENGTH, TextHits
from governance.privacy.policy.engines import GUARDRAIL
from governance.privacy.policy.privacy import PrivacyRule
from governance.privacy.policy.ruleset import RuleSet
from governance.privacy.services.detector import Detected, Detector, NamesUnavailableError
from governance.privacy.services.names import NamesPool
from governance.screening.policy.findings import Finding
from tests.governance.privacy.samples import EMAIL, rule_set
from tests.services import until

TEXT = f"Yesterday Angela Merkel wrote to {EMAIL} from Berlin."
PERSON, MAIL = PrivacyRule(entity="PERSON"), PrivacyRule(entity="EMAIL_ADDRESS")
RULES = rule_set(PERSON, MAIL, names=True)
STRICT = rule_set(PERSON, MAIL, names=True, overload="block")
BY_FORM = rule_set(PERSON, MAIL)


class CountingPool(NamesPool):
    """The real one, and what it was asked."""

    def __init__(self) -> None:
        super().__init__(workers=1, queue_size=2, timeout_seconds=60)
        self.asked: list[str] = []

    def submit(self, texts: list[str], beside: Sequence[str] = ()) -> "Future[Any]":
        future = super().submit(texts, beside)
        self.asked += texts
        return future


@pytest.fixture(scope="module")
def workers() -> Iterator[CountingPool]:
    pool = CountingPool()
    yield pool
    pool.stop()


@pytest.fixture
def pool(workers: CountingPool) -> CountingPool:
    workers.submit(["ready"]).result(90)
    workers.asked.clear()
    return workers


@pytest.fixture
def detector(pool: CountingPool) -> Detector:
    return Detector(pool)


def detect(detector: Detector, rules: RuleSet, *texts: str, **options: object) -> Detected:
    return asyncio.run(detector.detect(rules, list(texts), **options))


def kinds(found: TextHits) -> dict[str, int]:
    return dict(found.counts)


@contextmanager
def stuck(pool: NamesPool) -> Iterator[None]:
    """The worker stands still, and the queue before it is full."""
    (worker,) = pool.process_ids()
    os.kill(worker, signal.SIGSTOP)
    try:
        futures = [pool.submit(["x"])]
        until(lambda: pool.waiting == 0, what="the worker's turn")
        futures += [pool.submit(["x"]) for _ in range(2)]
        yield
    finally:
        os.kill(worker, signal.SIGCONT)
    for future in futures:
        future.result(60)


def test_names_and_forms_are_found_together(detector: Detector) -> None:
    detected = detect(detector, RULES, TEXT, "nothing here")
    assert detected.names_read
    assert kinds(detected.found[TEXT]) == {"PERSON": 1, "EMAIL_ADDRESS": 1}
    assert [TEXT[hit.start : hit.end] for hit in detected.found[TEXT].to_model] == ["Angela Merkel", EMAIL]
    assert detected.found[TEXT].read_characters == len(TEXT)
    assert detected.found["nothing here"].is_clean


def test_a_text_goes_to_the_workers_once(detector: Detector, pool: CountingPool) -> None:
    first = detect(detector, RULES, TEXT, TEXT)
    assert pool.asked == [TEXT]
    assert detector.recall(RULES, TEXT) == detector.found(RULES, TEXT) == first.found[TEXT]
    assert pool.asked == [TEXT]
    assert detector.recall(RULES, TEXT + " ") is None


def test_other_rules_ask_anew(detector: Detector, pool: CountingPool) -> None:
    detect(detector, RULES, TEXT)
    others = rule_set(PrivacyRule(entity="PERSON", to_model="redact"), names=True)
    assert detector.recall(others, TEXT) is None
    assert detector.recall(BY_FORM, TEXT) is None
    assert kinds(detect(detector, others, TEXT).found[TEXT]) == {"PERSON": 1}
    assert pool.asked == [TEXT, TEXT]
    assert (
        detector.recall(rule_set(PERSON, MAIL, names=True), TEXT) is not None
    )  # the same rules, compiled again


def test_without_names_no_worker_is_asked(detector: Detector, pool: CountingPool) -> None:
    detected = detect(detector, BY_FORM, TEXT)
    assert (detected.names_read, kinds(detected.found[TEXT])) == (True, {"EMAIL_ADDRESS": 1})
    assert detected.found[TEXT].read_characters == 0
    assert pool.asked == []
    assert detector.recall(BY_FORM, TEXT) is not None


def test_memory_holds_no_text_and_is_bounded(detector: Detector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("governance.privacy.services.detector.REMEMBERED_TEXTS", 3)
    for number in range(5):
        detector.found(BY_FORM, f"{number} {EMAIL}")
    assert [detector.recall(BY_FORM, f"{number} {EMAIL}") is not None for number in range(5)] == [
        False,
        False,
        True,
        True,
        True,
    ]
    assert EMAIL not in repr(vars(detector))


def test_what_was_asked_last_is_remembered_longest(
    detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("governance.privacy.services.detector.REMEMBERED_TEXTS", 2)
    detector.found(BY_FORM, "a")
    detector.found(BY_FORM, "b")
    detector.recall(BY_FORM, "a")
    detector.found(BY_FORM, "c")
    assert [detector.recall(BY_FORM, text) is not None for text in "abc"] == [True, False, True]


def test_a_long_text_is_read_in_segments_and_whole(detector: Detector, pool: CountingPool) -> None:
    text = "\n".join(f"On day {number} it rained, and nobody came." for number in range(200)) + f"\n{TEXT}"
    detected = detect(detector, RULES, text)
    assert max(map(len, pool.asked)) <= MAX_SEGMENT_LENGTH
    assert "".join(pool.asked) == text
    assert {"Angela Merkel", EMAIL} <= {text[hit.start : hit.end] for hit in detected.found[text].to_model}


@pytest.mark.parametrize("text", [f"\ud83d {TEXT}", f"{TEXT} \udc00", f"😀 {TEXT}", f"e\u0301 שלום {TEXT}"])
def test_any_text_is_read_at_its_places(detector: Detector, text: str) -> None:
    found = detect(detector, RULES, text).found[text]
    assert {"Angela Merkel", EMAIL} <= {text[hit.start : hit.end] for hit in found.to_model}


def test_when_the_queue_is_full_patterns_go_on_alone_and_nothing_is_remembered(
    detector: Detector, pool: CountingPool
) -> None:
    with stuck(pool):
        detected = detect(detector, RULES, TEXT)
        assert not detected.names_read
        assert kinds(detected.found[TEXT]) == {"EMAIL_ADDRESS": 1}
        assert detected.found[TEXT].read_characters == 0
        assert detector.recall(RULES, TEXT) is None
        assert kinds(detector.found(RULES, TEXT)) == {"EMAIL_ADDRESS": 1}
        assert detector.recall(RULES, TEXT) is None
    assert kinds(detect(detector, RULES, TEXT).found[TEXT]) == {"EMAIL_ADDRESS": 1, "PERSON": 1}


def test_when_the_queue_is_full_the_call_is_refused_where_policy_says_so(
    detector: Detector, pool: CountingPool
) -> None:
    with stuck(pool), pytest.raises(NamesUnavailableError):
        detect(detector, STRICT, TEXT)
    assert detector.recall(STRICT, TEXT) is None
    assert detect(detector, STRICT, TEXT).names_read


def test_batches_that_do_not_all_fit_are_taken_back(
    detector: Detector, pool: CountingPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("governance.privacy.services.detector._SECONDS_FOR_NAMES", 3.0)
    long = [f"{number} {'word ' * 390}" for number in range(20)]  # of which two are a batch
    (worker,) = pool.process_ids()
    os.kill(worker, signal.SIGSTOP)
    try:
        assert not detect(detector, RULES, *long).names_read
    finally:
        os.kill(worker, signal.SIGCONT)
    until(lambda: pool.waiting == 0, what="the end of the queue")
    assert detect(detector, RULES, TEXT).names_read


def test_a_worker_killed_meanwhile_is_not_noticed(detector: Detector, pool: CountingPool) -> None:
    (worker,) = pool.process_ids()
    os.kill(worker, signal.SIGSTOP)

    async def scenario() -> Detected:
        task = asyncio.create_task(detector.detect(RULES, [TEXT]))
        await asyncio.to_thread(until, lambda: pool.asked and not pool.waiting)
        os.kill(worker, signal.SIGKILL)
        return await task

    detected = asyncio.run(scenario())
    assert (detected.names_read, kinds(detected.found[TEXT])) == (True, {"EMAIL_ADDRESS": 1, "PERSON": 1})


@pytest.mark.slow
def test_workers_that_cannot_read_are_as_workers_that_are_busy(detector: Detector) -> None:
    text = TEXT * 500  # takes a worker too long to be read before it is given up, however slow that is
    for rules, is_refused in ((RULES, False), (STRICT, True)):
        pool = NamesPool(workers=1, queue_size=2, timeout_seconds=0)
        alone = Detector(pool)
        try:
            if is_refused:
                with pytest.raises(NamesUnavailableError):
                    detect(alone, rules, text)
            else:
                assert not detect(alone, rules, text).names_read
            assert alone.recall(rules, text) is None
        finally:
            pool.stop()


def test_no_workers_are_as_workers_that_are_busy() -> None:
    alone = Detector(NamesPool(workers=0, queue_size=2, timeout_seconds=1))
    assert not detect(alone, RULES, TEXT).names_read
    with pytest.raises(NamesUnavailableError):
        detect(alone, STRICT, TEXT)
    assert detect(alone, BY_FORM, TEXT).names_read


def test_what_another_engine_found_is_added_and_remembered_if_it_is_all(detector: Detector) -> None:
    text = "the booking BK-1 of yesterday"
    extra = {text: [Finding(12, 16, "BOOKING", 1.0, GUARDRAIL)]}
    rules = rule_set(MAIL, guardrail="gr-1")
    partly = detect(detector, rules, text, extra=extra, may_remember=False)
    assert kinds(partly.found[text]) == {"BOOKING": 1}
    assert detector.recall(rules, text) is None
    detect(detector, rules, text, extra=extra)
    remembered = detector.recall(rules, text)
    assert remembered is not None
    assert kinds(remembered) == {"BOOKING": 1}
