"""Service contracts, watched on calls on record."""

from datetime import timedelta
from decimal import Decimal

import pytest

from governance.alerts.models import Alert, Delivery
from governance.alerts.policy import webhook_body
from governance.alerts.services.deliveries import _facts
from governance.records.selectors.calls import first_id_at
from kernel.clock import utc_now
from kernel.ids import new_id
from prompts.rollout.models import ContractBreach, ServiceContract
from prompts.rollout.services.service_contracts import check_contract, seen_by, watch
from tests.accounts.factories import make_application, make_team
from tests.governance.alerts.factories import make_channel
from tests.governance.records.factories import make_call
from tests.prompts.registry.factories import make_prompt
from tests.prompts.rollout.factories import make_contract

pytestmark = pytest.mark.django_db


class World:
    def __init__(self) -> None:
        self.team = make_team("Support")
        self.app = make_application(self.team, "app")
        self.prompt = make_prompt(self.team)
        self.contract = make_contract(self.prompt, minimum_calls=5)
        make_channel(self.team, "Hook", kind="webhook", target="https://example.com/hook")
        make_channel(make_team("Other"), "x", target="x@example.com")

    def calls(self, count: int = 5, **fields) -> None:
        values = {"prompt_id": self.prompt.pk, "duration_ms": 500.0, "application": self.app, **fields}
        application = values.pop("application")
        for _ in range(count):
            make_call(self.team, application, **values)

    def check(self) -> int:
        return check_contract(self.contract, now=utc_now())


@pytest.fixture
def world() -> World:
    return World()


def test_a_broken_promise_alerts_once_and_when_it_is_kept_again(world):
    world.calls(6, duration_ms=2000.0)
    assert world.check() == 1
    assert world.check() == 1
    (breach,) = world.contract.breaches.all()
    assert (breach.term, breach.promised, breach.measured, breach.calls) == (
        "latency",
        "at most 1,000 ms",
        "2,000 ms",
        6,
    )
    alert = Alert.objects.get()
    assert alert.kind == "contract_broken"
    assert "support breaks its service contract" in str(alert)
    delivery = Delivery.objects.get()
    assert delivery.channel.name == "Hook", "the channel of another team hears nothing"
    body = webhook_body(_facts(delivery), delivery_id="1", url="u")
    assert (body["type"], body["text"]) == ("contract.broken", str(alert))
    assert alert.path == f"/admin/prompts/servicecontract/{world.contract.pk}/change/"

    world.calls(200)
    assert world.check() == 0
    breach.refresh_from_db()
    assert breach.ended_at is not None
    assert [alert.kind for alert in Alert.objects.order_by("id")] == ["contract_broken", "contract_kept"]
    assert world.check() == 0
    assert Alert.objects.count() == 2


def test_too_few_calls_neither_open_nor_close(world):
    world.calls(4, duration_ms=2000.0)
    assert world.check() == 0
    world.calls(1, duration_ms=2000.0)
    assert world.check() == 1
    ContractBreach.objects.update(started_at=utc_now() - timedelta(hours=5))
    world.contract.minimum_calls = 50
    assert world.check() == 0
    assert world.contract.breaches.get().ended_at is None


def test_which_calls_count(world):
    world.calls(3)
    world.calls(2, status="refused", http_status=400, code="invalid_request")
    world.calls(1, status="refused", http_status=429, code="rate_limited")
    world.calls(1, status="cancelled", http_status=499)
    world.calls(2, status="failed", http_status=429, code="upstream_throttled")
    world.calls(
        1,
        status="refused",
        http_status=422,
        code="contract_failed",
        prompt_run={"contract": {"outcome": "refused"}},
    )
    world.calls(1, prompt_run={"contract": {"outcome": "corrected"}})
    world.calls(1, prompt_run={"is_fallback": True})
    internal = make_application(world.team, "Gatehouse", is_internal=True)
    world.calls(7, application=internal)
    world.calls(7, prompt_id=world.prompt.pk + 1000)
    old = first_id_at(utc_now() - timedelta(hours=2))
    make_call(world.team, world.app, prompt_id=world.prompt.pk, call_id=old)
    seen = seen_by(world.contract, now=utc_now())
    assert (seen.calls, seen.answered) == (8, 5)
    assert (seen.with_contract, seen.fitting, seen.fallbacks) == (2, 1, 1)
    assert seen.cost_nanos == 5 * 1_500_000


