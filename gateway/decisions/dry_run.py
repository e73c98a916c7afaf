"""A route's rules and weights, played against past calls before they are switched on: nothing is asked of any model."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Avg, Count

from accounts.models import Team
from gateway.catalogue.models import Route
from gateway.catalogue.policy import cost, price_at
from gateway.catalogue.routing_rules import DEFAULT_WEIGHTS, RuleEntry, Weights, first_that_holds
from gateway.catalogue.selectors import qualities
from gateway.catalogue.wishes import Wishes
from gateway.events import Usage
from gateway.routing.residency import is_within
from gateway.routing.scoring.ranking import Asked, Figures, rank
from gateway.routing.scoring.scored import may_by_rule, quality_of
from gateway.snapshot.build import entry_of
from gateway.snapshot.state import DeploymentEntry, RouteEntry
from governance.records.models import AuditRecord
from prompts.registry.models import PromptVersion
from prompts.registry.policy.document import Document
from prompts.registry.selectors.prompts import readable_document

MAX_CALLS = 2000
_NO_PROMPT = Document()
_COLUMNS = (
    "call_id", "started_at", "team_id", "feature", "prompt_id", "prompt_version", "model", "region", "invoke_id", "tier", "input_tokens",
    "output_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "cost_nanos", "checks",
)  # fmt: skip


@dataclass(slots=True)
class Share:
    """Of one deployment: the calls that it had and would have, and what they come to at today's prices."""

    name: str
    calls_before: int = 0
    calls_after: int = 0
    nanos_before: int = 0
    nanos_after: int = 0


@dataclass(slots=True)
class DryRun:
    """What playing came to. `moved` calls would have gone to another deployment, `unsuitable` ones nowhere."""

    calls: int = 0
    moved: int = 0
    unsuitable: int = 0
    nanos_unsuitable: int = 0
    """What these had cost: that they would cost nothing is no saving."""
    shares: dict[int | str, Share] = field(default_factory=dict)
    rules: Counter[str] = field(default_factory=Counter)
    confidence: float = 0.0
    """The mean."""

    @property
    def nanos_before(self) -> int:
        return sum(each.nanos_before for each in self.shares.values())

    @property
    def nanos_after(self) -> int:
        return sum(each.nanos_after for each in self.shares.values())


def play(
    who: Any,
    route: Route,
    *,
    since: datetime,
    until: datetime,
    rules: tuple[RuleEntry, ...],
    weights: Weights | None,
) -> DryRun:
    """The newest calls that somebody may see, of the route. Each goes where its score would send it, were nothing out or full, at the
    prices at `until`: a deployment that had none yet when the call was made may be what is tried."""
    entry = entry_of(route)
    records = AuditRecord.objects.visible_to(who).filter(
        route=route.name, status="succeeded", started_at__gte=since, started_at__lt=until
    )
    figures = _Figures(records)
    teams = {team.pk: team for team in Team.objects.all()}
    found = DryRun()
    rows = list(
        records.exclude(checks__has_key="shadow_of").order_by("-started_at").values(*_COLUMNS)[:MAX_CALLS]
    )
    documents = _documents({(row["prompt_id"], row["prompt_version"]) for row in rows if row["prompt_id"]})
    for row in rows:
        document = documents.get((row["prompt_id"], row["prompt_version"]), _NO_PROMPT)
        row |= {"moment": until, "pins": document.regions}
        _play_one(
            found, row, entry, figures, teams.get(row["team_id"]), rules, _own_weights(document) or weights
        )
    if found.calls:
        found.confidence /= found.calls
    return found


def _documents(versions: set[tuple[int, int]]) -> dict[tuple[int, int], Document]:
    """Of versions by prompt and number: what one says of regions and weights comes before what its route says."""
    rows = PromptVersion.objects.filter(prompt__in={prompt for prompt, _ in versions})
    return {key: readable_document(row) for row in rows if (key := (row.prompt_id, row.number)) in versions}


def _own_weights(document: Document) -> Weights | None:
    given = document.weights
    return None if given is None else Weights(cost=given.cost, quality=given.quality, latency=given.latency)


