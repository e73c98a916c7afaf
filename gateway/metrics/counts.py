"""What a process counts: in plain dictionaries on the way of a call, read when it is asked for."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING

from gateway.call.idempotency import OUTCOMES
from gateway.metrics.families import BOUNDS, DURATIONS, SECONDS, Reading

if TYPE_CHECKING:
    from gateway.call import Call

_MAX_REASONS = 20
_OTHER = "other"


class Metrics:
    """Totals of the calls that ended in this process. Labels are few: no team, no key, nothing a caller makes up."""

    def __init__(self) -> None:
        self.calls: Counter[tuple[str, str, str]] = Counter()
        self.tokens: Counter[tuple[str, str]] = Counter()
        self.cost_nanos: Counter[str] = Counter()
        self.rules: Counter[tuple[str, str]] = Counter()
        self.admin_faults: Counter[tuple[str, str, str]] = Counter()
        """By model, region and reason."""
        self.raw_not_kept: Counter[str] = Counter()
        """By reason."""
        self.jobs: Counter[str] = Counter()
        """Ended, by state."""
        self.job_retries = 0
        self.batches: Counter[str] = Counter()
        """Ended, by state."""
        self.cache_tokens: Counter[tuple[str, str]] = Counter()
        self.cache_saved_nanos: Counter[str] = Counter()
        self.cache_extra_nanos: Counter[str] = Counter()
        """What calls cost less, and what calls cost more, by the provider's cache."""
        self.volatile_beginnings: Counter[str] = Counter()
        """By route."""
        self.idempotent_calls: Counter[str] = Counter(dict.fromkeys(OUTCOMES, 0))
        """Requests with an idempotency key, by what came of them."""
        self.fallbacks: Counter[str] = Counter()
        """By route: calls that another one's model answered."""
        self.shadows: Counter[str] = Counter(
            dict.fromkeys(("answered", "failed", "over_budget", "skipped"), 0)
        )
        """Copies of calls, by what came of them."""
        self.cache_lookups: Counter[tuple[str, str]] = Counter()
        self.answer_cache_saved_nanos: Counter[tuple[str, str]] = Counter()
        """By route and outcome; and what answers that were given again would have cost, by route and kind."""
        self.durations = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def note(self, call: Call) -> None:
        """Counts a call that has ended."""
        route = call.routed.route.name if call.is_routed else ""
        self.calls[route, call.status, call.refusal.code if call.refusal else ""] += 1
        seconds = call.elapsed_ms() / 1000
        self.seconds += seconds
        if call.decision.fell_back_to:
            self.fallbacks[route] += 1
        if (cache := call.cache) is not None and cache.counts(is_refused=call.refusal is not None):
            self.cache_lookups[route, cache.kind if cache.is_found else cache.outcome] += 1
            if cache.is_found:
                self.answer_cache_saved_nanos[route, cache.kind] += cache.saved_nanos
        if call.rule_uses:
            self.rules.update((rule, action) for _, rule, action in call.rule_uses)
        self.durations[bisect_left(BOUNDS, seconds)] += 1
        if call.charge.cost_nanos:
            self.cost_nanos[route] += call.charge.cost_nanos
            self.tokens[route, "input"] += call.reply.usage.prompt
            self.tokens[route, "output"] += call.reply.usage.output
            if saved := call.charge.cache_saved_nanos:
                (self.cache_saved_nanos if saved > 0 else self.cache_extra_nanos)[route] += abs(saved)
            if (usage := call.reply.usage).prompt != usage.input:
                self.cache_tokens[route, "read"] += usage.cache_read
                self.cache_tokens[route, "written"] += usage.cache_write + usage.cache_write_1h

    def note_shadow(self, outcome: str) -> None:
        """Counts a copy of a call."""
        self.shadows[outcome] += 1

    def note_raw_not_kept(self, reason: str) -> None:
        """Counts a call whose raw text was to be kept and was not."""
        is_known = reason in self.raw_not_kept or len(self.raw_not_kept) < _MAX_REASONS
        self.raw_not_kept[reason if is_known else _OTHER] += 1

    def note_job(self, state: str) -> None:
        """Counts a job that has ended."""
        self.jobs[state] += 1

    def note_batch(self, state: str) -> None:
        """Counts a batch that has ended."""
        self.batches[state] += 1

    def reading(self) -> Reading:
        """The totals as they are now."""
        return {
            "gatehouse_calls": {labels: float(number) for labels, number in self.calls.items()},
            "gatehouse_tokens": {labels: float(number) for labels, number in self.tokens.items()},
            "gatehouse_cost_dollars": {(route,): nanos / 1e9 for route, nanos in self.cost_nanos.items()},
            "gatehouse_admin_faults": {labels: float(number) for labels, number in self.admin_faults.items()},
            "gatehouse_rule_breaches": {labels: float(number) for labels, number in self.rules.items()},
            "gatehouse_raw_not_kept": {
                (reason,): float(number) for reason, number in self.raw_not_kept.items()
            },
            "gatehouse_jobs_ended": {
                (state,): float(self.jobs[state]) for state in ("succeeded", "failed", "dead", "cancelled")
            },
            "gatehouse_batches_ended": {
                (state,): float(self.batches[state])
                for state in ("completed", "failed", "expired", "cancelled")
            },
            "gatehouse_job_retries": {(): float(self.job_retries)},
            "gatehouse_cache_tokens": {labels: float(number) for labels, number in self.cache_tokens.items()},
            "gatehouse_cache_saved_dollars": {
                (route,): nanos / 1e9 for route, nanos in self.cache_saved_nanos.items()
            },
            "gatehouse_cache_extra_dollars": {
                (route,): nanos / 1e9 for route, nanos in self.cache_extra_nanos.items()
            },
            "gatehouse_answer_cache_lookups": {
                labels: float(number) for labels, number in self.cache_lookups.items()
            },
            "gatehouse_answer_cache_saved_dollars": {
                labels: nanos / 1e9 for labels, nanos in self.answer_cache_saved_nanos.items()
            },
            "gatehouse_volatile_beginnings": {
                (route,): float(number) for route, number in self.volatile_beginnings.items()
            },
            "gatehouse_idempotent_calls": {
                (outcome,): float(number) for outcome, number in self.idempotent_calls.items()
            },
            "gatehouse_fallbacks": {(route,): float(number) for route, number in self.fallbacks.items()},
            "gatehouse_shadow_calls": {(outcome,): float(number) for outcome, number in self.shadows.items()},
            DURATIONS: {(str(index),): float(number) for index, number in enumerate(self.durations)},
            SECONDS: {(): self.seconds},
        }
