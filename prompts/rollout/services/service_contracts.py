"""Watches the service contracts of prompts on their calls in production; says when one is broken, and when it is kept again."""

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.urls import reverse

from governance.alerts.models import Alert
from governance.alerts.services.alerts import notify
from governance.records.selectors.calls import first_id_at
from prompts.rollout.models import ContractBreach, ServiceContract
from prompts.rollout.policy.service_contract import Judgement, Promise, Seen, broken_text, judged, kept_text
from prompts.rollout.policy.unsure import Promised, Unsure

MAX_CALLS = 20_000
"""Of a window the latest so many are looked at."""

# What the caller got wrong, and limits that are set on callers, are no fault of the prompt; an answer that broke the
# output contract is. A call that was refused because the prompt was unsure tells of that alone. Gatehouse's own calls (evaluations, the playground) are not production.
_SEEN = """
WITH calls AS (
    SELECT status, duration_ms, cost_nanos, prompt_run,
        status <> 'succeeded' AND code <> 'contract_failed' AND http_status BETWEEN 400 AND 499
            AND NOT starts_with(code, 'upstream') AS is_callers
    FROM governance_auditrecord
    WHERE prompt_id = %(prompt)s AND call_id >= %(since)s
      AND NOT EXISTS (SELECT FROM accounts_application a WHERE a.id = application_id AND a.is_internal)
    ORDER BY call_id DESC LIMIT %(most)s
)
SELECT count(*) FILTER (WHERE NOT is_callers), count(*) FILTER (WHERE status = 'succeeded'),
    percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms) FILTER (WHERE status = 'succeeded'),
    coalesce(sum(cost_nanos) FILTER (WHERE status = 'succeeded'), 0)::bigint,
    count(*) FILTER (WHERE NOT is_callers AND prompt_run->'contract'->>'outcome' IS NOT NULL),
    count(*) FILTER (WHERE NOT is_callers AND prompt_run->'contract'->>'outcome' IN ('valid', 'corrected')),
    count(*) FILTER (WHERE NOT is_callers
        AND (prompt_run->>'is_fallback' = 'true' OR prompt_run->'contract'->>'outcome' = 'fallback')),
    {unsure}
FROM calls
"""
_UNSURE = ", ".join(
    f"count(*) FILTER (WHERE prompt_run->>'unsure' = '{what}'"
    f"{'' if what is Unsure.REFUSED else ' AND NOT is_callers'})"
    for what in Unsure
)


def watch(*, now: datetime) -> int:
    """Looks at every contract that is watched; how many promises are broken now."""
    rows = ServiceContract.objects.filter(is_enabled=True, prompt__archived_at=None).select_related(
        "prompt__team"
    )
    return sum(check_contract(contract, now=now) for contract in rows)


@transaction.atomic
def check_contract(contract: ServiceContract, *, now: datetime) -> int:
    """Looks at one contract, opens and closes its breaches, and alerts on each once; how many promises are broken now."""
    ServiceContract.objects.select_for_update().get(pk=contract.pk)
    seen = seen_by(contract, now=now)
    judgements = judged(promise_of(contract), seen)
    is_open = {breach.term: breach for breach in contract.breaches.filter(ended_at=None)}
    for found in judgements:
        breach = is_open.pop(found.term.value, None)
        if found.is_kept is False:
            _broken(contract, found, breach, now=now)
        elif found.is_kept and breach is not None:
            _kept(contract, found, breach, now=now)
    for breach in is_open.values():  # no longer promised
        ContractBreach.objects.filter(pk=breach.pk).update(ended_at=now)
    contract.checked_at = now
    contract.measured = {
        found.term.value: {"is_kept": found.is_kept, "promised": found.promised, "measured": found.measured, "calls": found.calls}
        for found in judgements
    }  # fmt: skip
    contract.seen = {"calls": seen.calls, "unsure": sum(seen.unsure.values())}
    contract.save(update_fields=("checked_at", "measured", "seen"))
    return sum(1 for found in judgements if found.is_kept is False)


def promise_of(contract: ServiceContract) -> Promise:
    """What a contract promises."""
    return Promise(
        p95_ms=contract.p95_ms, availability=contract.availability, max_cost_nanos=contract.max_cost_nanos,
        format_percent=contract.format_percent, fallback_percent=contract.fallback_percent,
        when_unsure=Promised(contract.when_unsure) if contract.when_unsure else None,
        minimum_calls=contract.minimum_calls,
    )  # fmt: skip


def seen_by(contract: ServiceContract, *, now: datetime) -> Seen:
    """What was seen of the prompt's calls in the contract's window."""
    since = first_id_at(now - timedelta(minutes=contract.window_minutes))
    with connection.cursor() as cursor:
        cursor.execute(
            _SEEN.format(unsure=_UNSURE), {"prompt": contract.prompt_id, "since": since, "most": MAX_CALLS}
        )
        calls, answered, p95, cost, with_contract, fitting, fallbacks, *unsure = cursor.fetchone()
    return Seen(
        calls=calls, answered=answered, p95_ms=p95, cost_nanos=cost, with_contract=with_contract, fitting=fitting,
        fallbacks=fallbacks, unsure=dict(zip(Unsure, unsure, strict=True)),
    )  # fmt: skip


def _broken(
    contract: ServiceContract, found: Judgement, breach: ContractBreach | None, *, now: datetime
) -> None:
    if breach is not None:
        ContractBreach.objects.filter(pk=breach.pk).update(measured=found.measured, calls=found.calls)
        return
    ContractBreach.objects.create(
        contract=contract, term=found.term.value, promised=found.promised, measured=found.measured,
        calls=found.calls, started_at=now,
    )  # fmt: skip
    text = broken_text(contract.prompt.name, found, minutes=contract.window_minutes)
    _alert(contract, Alert.Kind.CONTRACT_BROKEN, text, now=now)


def _kept(contract: ServiceContract, found: Judgement, breach: ContractBreach, *, now: datetime) -> None:
    ContractBreach.objects.filter(pk=breach.pk).update(ended_at=now)
    _alert(contract, Alert.Kind.CONTRACT_KEPT, kept_text(contract.prompt.name, found), now=now)


def _alert(contract: ServiceContract, kind: Alert.Kind, text: str, *, now: datetime) -> None:
    path = reverse("admin:prompts_servicecontract_change", args=[contract.pk])
    notify(kind=kind, team=contract.prompt.team, text=text, path=path, now=now)
