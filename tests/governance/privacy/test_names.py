"""The pool of workers that read names, with real processes: they die, are replaced, are too many, and end."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import suppress

import psutil
import pytest

from governance.privacy.policy.recognition.ner import Span
from governance.privacy.services.names import NamesBusyError, NamesFailedError, NamesPool
from governance.privacy.services.names.pool import Spans
from tests.services import until

TEXT = "Yesterday Angela Merkel met Emmanuel Macron in Berlin to talk about trade."
LONG = " ".join([TEXT] * 4000)
"""What takes a worker long enough to be killed over it."""


@pytest.fixture(scope="module")
def pool() -> Iterator[NamesPool]:
    pool = NamesPool(workers=1, queue_size=4, timeout_seconds=60)
    yield pool
    pool.stop()


def worker_of(pool: NamesPool) -> int:
    until(lambda: len(pool.process_ids()) == 1, what="a worker")
    return pool.process_ids()[0]


def read(pool: NamesPool, *texts: str) -> Spans:
    return pool.submit(list(texts)).result(90)


def people(text: str, spans: list[Span] | None) -> set[str]:
    assert spans is not None
    return {text[start:end] for start, end, label in spans if label == "PERSON"}


def test_names_are_found_in_each_text(pool: NamesPool) -> None:
    other = "She lives in Paris."
    first, second, none = read(pool, TEXT, other, "")
    assert people(TEXT, first) == {"Angela Merkel", "Emmanuel Macron"}
    assert [(other[start:end], label) for start, end, label in second] == [("Paris", "LOCATION")]
    assert none == []


def test_offsets_are_code_points_of_the_text_as_it_is(pool: NamesPool) -> None:
    for text in (
        f"😀 é {TEXT}",
        f"\ud83d {TEXT}",
        f"{TEXT} \udc00\ud800",
        f"שלום\n{TEXT}",
        f"\x00\x1f {TEXT}",
    ):
        (spans,) = read(pool, text)
        assert "Angela Merkel" in people(text, spans)


@pytest.mark.parametrize(
    "text",
    ["Jan Kowalski mieszka w Warszawie i pracuje w banku, gdzie zarabia za mało, żeby kupić mieszkanie.",
     "Мария живёт в Москве и работает в большом банке, где она получает хорошую зарплату."],
)  # fmt: skip
def test_a_text_of_a_language_that_the_model_does_not_know_is_not_read(pool: NamesPool, text: str) -> None:
    short = text.split()[0]
    assert read(pool, text) == [None]
    assert pool.submit([short], [text]).result(90) == [None]
    assert pool.submit([short], [TEXT]).result(90) != [None]


def test_names_in_capitals_are_read(pool: NamesPool) -> None:
    (spans,) = read(pool, TEXT.upper())
    assert "ANGELA MERKEL" in people(TEXT.upper(), spans)


def test_a_worker_killed_at_work_is_replaced_and_the_text_still_read(pool: NamesPool) -> None:
    read(pool, "ready")
    before, deaths = worker_of(pool), pool.deaths
    future = pool.submit([LONG])
    until(lambda: pool.waiting == 0 and cpu_of(before), what="work")
    os.kill(before, signal.SIGKILL)
    (spans,) = future.result(90)
    assert people(LONG, spans) >= {"Angela Merkel"}
    assert pool.deaths == deaths + 1
    assert worker_of(pool) != before


def cpu_of(pid: int) -> bool:
    return psutil.Process(pid).status() == psutil.STATUS_RUNNING


@pytest.mark.slow
def test_a_worker_killed_between_texts_is_replaced_unseen(pool: NamesPool) -> None:
    read(pool, "ready")
    os.kill(worker_of(pool), signal.SIGKILL)
    (spans,) = read(pool, TEXT)
    assert "Angela Merkel" in people(TEXT, spans)


def test_a_text_over_which_workers_die_again_and_again_fails(pool: NamesPool) -> None:
    read(pool, "ready")
    is_over = threading.Event()

    def kill_all() -> None:
        while not is_over.is_set():
            for pid in pool.process_ids():
                with suppress(ProcessLookupError):  # it has just died of the kill before
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)

    killer = threading.Thread(target=kill_all)
    killer.start()
    try:
        with pytest.raises(NamesFailedError):
            pool.submit([LONG]).result(90)
    finally:
        is_over.set()
        killer.join()
    (spans,) = read(pool, TEXT)  # and the next text is read as ever
    assert "Angela Merkel" in people(TEXT, spans)


@pytest.mark.slow
def test_a_worker_that_takes_too_long_is_killed_and_the_text_fails() -> None:
    pool = NamesPool(workers=1, queue_size=2, timeout_seconds=0.2)
    try:
        with pytest.raises(NamesFailedError):
            pool.submit([LONG]).result(120)
        assert pool.deaths == 2
    finally:
        pool.stop()


def test_more_than_the_queue_takes_is_refused_at_once(pool: NamesPool) -> None:
    read(pool, "ready")
    worker = worker_of(pool)
    os.kill(worker, signal.SIGSTOP)
    futures = []
    try:
        futures.append(pool.submit([TEXT]))
        until(lambda: pool.waiting == 0, what="the worker's turn")
        futures += [pool.submit([TEXT]) for _ in range(4)]
        with pytest.raises(NamesBusyError):
            pool.submit([TEXT])
        assert futures[-1].cancel()  # nobody waits for it any more: it is not read
    finally:
        os.kill(worker, signal.SIGCONT)
    assert all(future.result(90) for future in futures[:-1])
    with pytest.raises(CancelledError):
        futures[-1].result(90)
    read(pool, TEXT)


def test_without_workers_there_are_no_names() -> None:
    pool = NamesPool(workers=0, queue_size=4, timeout_seconds=1)
    pool.warm_up()
    with pytest.raises(NamesBusyError):
        pool.submit([TEXT])
    assert pool.process_ids() == []
    pool.stop()


@pytest.mark.parametrize("is_working", [False, True])
def test_stop_leaves_no_process_and_nobody_waiting(is_working: bool) -> None:
    pool = NamesPool(workers=2, queue_size=8, timeout_seconds=60)
    read(pool, "ready")
    until(lambda: len(pool.process_ids()) == 2, seconds=60, what="both workers")
    workers = [psutil.Process(pid) for pid in pool.process_ids()]
    futures = [pool.submit([LONG]) for _ in range(6)] if is_working else []
    pool.stop()
    for future in futures:
        with pytest.raises(NamesFailedError):
            future.result(30)
    until(
        lambda: not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in workers),
        what="the end",
    )
    with pytest.raises(NamesBusyError):
        pool.submit([TEXT])
    until(
        lambda: not any(thread.name.startswith("names-") and thread.is_alive() for thread in pool._threads),
        what="threads",
    )
    assert pool.process_ids() == []


def test_stop_while_a_worker_starts_leaves_none() -> None:
    pool = NamesPool(workers=1, queue_size=2, timeout_seconds=60)
    future = pool.submit([TEXT])
    until(lambda: bool(pool.process_ids()), what="a worker that starts")
    pool.stop()
    with pytest.raises(NamesFailedError):
        future.result(30)
    until(lambda: not any(thread.is_alive() for thread in pool._threads), what="the end of its thread")
    assert pool.process_ids() == []


def test_stop_with_texts_that_nobody_waits_for_any_more() -> None:
    pool = NamesPool(workers=1, queue_size=4, timeout_seconds=60)
    read(pool, "ready")
    worker = worker_of(pool)
    os.kill(worker, signal.SIGSTOP)
    first = pool.submit([TEXT])
    until(lambda: pool.waiting == 0, what="the worker's turn")
    left, waiting = pool.submit([TEXT]), pool.submit([TEXT])
    assert left.cancel()
    pool.stop()
    for future in (first, waiting):
        with pytest.raises(NamesFailedError):
            future.result(30)
    until(lambda: not is_there(worker), what="the end")


def is_there(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_a_worker_that_cannot_be_started_is_a_failure_and_not_a_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = NamesPool(workers=1, queue_size=4, timeout_seconds=60)
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    try:
        with pytest.raises(NamesFailedError):
            pool.submit([TEXT]).result(30)
        monkeypatch.undo()
        (spans,) = read(pool, TEXT)
        assert "Angela Merkel" in people(TEXT, spans)
    finally:
        pool.stop()


@pytest.mark.parametrize("error", [RuntimeError, MemoryError, KeyError])
def test_a_thread_outlives_what_it_meets(error, monkeypatch: pytest.MonkeyPatch) -> None:
    found = NamesPool(workers=1, queue_size=4, timeout_seconds=60)
    monkeypatch.setattr(found, "_ensure", lambda number: None)
    met = [error]

    def ask(number: int, texts: list[tuple[str, str]]) -> Spans:
        if met:
            raise met.pop()
        return [[]]

    monkeypatch.setattr(found, "_ask", ask)
    with pytest.raises(NamesFailedError):
        read(found, TEXT)
    assert read(found, TEXT) == [[]]
    found.stop()
