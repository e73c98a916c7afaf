"""PURE: every metric that `/metrics` has, how the numbers of several processes make one, and their text in Prometheus' format.

docs/metrics.md has an alert for each that matters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

Series = dict[tuple[str, ...], float]
"""Numbers by the values of the family's labels."""
Reading = dict[str, Series]
"""By the names of families; what is not in it has no number."""

BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""Upper bounds of the buckets of durations, in seconds."""
DURATIONS, SECONDS = "gatehouse_call_seconds", "gatehouse_call_seconds_sum"
"""Calls by bucket (the index of its bound), and their seconds."""


@dataclass(frozen=True, slots=True)
class Family:
    """`combine` makes one number of those of several processes; a counter's are summed, with those of processes that ended."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    is_counter: bool = False
    is_shared: bool = False
    """Whether all processes read the same number, which none of them holds."""
    combine: Callable[[Iterable[float]], float] = sum


def _counter(name: str, text: str, *labels: str) -> Family:
    return Family(name, text, labels, is_counter=True)


FAMILIES = (
    _counter("gatehouse_calls", "Calls ended.", "route", "status", "code"),
    _counter("gatehouse_tokens", "Tokens of charged calls.", "route", "kind"),
    _counter("gatehouse_cost_dollars", "Cost of charged calls.", "route"),
    _counter("gatehouse_admin_faults", "Attempts at a model that failed for a reason which only administrators can mend.",
             "model", "region", "reason"),
    _counter("gatehouse_deployment_attempts", "Calls sent to a deployment, by what came of them: answered, throttled, failed.",
             "invoke_id", "region", "outcome"),
    _counter("gatehouse_deployment_changes", "Times a deployment went out (opened), or was back (closed).",
             "invoke_id", "region", "change"),
    Family("gatehouse_deployment_open", "1 while a deployment is out.", ("invoke_id", "region"), combine=max),
    Family("gatehouse_deployment_share", "The share of its turns that a deployment gets: below 1 while it is throttled or has just come back.",
           ("invoke_id", "region"), combine=min),
    Family("gatehouse_deployment_in_flight", "Calls under way at a deployment.", ("invoke_id", "region")),
    Family("gatehouse_deployment_limit", "How many calls a deployment is sent at once, of all processes.", ("invoke_id", "region")),
    Family("gatehouse_deployment_ends_in_days", "Days until AWS ends a deployment's model, where an end is known; below 0: it is past.",
           ("invoke_id", "region"), combine=min),
    Family("gatehouse_deployments_ending", "Deployments of routes whose model ends within 45 days, or has ended.", combine=max),
    Family("gatehouse_calls_waiting_for_model", "Calls waiting for room at a deployment."),
    _counter("gatehouse_rule_breaches", "Requests that broke a rule of the model's.", "rule", "action"),
    _counter("gatehouse_fallbacks", "Calls that the model of a fall-back answered, by their own route.", "route"),
    _counter("gatehouse_shadow_calls", "Copies of calls made to compare another model, by outcome.", "outcome"),
    _counter("gatehouse_raw_not_kept", "Calls whose raw text was to be kept and was not, by why.", "reason"),
    _counter("gatehouse_cache_tokens", "Tokens of prompts that were read from the provider's cache, or written to it.", "route", "kind"),
    _counter("gatehouse_cache_saved_dollars", "What calls cost less by the provider's cache.", "route"),
    _counter("gatehouse_cache_extra_dollars", "What calls cost more by it: they wrote more than they read.", "route"),
    _counter("gatehouse_answer_cache_lookups", "Calls that an answer was looked for, by the kind that was found, or miss, bypass or shadow.",
             "route", "outcome"),
    _counter("gatehouse_answer_cache_saved_dollars", "What answers that were given again would have cost.", "route", "kind"),
    _counter("gatehouse_volatile_beginnings", "Prompts whose beginning differs from call to call before what stays the same.", "route"),
    _counter("gatehouse_idempotent_calls", "Requests with an idempotency key, by what came of them.", "outcome"),
    _counter("gatehouse_task_failures", "Failures of what each process does all the time; it is tried again.", "task"),
    _counter("gatehouse_jobs_ended", "Jobs ended here, by state: dead ones wait to be looked at.", "state"),
    _counter("gatehouse_job_retries", "Attempts at jobs that failed at the model's side and are made again."),
    _counter("gatehouse_batches_ended", "Batches ended here, by state.", "state"),
    Family("gatehouse_batches_open", "Batches that have not ended.", is_shared=True, combine=max),
    Family("gatehouse_batch_lines_open", "Lines of batches that have not ended.", is_shared=True, combine=max),
    Family("gatehouse_files", "Files kept for batches.", is_shared=True, combine=max),
    Family("gatehouse_file_bytes", "What they have, before they are sealed.", is_shared=True, combine=max),
    Family("gatehouse_jobs_waiting", "Jobs that wait.", is_shared=True, combine=max),
    Family("gatehouse_jobs_running", "Jobs under way.", is_shared=True, combine=max),
    Family("gatehouse_jobs_dead", "Jobs given up, to be looked at, sent again or dropped.", is_shared=True, combine=max),
    Family("gatehouse_jobs_oldest_seconds", "For how long the oldest job has been waiting.", is_shared=True, combine=max),
    Family("gatehouse_bugs", "Faults of Gatehouse's own, of all its processes: each has a traceback in the log.", ("where",),
           is_counter=True, is_shared=True, combine=max),
    Family("gatehouse_task_age_seconds", "Since what each process does all the time was last done, the oldest.", ("task",),
           combine=max),
    Family("gatehouse_calls_running", "Calls under way."),
    Family("gatehouse_calls_waiting_for_slot", "Calls waiting for their turn."),
    Family("gatehouse_calls_waiting_for_rate", "Calls waiting for room in a rate limit."),
    Family("gatehouse_rate_limits_shared", "1 where Valkey keeps rate limits, 0 where a process keeps its share.", combine=min),
    Family("gatehouse_processes", "Gateway processes alive, as Postgres knows them.", combine=max),
    Family("gatehouse_processes_here", "Gateway processes of this instance, whose numbers these are."),
    Family("gatehouse_ready", "1 where every process takes calls.", combine=min),
    Family("gatehouse_check", "1 where a check of /readyz passes in every process.", ("check",), combine=min),
    Family("gatehouse_ledger_connected", "1 while Postgres takes records.", combine=min),
    Family("gatehouse_records_waiting", "Records that wait to be written."),
    Family("gatehouse_records_without_partition", "Records in no month's partition, counted up to 1000. More than 0: see docs/storage.md.", combine=max),
    Family("gatehouse_last_settlement_seconds", "Since any process last wrote the end of a call, or started.", combine=min),
    Family("gatehouse_settlements_failing_seconds", "For how long ends of calls can't be written; 0 where they can.", combine=max),
    Family("gatehouse_last_heartbeat_seconds", "Since a process last told Postgres that it lives, the oldest.", combine=max),
    Family("gatehouse_snapshot_age_seconds", "For how long changes of keys, budgets and rules may have gone unnoticed, the longest.", combine=max),
    Family("gatehouse_clock_skew_seconds", "How far the host's clock is ahead of Postgres' (below 0: behind it), the farthest.",
           combine=lambda found: max(found, key=abs)),
    Family("gatehouse_descriptors_open", "File descriptors open, of the process with the most.", combine=max),
    Family("gatehouse_descriptors_limit", "How many a process may have open.", combine=min),
    Family("gatehouse_disk_used_share", "How full the disk of the data folder is, from 0 to 1, where the databases are there.", combine=max),
    Family("gatehouse_raw_text_unavailable", "1 while a team's key can't be had, so that its raw text is not kept.", combine=max),
    Family("gatehouse_queue_idle_seconds", "Since somebody last worked on a queue of background work.", ("queue",), combine=min),
)  # fmt: skip


