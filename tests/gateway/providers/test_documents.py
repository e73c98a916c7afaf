"""Documents are read a few at once, and no team's hold up another's; what was read is known again, for its team alone."""

import asyncio
import threading
from base64 import b64encode

import pytest

from gateway.providers import documents
from gateway.providers.documents import DocumentReader, DocumentReadError, ReadersBusyError
from prompts.knowledge.policy.blocks import BlockKind, TextBlock
from prompts.knowledge.services.extraction import ExtractionLimits

LIMITS = ExtractionLimits(bytes=1000, memory_mb=64, seconds=1, characters=1000)


class Slow:
    """Reads a document of the letter s only when it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.begun = threading.Semaphore(0)
        self.read: list[bytes] = []

    def __call__(self, content: bytes, *args, **more) -> list[TextBlock]:
        self.read.append(content)
        self.begun.release()
        if content.startswith(b"%PDF-s"):
            self.let_go.wait(30)
        return [TextBlock(BlockKind.PARAGRAPH, content.decode())]


@pytest.fixture
def slow(monkeypatch):
    reading = Slow()
    monkeypatch.setattr(documents, "extract", reading)
    yield reading
    reading.let_go.set()


def pdf(text: str) -> str:
    return b64encode(f"%PDF-{text}".encode()).decode()


async def begun(slow: Slow, number: int) -> None:
    for _ in range(number):
        await asyncio.to_thread(slow.begun.acquire, timeout=30)


def test_slow_documents_of_one_team_hold_up_nobody_else(slow):
    async def scenario() -> None:
        reader = DocumentReader(LIMITS)
        waiting = [asyncio.create_task(reader.read(pdf(f"s{n}"), "pdf", team=1)) for n in range(5)]
        await begun(slow, 2)
        assert await reader.read(pdf("quick"), "pdf", team=2) == "%PDF-quick"
        assert len(slow.read) == 3
        slow.let_go.set()
        assert len(await asyncio.gather(*waiting)) == 5
        reader.stop()

    asyncio.run(scenario())


def test_a_place_is_taken_until_its_child_has_ended_though_nobody_waits(slow, monkeypatch):
    monkeypatch.setattr(documents, "_WAIT_SECONDS", 0.05)

    async def scenario() -> None:
        reader = DocumentReader(LIMITS)
        left = [asyncio.create_task(reader.read(pdf(f"s{n}"), "pdf", team=1)) for n in range(2)]
        await begun(slow, 2)
        for each in left:
            each.cancel()
        await asyncio.wait(left)
        with pytest.raises(ReadersBusyError):
            await reader.read(pdf("quick"), "pdf", team=1)
        slow.let_go.set()
        monkeypatch.setattr(documents, "_WAIT_SECONDS", 20.0)
        assert await reader.read(pdf("quick"), "pdf", team=1) == "%PDF-quick"
        reader.stop()

    asyncio.run(scenario())


def test_what_was_read_is_known_again_for_its_team_and_within_bounds(slow, monkeypatch):
    monkeypatch.setattr(documents, "_REMEMBERED_CHARACTERS", 30)

    async def scenario() -> list[bytes]:
        reader = DocumentReader(LIMITS)
        for text, team in (("a", 1), ("a", 1), ("a", 2), ("b" * 20, 1), ("a", 1)):
            assert await reader.read(pdf(text), "pdf", team=team) == f"%PDF-{text}"
        reader.stop()
        return slow.read

    assert asyncio.run(scenario()) == [b"%PDF-a", b"%PDF-a", b"%PDF-" + b"b" * 20, b"%PDF-a"]


@pytest.mark.parametrize(("encoded", "why"), [("A" * 2000, "larger than"), ("no base64!", "base64")])
def test_what_is_too_large_or_no_base64_is_no_work(slow, encoded, why):
    async def scenario() -> None:
        with pytest.raises(DocumentReadError, match=why):
            await DocumentReader(LIMITS).read(encoded, "pdf", team=1)

    asyncio.run(scenario())
    assert not slow.read
