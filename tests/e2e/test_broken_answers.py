"""An output contract under five hundred answers of every kind of brokenness: delivered valid or refused, never invalid."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import httpx
import jsonschema_rs
import pytest

from tests.e2e.conftest import World
from tests.services import until

ANSWERS = 500
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["item", "count", "tags", "price"],
    "properties": {
        "item": {"type": "string", "minLength": 1},
        "count": {"type": "integer", "minimum": 1, "maximum": 1000},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 5},
        "price": {"type": ["number", "null"]},
        "address": {"type": "object", "properties": {"zip": {"type": "string", "pattern": "^[0-9]{5}$"}}},
    },
    "additionalProperties": False,
}
VALIDATOR = jsonschema_rs.validator_for(SCHEMA)


def value(random: Random) -> dict[str, Any]:
    return {
        "item": random.choice(["pens", "Füller “blau”", "a {b} [c]", 'say "hi"', "x" * 300]),
        "count": random.randint(1, 1000),
        "tags": random.sample(["red", "new", "{}", "```", "é\n"], random.randint(0, 4)),
        "price": random.choice([None, 1.5, 0, 1e10]),
        "address": {"zip": f"{random.randint(10000, 99999)}"},
    }


def broken(random: Random) -> Iterator[tuple[str, str]]:
    """Kinds of brokenness, and of wrapping that is none, without end: (kind, answer)."""
    while True:
        good = value(random)
        text = json.dumps(good, ensure_ascii=random.random() < 0.5, indent=random.choice([None, 2]))
        wrong = {
            "type": {**good, "count": random.choice(["3", 3.5, True, None, [3]])},
            "range": {**good, "count": random.choice([0, -1, 1001, 10**400])},
            "missing": {
                name: each for name, each in good.items() if name != random.choice(["item", "count", "tags"])
            },
            "extra": {**good, "note": "by the way"},
            "nested": {**good, "address": {"zip": "1234"}},
            "items": {**good, "tags": ["a", 1]},
            "list": [good],
            "null": None,
            "text": "pens",
        }
        for kind, each in wrong.items():
            yield kind, json.dumps(each)
        cut = random.randrange(1, len(text))
        yield "whole", text
        yield "fence", f"```json\n{text}\n```"
        yield "fence without a word", f"```\n{text}\n```"
        yield (
            "chatter",
            f"Sure! Here is the JSON you asked for:\n\n{text}\n\nLet me know if you need more {{things}}.",
        )
        yield "cut", text[:cut]
        yield "cut in a fence", f"```json\n{text[:cut]}"
        yield "comma", text.replace("}", ",}")
        yield "quotes", text.replace('"', "'")
        yield "curly quotes", text.replace('"', "\u201c")
        yield "comment", text.replace("{", "{ // the order\n", 1)
        yield "not a number", text.replace('"price":', '"price": NaN, "price":')
        yield "infinity", json.dumps({**good, "price": float("inf")})
        yield "surrogate", text.replace('"item": "', '"item": "\\ud800')
        yield "newline", text.replace('"item": "', '"item": "\n')
        yield "twice", text + text
        yield "two, the second good", f'{{"item": 1}} {text}'
        yield "unclosed", text.rstrip("}") + '"'
        yield "byte order mark", "\ufeff" + text
        yield "markup", f"<json>{text}</json>"
        yield "deep", "[" * 5000
        yield "empty", ""
        yield "blank", " \n "
        yield "prose", "I am sorry, but I can't tell what was ordered."
        yield "python", repr(good)
        yield "escaped", json.dumps(text)
        yield "null byte", text.replace("item", "it\x00em")


@pytest.fixture(scope="module")
def prompts(shared_world: World) -> dict[str, str]:
    """Names of prompts by how the model is held to the schema, and what streams deliver."""
    ways = {
        "text": {"mode": "text"},
        "tool": {"mode": "tool"},
        "prefix": {"mode": "text", "streams_prefix": True},
        "fallback": {
            "mode": "text", "corrections": 0, "on_failure": "fallback",
            "fallback": {"item": "unknown", "count": 1, "tags": [], "price": None},
        },
    }  # fmt: skip
    model = "nova-lite"  # which has no structured output of its own
    for way, output in ways.items():
        document = {
            "model": model,
            "messages": [{"text": "Read it."}],
            "output": {"schema": SCHEMA, **output},
        }
        shared_world.new_prompt(f"broken-{way}", document)
    last = f"/v1/prompts/broken-{way}/run"
    until(lambda: shared_world.post(last, json={}).status_code != 404, what="the prompts")
    return {way: f"broken-{way}" for way in ways}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_delivered_valid_or_refused(world: World, prompts: dict[str, str]) -> None:
    random = Random(5)
    kinds = broken(random)
    answers = [next(kinds) for _ in range(2 * ANSWERS)]
    world.say(*({"text": text or " "} for _, text in answers))
    outcomes: Counter[str] = Counter()

    async def run(client: httpx.AsyncClient, number: int, gate: asyncio.Semaphore) -> None:
        way, stream = list(prompts)[number % len(prompts)], bool(number // len(prompts) % 2)
        async with gate:
            answer = await client.post(f"{world.url}/v1/prompts/{prompts[way]}/run", json={"stream": stream})
        delivered, end = _read(answer, stream)
        outcomes[f"{way}, {'stream' if stream else 'whole'}: {end}"] += 1
        if end in ("valid", "corrected", "fallback"):
            VALIDATOR.validate(json.loads(delivered))
        else:
            assert end == "contract_failed", answer.text

    async def every() -> None:
        gate = asyncio.Semaphore(8)
        headers = {"authorization": f"Bearer {world.key}"}
        async with httpx.AsyncClient(headers=headers, timeout=60) as client:
            await asyncio.gather(*(run(client, number, gate) for number in range(ANSWERS)))

    asyncio.run(every())
    print(*(f"{number:4} {outcome}" for outcome, number in sorted(outcomes.items())), sep="\n")
    assert sum(outcomes.values()) == ANSWERS
    assert {outcome.rpartition(": ")[2] for outcome in outcomes} == {
        "valid",
        "corrected",
        "fallback",
        "contract_failed",
    }


def _read(answer: httpx.Response, stream: bool) -> tuple[str, str]:
    """What was delivered as the answer, and how it ended: the contract's outcome, or the refusal's code."""
    if not stream or answer.status_code != 200:
        body = answer.json()
        if answer.status_code != 200:
            return "", body["error"]["code"]
        return body["output"], body["contract"]["outcome"]
    events = [part.partition("\ndata: ") for part in answer.text.strip().split("\n\n")]
    delivered = "".join(json.loads(data)["text"] for kind, _, data in events if kind == "event: delta")
    kind, _, data = events[-1]
    if kind == "event: error":
        return delivered, json.loads(data)["error"]["code"]
    return delivered, json.loads(data)["contract"]["outcome"]
