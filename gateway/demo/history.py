"""The demonstration's calls: records, contents, charges and the windows they fall in, consistent with each other."""

import json
from datetime import datetime
from random import Random
from zoneinfo import ZoneInfo

from django.conf import settings

from accounts.models import ApiKey
from gateway.catalogue import policy as pricing
from gateway.catalogue.models import Deployment, Price, Route
from gateway.demo.calls import HABITS, MESSAGES, Draft, draft, moments
from gateway.demo.conversations import EXCHANGES, Exchange
from gateway.demo.organisation import Organisation
from gateway.events import Usage
from governance.limits.models import Budget, BudgetWindow, LedgerEntry
from governance.limits.policy.scopes import CallFacts
from governance.limits.policy.windows import Window, window_of
from governance.records.models import AuditContent, AuditRecord, BodyState
from kernel.transaction_id import current_transaction

CALLS = 3000
DAYS = 35
SEED = 20
MAX_TOKENS = 4096
"""That its calls were allowed, whatever they needed."""
CUSTOMERS = 40
"""Of the shop's chat, each an end user."""


def write_history(organisation: Organisation, *, now: datetime) -> int:
    """Writes the last weeks of calls; how many. Every charge is in its month's window, and in its sum."""
    random = Random(SEED)  # noqa: S311 - a story, not a secret
    times = moments(count=CALLS, days=DAYS, now=now, zone=ZoneInfo(settings.TIME_ZONE), random=random)
    prices = _prices()
    windows = _Windows(organisation.budgets)
    keys = {
        application_id: key_id
        for each in organisation.applications.values()
        for key_id, application_id in each.api_keys.values_list("id", "application_id")
    }
    records: list[AuditRecord] = []
    contents: list[AuditContent] = []
    charges: list[tuple[AuditRecord, list[BudgetWindow]]] = []
    users = Random(SEED + 1)  # noqa: S311 - apart, so that the story stays the same
    for moment in times:
        call = draft(moment, random)
        exchange = random.choice(EXCHANGES[call.application])
        record = _record(call, exchange, organisation, prices)
        application = organisation.applications[call.application]
        record.api_key_id = keys[application.pk]
        if HABITS[call.application].feature == "chat":
            record.end_user = f"customer-{users.randint(1, CUSTOMERS):03}"
        records.append(record)
        contents.append(_content(call, exchange, team_id=record.team_id))
        if record.cost_nanos:
            found = windows.at(record, moment)
            for window in found:
                window.spent_nanos += record.cost_nanos
            charges.append((record, found))
    number = current_transaction()
    for record in records:
        record.xact_id = number  # as the column's default would, which Django works out anew for each row
    AuditRecord.objects.bulk_create(records, batch_size=1000)
    AuditContent.objects.bulk_create(contents, batch_size=1000)
    windows.save()
    LedgerEntry.objects.bulk_create(
        [
            LedgerEntry(
                call_id=record.call_id,
                window_ids=[window.pk for window in found],
                amount_nanos=record.cost_nanos,
                xact_id=number,
            )
            for record, found in charges
        ],
        batch_size=1000,
    )
    for application_id, key_id in keys.items():
        last = max(record.started_at for record in records if record.application_id == application_id)
        ApiKey.objects.filter(pk=key_id).update(last_used_at=last)
    return len(records)


class _Windows:
    """The windows that a call counts in, one of each budget that it falls under."""

    def __init__(self, budgets: list[Budget]) -> None:
        self._budgets = [(budget, budget.scope) for budget in budgets]
        self._found: dict[Window, BudgetWindow] = {}

    def at(self, record: AuditRecord, moment: datetime) -> list[BudgetWindow]:
        call = CallFacts(
            team_id=record.team_id or 0,
            application_id=record.application_id or 0,
            api_key_id=record.api_key_id or 0,
            end_user=record.end_user,
            feature=record.feature,
            model=record.route,
        )
        return [
            self._window(budget, subject, moment)
            for budget, scope in self._budgets
            if scope.may_apply_to(
                team_id=call.team_id, application_id=call.application_id, api_key_id=call.api_key_id
            )
            and (subject := scope.subject_of(call)) is not None
        ]

    def _window(self, budget: Budget, subject: str, moment: datetime) -> BudgetWindow:
        window = window_of(
            budget_id=budget.pk,
            period=budget.period,
            time_zone=budget.time_zone,
            now=moment,
            subject=subject,
        )
        if (row := self._found.get(window)) is None:
            row = self._found[window] = BudgetWindow(
                budget=budget, subject=subject, starts_at=window.starts_at, ends_at=window.ends_at
            )
        return row

    def save(self) -> None:
        """Writes them, and so gives them their ids."""
        BudgetWindow.objects.bulk_create(self._found.values(), batch_size=1000)


