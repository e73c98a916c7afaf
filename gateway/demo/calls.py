"""PURE: one believable call of the demonstration at a time."""

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from random import Random
from uuid import UUID

from kernel.local_days import day_at, day_begins

WEEKEND_SHARE = 0.2
_DAY_SHAPE = (1, 1, 1, 1, 1, 2, 4, 9, 16, 20, 21, 19, 14, 18, 20, 19, 16, 11, 7, 5, 4, 3, 2, 1)
"""Calls by hour of the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """How an application calls: its share of all calls, its models by weight, and medians of tokens."""

    share: int
    models: tuple[tuple[str, int], ...]
    input_tokens: int
    output_tokens: int
    streams: float
    caches: float = 0.0
    feature: str = ""


HABITS = {
    "Help desk assistant": Habit(
        share=38,
        models=(("claude-haiku-4-5", 6), ("claude-sonnet-4-5", 3), ("nova-lite", 1)),
        input_tokens=2600,
        output_tokens=280,
        streams=0.9,
        caches=0.6,
        feature="chat",
    ),
    "Ticket triage": Habit(
        share=27, models=(("nova-lite", 5), ("nova-micro", 3), ("llama-3-3-70b", 2)),
        input_tokens=900, output_tokens=40, streams=0.0, feature="triage",
    ),
    "Paper summaries": Habit(
        share=9, models=(("claude-opus-5", 4), ("claude-sonnet-5", 6)),
        input_tokens=21000, output_tokens=800, streams=0.5, caches=0.3, feature="summary",
    ),
    "Data explorer": Habit(
        share=12, models=(("claude-sonnet-4-5", 5), ("mistral-large-3", 3), ("deepseek-v3-2", 2)),
        input_tokens=5200, output_tokens=520, streams=0.4, feature="sql",
    ),
    "Developer portal": Habit(
        share=14, models=(("claude-sonnet-4-5", 5), ("gpt-oss-120b", 3), ("qwen3-coder-next", 3)),
        input_tokens=3800, output_tokens=700, streams=0.8, caches=0.2, feature="assistant",
    ),
}  # fmt: skip

ENDINGS = (
    ("succeeded", "", 200, 940),
    ("cancelled", "", 499, 16),
    ("failed", "upstream_throttled", 429, 9),
    ("failed", "upstream_timeout", 504, 4),
    ("failed", "upstream_error", 502, 3),
    ("refused", "budget_exceeded", 402, 8),
    ("refused", "context_length_exceeded", 400, 6),
    ("refused", "model_not_allowed", 403, 8),
    ("refused", "model_not_found", 404, 6),
)
"""Status, code, HTTP status, weight."""

MESSAGES = {
    "upstream_throttled": "Bedrock is throttling this model in every region of the route. Try again shortly.",
    "upstream_timeout": "The model did not answer in time.",
    "upstream_error": "The model's provider answered with an error.",
    "budget_exceeded": "The team's monthly budget does not cover this call.",
    "context_length_exceeded": "The conversation is longer than the model's context window.",
    "model_not_allowed": "This key may not call this model.",
    "model_not_found": "There is no model of this name.",
}


@dataclass(slots=True, kw_only=True)
class Draft:
    """A call before it is priced and written."""

    call_id: UUID
    started_at: datetime
    application: str
    model: str
    status: str
    code: str
    http_status: int
    is_stream: bool
    wire_format: str
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    attempts: int = 0
    duration_ms: float = 0.0
    first_token_ms: float | None = None
    stages: list[tuple[str, float, str]] = field(default_factory=list)


def call_id_at(moment: datetime, random: Random) -> UUID:
    """A version 7 UUID as it would have been made at a moment."""
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(
        int=(milliseconds << 80)
        | (0x7 << 76)
        | (random.getrandbits(12) << 64)
        | (0b10 << 62)
        | random.getrandbits(62)
    )


def moments(*, count: int, days: int, now: datetime, zone: tzinfo, random: Random) -> list[datetime]:
    """When calls came, over the last days: weekdays more than weekends, working hours more than nights."""
    today = day_at(now, zone)
    weights = [WEEKEND_SHARE if (today - timedelta(days=age)).weekday() >= 5 else 1.0 for age in range(days)]
    found: list[datetime] = []
    while len(found) < count:
        day = day_begins(today - timedelta(days=random.choices(range(days), weights)[0]), zone)
        hour = random.choices(range(24), _DAY_SHAPE)[0]
        moment = day + timedelta(hours=hour, seconds=random.uniform(0, 3600))
        if moment < now:
            found.append(moment)
    # Today is never empty, however early it is.
    midnight = day_begins(today, zone)
    span = (now - midnight).total_seconds()
    for index in range(min(count, 48)):
        found[index] = midnight + timedelta(seconds=span * random.betavariate(2, 1))
    return sorted(found)


def draft(moment: datetime, random: Random) -> Draft:
    """One call at a moment."""
    application = random.choices(list(HABITS), [habit.share for habit in HABITS.values()])[0]
    habit = HABITS[application]
    model = random.choices([name for name, _ in habit.models], [weight for _, weight in habit.models])[0]
    status, code, http_status, _ = random.choices(ENDINGS, [ending[3] for ending in ENDINGS])[0]
    is_stream = random.random() < habit.streams
    call = Draft(
        call_id=call_id_at(moment, random),
        started_at=moment,
        application=application,
        model=model if code != "model_not_found" else "gpt-4o",
        status=status,
        code=code,
        http_status=http_status,
        is_stream=is_stream,
        wire_format=random.choices(("openai", "converse"), (4, 1))[0],
    )
    _measure(call, habit, random)
    return call


def _measure(call: Draft, habit: Habit, random: Random) -> None:
    before = [
        ("authenticate", 0.01),
        ("resolve route", 0.01),
        ("redact", 0.4),
        ("enforce limits", 0.06),
        ("reserve", 1.1),
    ]
    stages = [(name, round(ms * random.lognormvariate(0, 0.35), 3), "ok") for name, ms in before]
    if call.status == "refused":
        stops = {
            "model_not_found": 2,
            "model_not_allowed": 2,
            "context_length_exceeded": 4,
            "budget_exceeded": 5,
        }
        stages = stages[: stops[call.code]]
        stages[-1] = (*stages[-1][:2], call.code)
    else:
        _invoke(call, habit, random, stages)
    # Every call is settled, a refused one too, where there is little to do.
    settle = 0.004 if call.status == "refused" else 1.4
    stages.append(("settle", round(settle * random.lognormvariate(0, 0.4), 3), "ok"))
    stages.append(("store bodies", 0.004 if call.status == "refused" else 0.06, "ok"))
    call.stages = stages
    call.duration_ms = round(sum(ms for _, ms, _ in stages), 3)


def _invoke(call: Draft, habit: Habit, random: Random, stages: list[tuple[str, float, str]]) -> None:
    size = random.lognormvariate(0, 0.45)
    prompt = max(20, int(habit.input_tokens * size))
    output = max(4, int(habit.output_tokens * random.lognormvariate(0, 0.5)))
    first = 240 + prompt * 0.02 + random.expovariate(1 / 180)
    speed = random.uniform(60, 170)  # tokens a second
    call.attempts, lost = 1, 0.0
    if random.random() < 0.015 or call.code == "upstream_throttled":
        call.attempts = 2
        lost = round(random.uniform(80, 400), 1)
        stages.append(("attempt 1", lost, "upstream_throttled"))
    if call.status == "failed":
        waited = 60_000.0 if call.code == "upstream_timeout" else first
        stages.append(("invoke", round(waited, 1), call.code))
    else:
        if call.status == "cancelled":
            output = max(1, output // random.randint(2, 6))
        if random.random() < habit.caches and call.model.startswith("claude"):
            call.cache_read_tokens = math.floor(prompt * random.uniform(0.5, 0.8))
        call.input_tokens, call.output_tokens = prompt - call.cache_read_tokens, output
        call.first_token_ms = round(first + lost, 1) if call.is_stream else None
        outcome = "stopped" if call.status == "cancelled" else "ok"
        stages.append(("invoke", round(first + output / speed * 1000, 1), outcome))