def merged(ended: Reading, living: Iterable[Reading]) -> Reading:
    """One reading of all: counters summed, also with those of processes that ended; gauges of living ones combined."""
    readings = tuple(living)
    return {
        **{family.name: _merged(family, ended, readings) for family in FAMILIES},
        **{name: summed(each.get(name, {}) for each in (ended, *readings)) for name in (DURATIONS, SECONDS)},
    }


def counters(reading: Reading) -> Reading:
    """What of a reading outlives its process."""
    names = {family.name for family in FAMILIES if family.is_counter and not family.is_shared} | {
        DURATIONS,
        SECONDS,
    }
    return {name: series for name, series in reading.items() if name in names}


def summed(found: Iterable[Series]) -> Series:
    total: Series = {}
    for series in found:
        for labels, number in series.items():
            total[labels] = total.get(labels, 0.0) + number
    return total


def _merged(family: Family, ended: Reading, living: tuple[Reading, ...]) -> Series:
    if family.is_counter and not family.is_shared:
        return summed(each.get(family.name, {}) for each in (ended, *living))
    by_labels: dict[tuple[str, ...], list[float]] = {}
    for each in living:
        for labels, number in each.get(family.name, {}).items():
            by_labels.setdefault(labels, []).append(number)
    return {labels: family.combine(numbers) for labels, numbers in by_labels.items()}


class _Collector(Collector):
    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def collect(self) -> Iterator[Metric]:
        for family in FAMILIES:
            kind = CounterMetricFamily if family.is_counter else GaugeMetricFamily
            made = kind(family.name, family.help, labels=family.labels)
            for labels, number in self._reading.get(family.name, {}).items():
                made.add_metric(labels, number)
            yield made
        yield self._durations()

    def _durations(self) -> Metric:
        found, buckets, total = self._reading.get(DURATIONS, {}), [], 0.0
        for index, bound in enumerate((*map(str, BOUNDS), "+Inf")):
            total += found.get((str(index),), 0.0)
            buckets.append((bound, total))
        family = HistogramMetricFamily(DURATIONS, "How long calls took.")
        family.add_metric((), buckets, self._reading.get(SECONDS, {}).get((), 0.0))
        return family


def text(reading: Reading) -> bytes:
    """All of it in Prometheus' format."""
    registry = CollectorRegistry()
    registry.register(_Collector(reading))
    return generate_latest(registry)