def test_every_promise_is_watched(world):
    world.contract.availability = Decimal("99")
    world.contract.max_cost_nanos = 1_000_000
    world.contract.format_percent = Decimal("90")
    world.contract.fallback_percent = Decimal("5")
    world.contract.save()
    world.calls(10, duration_ms=2000.0, prompt_run={"is_fallback": True, "contract": {"outcome": "fallback"}})
    world.calls(1, status="failed", http_status=503)
    assert watch(now=utc_now()) == 5
    world.contract.refresh_from_db()
    assert world.contract.measured["cost"] == {
        "is_kept": False, "promised": "at most $0.001000", "measured": "$0.001500", "calls": 10,
    }  # fmt: skip
    assert world.contract.checked_at is not None


def test_what_is_no_longer_promised_is_no_longer_broken(world):
    world.calls(6, duration_ms=2000.0)
    world.check()
    world.contract.p95_ms = None
    assert world.check() == 0
    assert world.contract.breaches.get().ended_at is not None
    assert Alert.objects.count() == 1


def test_a_contract_that_is_switched_off_is_not_watched(world):
    world.calls(6, duration_ms=2000.0)
    ServiceContract.objects.update(is_enabled=False)
    assert watch(now=utc_now()) == 0
    ServiceContract.objects.update(is_enabled=True)
    world.prompt.archived_at = utc_now()
    world.prompt.save()
    assert watch(now=utc_now()) == 0


def test_a_shared_prompt_alerts_the_channels_of_all(world):
    shared = make_prompt(None, "shared")
    contract = make_contract(shared, minimum_calls=1, p95_ms=1)
    make_channel(None, "Everybody", target="ops@example.com")
    make_call(world.team, world.app, prompt_id=shared.pk, call_id=new_id())
    assert check_contract(contract, now=utc_now()) == 1
    assert Delivery.objects.get().channel.name == "Everybody"


def test_what_unsure_calls_get_is_watched(world):
    world.contract.p95_ms, world.contract.when_unsure = None, "fallback"
    world.contract.save()
    world.calls(3, prompt_run={"unsure": "answer", "is_fallback": True, "confidence": 0.1})
    world.calls(20)
    # Refused by a limit before the model was asked: nothing can be said.
    world.calls(1, prompt_run={"unsure": "asked"}, status="refused", http_status=402, code="budget_exceeded")
    assert world.check() == 0
    assert world.contract.measured["unsure"] == {
        "is_kept": True, "promised": "the fallback answer", "measured": "3 of 3 calls", "calls": 3,
    }  # fmt: skip
    assert world.contract.seen == {"calls": 23, "unsure": 3}
    world.calls(2, prompt_run={"unsure": "asked"})
    assert world.check() == 1
    (breach,) = world.contract.breaches.all()
    assert (breach.term, breach.measured) == ("unsure", "3 of 5 calls, else the model was asked")
    assert "are to get the fallback answer" in Alert.objects.get().text


def test_a_promised_refusal_is_no_failure(world):
    world.contract.p95_ms, world.contract.when_unsure = None, "refuse"
    world.contract.availability = Decimal("99")
    world.contract.save()
    world.calls(5)
    world.calls(5, prompt_run={"unsure": "refused"}, status="refused", http_status=422, code="unsure")
    assert world.check() == 0
    seen = seen_by(world.contract, now=utc_now())
    assert (seen.calls, seen.answered, seen.unsure["refused"]) == (5, 5, 5)
    world.calls(1, prompt_run={"unsure": "said"})
    assert world.check() == 1
    assert world.contract.measured["unsure"]["measured"] == "5 of 6 calls, else the model said so"