class _Figures:
    """Of deployments, as those calls met them."""

    def __init__(self, records: Any) -> None:
        rows = (
            records.order_by()
            .values("invoke_id", "region")
            .annotate(first=Avg("first_token_ms"), number=Count("pk"))
        )
        self._seconds = {
            (row["invoke_id"], row["region"]): row["first"] / 1000 for row in rows if row["first"] is not None
        }
        self._qualities = qualities()

    def of(self, deployment: DeploymentEntry, scopes: tuple[str, ...]) -> Figures:
        return Figures(
            quality_of(self._qualities, deployment.model_id, scopes),
            self._seconds.get((deployment.invoke_id, deployment.region)),
        )


def _play_one(
    found: DryRun,
    row: dict[str, Any],
    entry: RouteEntry,
    figures: _Figures,
    team: Team | None,
    rules: tuple[RuleEntry, ...],
    weights: Weights | None,
) -> None:
    wishes = Wishes.from_record(row["checks"].get("routing", {}).get("wishes"))
    usage = _usage(row)
    rule = first_that_holds(rules, route=entry.name, feature=row["feature"], wishes=wishes)
    there = [
        each
        for each in entry.deployments
        if price_at(each.prices, row["moment"], row["tier"]) is not None
        and _may(each, team, entry, wishes, row["pins"])
        and (rule is None or may_by_rule(each, rule))
    ]
    found.calls += 1
    before = next(
        (
            each
            for each in entry.deployments
            if (each.invoke_id, each.region) == (row["invoke_id"], row["region"])
        ),
        None,
    )
    nanos_before = row["cost_nanos"] if before is None else _nanos(before, row, usage)
    was = _share(found, before, f"{row['model']} in {row['region']}")
    was.calls_before += 1
    was.nanos_before += nanos_before
    if not there:
        found.unsuitable += 1
        found.nanos_unsuitable += nanos_before
        return
    prompt = f"prompt:{row['prompt_id']}" if row["prompt_id"] else ""
    scopes = tuple(each for each in (prompt, f"feature:{row['feature']}" if row["feature"] else "") if each)
    ranking = rank(
        there,
        Asked(
            input_tokens=usage.prompt, output_tokens=usage.output, moment=row["moment"], tier=row["tier"], wishes=wishes
        ),
        lambda each: figures.of(each, (*scopes, "")),
        weights=weights or entry.weights or DEFAULT_WEIGHTS,
        rule=rule,
        tighten_only=entry.tighten_only,
    )  # fmt: skip
    alike = ranking.deployments[: ranking.alike]
    chosen = before if before in alike and before is not None else ranking.deployments[0]
    found.moved += chosen is not before
    found.rules[ranking.rule or "(no rule)"] += 1
    found.confidence += ranking.confidence
    then = _share(found, chosen, "")
    then.calls_after += 1
    then.nanos_after += _nanos(chosen, row, usage)


def _may(
    deployment: DeploymentEntry,
    team: Team | None,
    entry: RouteEntry,
    wishes: Wishes,
    of_prompt: tuple[str, ...],
) -> bool:
    if not deployment.is_in_aws and (wishes.compliance or team is None or not team.may_leave_aws):
        return False
    pins: Iterable[tuple[str, ...]] = (
        tuple(team.regions) if team is not None else (),
        entry.regions,
        of_prompt,
        (wishes.region,) if wishes.region else (),
    )
    return is_within(deployment, tuple(each for each in pins if each))


def _share(found: DryRun, deployment: DeploymentEntry | None, name: str) -> Share:
    key: int | str = name if deployment is None else deployment.id
    if key not in found.shares:
        shown = (
            name if deployment is None else f"{deployment.name or deployment.model_id} in {deployment.region}"
        )
        found.shares[key] = Share(shown)
    return found.shares[key]


def _usage(row: dict[str, Any]) -> Usage:
    return Usage(
        input=row["input_tokens"],
        output=row["output_tokens"],
        cache_read=row["cache_read_tokens"],
        cache_write=row["cache_write_tokens"] - row["cache_write_1h_tokens"],
        cache_write_1h=row["cache_write_1h_tokens"],
    )


def _nanos(deployment: DeploymentEntry, row: dict[str, Any], usage: Usage) -> int:
    price = price_at(deployment.prices, row["moment"], row["tier"])
    return 0 if price is None else cost(price, usage)
