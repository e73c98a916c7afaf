"""What operators watch: counted in plain dictionaries on the way of a call, turned into Prometheus' text when asked."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

    from gateway.call import Call

_BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""Upper bounds of the buckets of durations, in seconds."""


class Metrics:
    """Totals of the calls that ended in this process. Labels are few: no team, no key, nothing a caller makes up."""

    def __init__(self) -> None:
        self.calls: Counter[tuple[str, str, str]] = Counter()
        self.tokens: Counter[tuple[str, str]] = Counter()
        self.cost_nanos: Counter[str] = Counter()
        self.rules: Counter[tuple[str, str]] = Counter()
        self.admin_faults: Counter[tuple[str, str, str]] = Counter()
        """By model, region and reason."""
        self.durations = [0] * (len(_BOUNDS) + 1)
        self.seconds = 0.0

    def note(self, call: Call) -> None:
        """Counts a call that has ended."""
        route = call.routed.route.name if call.is_routed else ""
        self.calls[route, call.status, call.refusal.code if call.refusal else ""] += 1
        seconds = call.elapsed_ms() / 1000
        self.seconds += seconds
        if call.rule_uses:
            self.rules.update((rule, action) for _, rule, action in call.rule_uses)
        self.durations[bisect_left(_BOUNDS, seconds)] += 1
        if call.charge.cost_nanos:
            self.cost_nanos[route] += call.charge.cost_nanos
            self.tokens[route, "input"] += call.reply.usage.prompt
            self.tokens[route, "output"] += call.reply.usage.output


class _Collector(Collector):
    def __init__(self, metrics: Metrics, gauges: dict[str, tuple[str, float]]) -> None:
        self._metrics = metrics
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        found = self._metrics
        calls = CounterMetricFamily("gatehouse_calls", "Calls ended.", labels=("route", "status", "code"))
        for labels, number in list(found.calls.items()):
            calls.add_metric(labels, number)
        yield calls
        tokens = CounterMetricFamily("gatehouse_tokens", "Tokens of charged calls.", labels=("route", "kind"))
        for kinds, number in list(found.tokens.items()):
            tokens.add_metric(kinds, number)
        yield tokens
        cost = CounterMetricFamily("gatehouse_cost_dollars", "Cost of charged calls.", labels=("route",))
        for route, nanos in list(found.cost_nanos.items()):
            cost.add_metric((route,), nanos / 1e9)
        yield cost
        faults = CounterMetricFamily(
            "gatehouse_admin_faults",
            "Attempts at a model that failed for a reason which only administrators can mend.",
            labels=("model", "region", "reason"),
        )
        for about, number in list(found.admin_faults.items()):
            faults.add_metric(about, number)
        yield faults
        rules = CounterMetricFamily(
            "gatehouse_rule_breaches", "Requests that broke a rule of the model's.", labels=("rule", "action")
        )
        for use, number in list(found.rules.items()):
            rules.add_metric(use, number)
        yield rules
        yield self._durations()
        for name, (text, value) in self._gauges.items():
            yield GaugeMetricFamily(name, text, value=value)

    def _durations(self) -> Metric:
        buckets, total = [], 0
        for bound, number in zip((*map(str, _BOUNDS), "+Inf"), self._metrics.durations, strict=True):
            total += number
            buckets.append((bound, total))
        family = HistogramMetricFamily("gatehouse_call_seconds", "How long calls took.")
        family.add_metric((), buckets, self._metrics.seconds)
        return family


def text(metrics: Metrics, gauges: dict[str, tuple[str, float]]) -> bytes:
    """All of it in Prometheus' format. `gauges` are (help, value) by name."""
    registry = CollectorRegistry()
    registry.register(_Collector(metrics, gauges))
    return generate_latest(registry)