Priced = dict[str, tuple[Deployment, pricing.PriceEntry]]


def _prices() -> Priced:
    """The first deployment of each route, and its price."""
    deployments = {
        route.name: target.deployment
        for route in Route.objects.prefetch_related("targets__deployment__model")
        for target in list(route.targets.all())[:1]
    }
    prices = {
        price.deployment_id: pricing.PriceEntry(
            id=price.pk,
            valid_from=price.valid_from,
            valid_until=price.valid_until,
            rates=pricing.Rates(
                input=price.input_rate,
                output=price.output_rate,
                cache_read=price.cache_read_rate,
                cache_write=price.cache_write_rate,
            ),
        )
        for price in Price.objects.order_by("valid_from")
    }
    return {name: (each, prices[each.pk]) for name, each in deployments.items() if each.pk in prices}


def _record(call: Draft, exchange: Exchange, organisation: Organisation, priced: Priced) -> AuditRecord:
    application = organisation.applications[call.application]
    record = AuditRecord(
        call_id=call.call_id,
        body=BodyState.REDACTED,
        started_at=call.started_at,
        team_id=application.team_id,
        application_id=application.pk,
        feature=HABITS[call.application].feature,
        wire_format=call.wire_format,
        is_stream=call.is_stream,
        status=call.status,
        http_status=call.http_status,
        code=call.code,
        message=MESSAGES.get(call.code, ""),
        requested_model=call.model,
        attempts=call.attempts,
        input_tokens=call.input_tokens,
        output_tokens=call.output_tokens,
        cache_read_tokens=call.cache_read_tokens,
        duration_ms=call.duration_ms,
        first_token_ms=call.first_token_ms,
        stages=call.stages,
        request_id=f"demo-{call.call_id.hex[-12:]}",
        client_ip="192.0.2.10",
        is_demo=True,
    )
    if call.code != "model_not_found":
        record.route = call.model
    if call.attempts:
        _charge(record, call, *priced[call.model])
        record.findings = {entity: exchange.findings.count(entity) for entity in exchange.findings}
    return record


def _charge(record: AuditRecord, call: Draft, deployment: Deployment, price: pricing.PriceEntry) -> None:
    usage = Usage(input=call.input_tokens, output=call.output_tokens, cache_read=call.cache_read_tokens)
    record.model = deployment.model.model_id
    record.region = deployment.region
    record.invoke_id = deployment.invoke_id
    record.price_id = price.id
    record.max_tokens = MAX_TOKENS
    record.cost_nanos = pricing.cost(price, usage)
    record.cache_saved_nanos = pricing.cache_saving(price, usage)
    record.counted_input_tokens = usage.prompt + usage.prompt // 12
    record.reserved_nanos = pricing.worst_case(
        price, input_tokens=record.counted_input_tokens, max_tokens=MAX_TOKENS, caches=False
    )
    if call.output_tokens and call.status == "succeeded":
        record.stop_reason = "end_turn"


def _content(call: Draft, exchange: Exchange, *, team_id: int | None) -> AuditContent:
    answer = exchange.answer_blocks() if call.output_tokens else []
    if call.status == "cancelled":
        answer = [{"text": exchange.answer[: len(exchange.answer) // 2].rstrip() + " …"}]
    return AuditContent(
        call_id=call.call_id,
        team_id=team_id,
        request=json.dumps(exchange.request(), ensure_ascii=False),
        answer=json.dumps(answer, ensure_ascii=False),
    )
