"""Teams, members, applications, budgets and the catalogue through the management API, and its schema."""

import json
import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse

from accounts.models import Membership, Team, User
from gateway.catalogue.models import Deployment, Model, Price, Route
from governance.limits.models import Budget
from kernel.clock import utc_now
from tests.accounts.api_resources import API, ask, id_in
from tests.accounts.factories import make_person, make_superuser
from tests.gateway.catalogue.factories import make_route
from tests.governance.limits.factories import DOLLAR
from tests.world import ROLES

pytestmark = pytest.mark.django_db


def path_of(obj) -> str:
    return f"{API}/{obj._meta.model_name}s/{obj.pk}/"


def test_the_schema_is_complete(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yaml"))
    text = (tmp_path / "schema.yaml").read_text()
    assert "/api/v1/api-keys/{id}/rotate/" in text
    assert "/v1/chat" not in text


def test_the_schema_is_for_who_is_signed_in(world, client):
    assert client.get("/api/schema/").status_code == 403
    assert world.client("viewer").get("/api/schema/").status_code == 200


def test_a_budget_in_dollars(world):
    Budget.objects.filter(team=world.mine.team).delete()
    body = {
        "team": world.mine.team.pk,
        "limit_usd": "250.000000001",
        "period": "day",
        "time_zone": "Europe/Berlin",
    }
    answer = ask(world.client("admin"), "post", f"{API}/budgets/", body)
    assert answer.status_code == 201, answer.content
    assert answer.json()["limit_usd"] == "250.000000001"
    assert answer.json()["current"]["left_usd"] == "250.000000001"
    assert Budget.objects.get(team=world.mine.team).limit_nanos == 250_000_000_001
    again = ask(world.client("admin"), "post", f"{API}/budgets/", body)
    assert again.json() == {
        "non_field_errors": ["A budget with this scope and period already exists. Edit that one."]
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(
            ("limit_usd", value)
            for value in (10, 1.5, "-1", "1e3", "NaN", "", None, "0.0000000001", "9999999999", "1,5")
        ),
        ("limit_usd", "\u0661\u0660"),
        ("period", "hour"),
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "../etc/passwd"),
    ],
)
def test_a_budget_that_cannot_be(world, field, value):
    answer = ask(world.client("owner"), "patch", path_of(world.mine.budget), {field: value})
    assert answer.status_code == 400
    assert list(answer.json()) == [field]


def test_a_budget_s_windows(world):
    client = world.client("viewer")
    current = client.get(path_of(world.mine.budget)).json()["current"]
    assert (current["spent_usd"], current["reserved_usd"], current["left_usd"]) == ("50", "0", "51")
    windows = client.get(path_of(world.mine.budget) + "windows/").json()["results"]
    assert [(each["spent_usd"], each["starts_at"]) for each in windows] == [("50", current["starts_at"])]
    raised = ask(
        world.client("owner"), "patch", path_of(world.mine.budget), {"limit_usd": "80", "current": {}}
    )
    assert raised.json()["current"]["left_usd"] == "31"  # with the dollar granted
    world.mine.budget.refresh_from_db()
    assert world.mine.budget.limit_nanos == 80 * DOLLAR


def test_a_member_is_named_by_address(world):
    client, url = world.client("owner"), f"{API}/memberships/"
    body = {"team": world.mine.team.pk, "email": "NOBODY@example.com", "role": "developer"}
    assert ask(client, "post", url, body).json()["email"] == "nobody@example.com"
    assert "member already" in str(ask(client, "post", url, body).json()["email"])
    world.client("nobody")
    assert "member already" in str(ask(client, "post", url, body).json()["email"])
    assert world.people["nobody"].memberships.get().role == "developer"
    mine = Membership.objects.get(user=world.people["viewer"])
    moved = ask(client, "patch", path_of(mine), {"email": "root@example.com"})
    assert moved.json() == {"email": ["This can't be changed."]}


def test_whether_an_address_has_an_account_is_not_told(world):
    """By what adding it answers, by what lists and changes say of it, and by what taking it out again does."""
    make_person("gone", is_active=False)
    client, url, told = world.client("owner"), f"{API}/memberships/", []
    for name in ("nobody", "gone", "missing"):
        body = {"team": world.mine.team.pk, "email": f"{name}@example.com", "role": "viewer"}
        answers = [ask(client, "post", url, body) for _ in range(2)]
        one = f"{url}{answers[0].json()['id']}/"
        answers += [ask(client, "get", one), ask(client, "patch", one, {"role": "admin"})]
        answers += [ask(client, "patch", one, {"email": "x@example.com"}), ask(client, "delete", one)]
        answers.append(ask(client, "get", one))
        told.append([(each.status_code, without_own(each, name)) for each in answers])
    assert told[0] == told[1] == told[2]
    assert [status for status, _ in told[0]] == [201, 400, 200, 200, 400, 204, 404]


def without_own(answer, name):
    """An answer without what differs for any two rows."""
    text = re.sub(r'"(id|created_at)":("[^"]*"|\d+)', "", answer.content.decode())
    return text.replace(name, "NAME")


def test_a_waiting_role_is_no_second_one(world):
    """Of somebody whose address has changed meanwhile: the role that they have is kept."""
    body = {"team": world.mine.team.pk, "email": "new@example.com", "role": "admin"}
    assert ask(world.client("owner"), "post", f"{API}/memberships/", body).status_code == 201
    User.objects.filter(pk=world.people["viewer"].pk).update(email="new@example.com")
    world.people["viewer"].refresh_from_db()
    world.client("viewer")
    assert [each.role for each in world.people["viewer"].memberships.all()] == ["viewer"]
    assert not Membership.objects.filter(user=None).exists()


def test_a_name_once(world):
    client = world.client("owner")
    body = {"team": world.mine.team.pk, "name": world.mine.application.name}
    assert ask(client, "post", f"{API}/applications/", body).status_code == 400
    taken = ask(client, "patch", path_of(world.mine.team), {"name": "Other"})
    assert (taken.status_code, Team.objects.filter(name="Other").count()) == (400, 1)


@pytest.mark.parametrize("resource", ["teams", "api-keys", "budgets", "routes"])
@pytest.mark.parametrize("pk", ["x", "0", "-1", "1.5", "%00", "9" * 40, "1%20or%201"])
def test_an_id_that_cannot_be_is_not_found(world, resource, pk):
    assert world.client("superuser").get(f"{API}/{resource}/{pk}/").status_code == 404


def catalogue() -> list:
    return [Model.objects.get(), Deployment.objects.get(), Price.objects.get(), Route.objects.get()]


@pytest.mark.parametrize("who", [*ROLES, "nobody"])
def test_the_catalogue_is_read_by_all_and_changed_by_superusers(world, who):
    client = world.client(who)
    for obj in catalogue():
        assert client.get(path_of(obj)).status_code == 200
        for method in ("patch", "delete"):
            assert ask(client, method, path_of(obj), {"name": "x", "region": "x"}).status_code == 403
        assert ask(client, "post", f"{API}/{obj._meta.model_name}s/", {}).status_code == 403
    assert len(catalogue()) == 4


def test_the_catalogue_from_model_to_route(world):
    client = world.client("superuser")

    def made(resource: str, body: dict) -> dict:
        answer = ask(client, "post", f"{API}/{resource}/", body)
        assert answer.status_code == 201, answer.content
        return answer.json()

    model = made(
        "models", {"model_id": "acme.one-v1:0", "name": "One", "vendor": "Acme", "context_window": 9000}
    )
    places = [
        made("deployments", {"model": model["id"], "region": region, "profile": "eu"})
        for region in ("eu-central-1", "eu-west-1")
    ]
    assert places[0]["invoke_id"] == "eu.acme.one-v1:0"
    price = made(
        "prices",
        {"deployment": places[0]["id"], "valid_from": "2026-01-01T00:00:00Z", "input_usd": "0.0375"},
    )
    assert (price["input_usd"], price["output_usd"], price["cache_read_usd"]) == ("0.0375", "0", None)
    assert Price.objects.get(pk=price["id"]).input_rate == 37_500_000
    targets = [{"deployment": place["id"]} for place in reversed(places)]
    route = made("routes", {"name": "one", "aliases": ["uno"], "targets": targets})
    assert [each["deployment"] for each in route["targets"]] == [places[1]["id"], places[0]["id"]]
    url = f"{API}/routes/{route['id']}/"
    assert ask(client, "patch", url, {"timeout_seconds": 9}).json()["targets"] == route["targets"]
    fewer = ask(client, "patch", url, {"targets": [{"deployment": places[0]["id"], "weight": 3}]})
    assert fewer.json()["targets"] == [{"deployment": places[0]["id"], "weight": 3}]
    assert ask(client, "delete", url).status_code == 204


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"valid_until": "2020-01-01T00:00:00Z"}, "valid_until"),
        ({"long_input_usd": "1"}, "long_context_threshold"),
        ({"long_context_threshold": 1000, "long_input_usd": "1"}, "long_input_usd"),
        ({"input_usd": None}, "input_usd"),
        ({"output_usd": "a lot"}, "output_usd"),
    ],
)
def test_a_price_that_cannot_be(world, change, field):
    answer = ask(world.client("superuser"), "patch", path_of(Price.objects.get()), change)
    assert answer.status_code == 400
    assert list(answer.json()) == [field]


def test_each_tier_has_its_prices(world):
    price, client = Price.objects.get(), world.client("superuser")
    body = {"deployment": price.deployment_id, "valid_from": utc_now().isoformat(), "input_usd": "0.03"}
    flex = ask(client, "post", f"{API}/prices/", body | {"tier": "flex"})
    assert (flex.status_code, flex.json()["tier"]) == (201, "flex")
    again = {"tier": "flex", "valid_from": (utc_now() + timedelta(days=1)).isoformat()}
    assert "overlaps" in str(ask(client, "post", f"{API}/prices/", body | again).json())
    assert ask(client, "post", f"{API}/prices/", body | {"tier": "cheap"}).status_code == 400
    changed = ask(client, "patch", f"{API}/prices/{flex.json()['id']}/", {"input_usd": "0.02"})
    assert (changed.status_code, changed.json()["tier"]) == (200, "flex")
    page = client.get(reverse("admin:gateway_price_changelist")).content.decode()
    assert "Flex" in page


def test_prices_of_a_deployment_do_not_overlap(world):
    price = Price.objects.get()
    body = {
        "deployment": price.deployment_id,
        "valid_from": (utc_now() + timedelta(days=3)).isoformat(),
        "input_usd": "1",
    }
    client = world.client("superuser")
    assert "overlaps" in str(ask(client, "post", f"{API}/prices/", body).json())
    ended = ask(client, "patch", path_of(price), {"valid_until": body["valid_from"]})
    assert ended.status_code == 200, ended.content
    assert ask(client, "post", f"{API}/prices/", body).status_code == 201


@pytest.mark.parametrize(
    "change",
    [
        {"name": "second"}, {"aliases": ["dos"]}, {"default_max_tokens": 100, "max_tokens_limit": 10},
        {"default_max_tokens": 0}, {"targets": [{"deployment": 0}]}, {"strategy": "random"}, {"targets": "all"},
    ],
)  # fmt: skip
def test_a_route_that_cannot_be(world, change):
    make_route("second", aliases=["dos"])
    answer = ask(world.client("superuser"), "patch", path_of(world.route), change)
    assert answer.status_code == 400
    assert world.route.targets.count() == 1


def test_a_deployment_is_in_a_route_once(world):
    target = {"deployment": Deployment.objects.get().pk}
    answer = ask(world.client("superuser"), "patch", path_of(world.route), {"targets": [target, target]})
    assert answer.json() == {"targets": ["A deployment is in the list twice."]}


def test_the_schema_has_a_page_that_fetches_nothing_from_elsewhere(client):
    address = reverse("api-docs")
    assert client.get(address).status_code == 403
    client.force_login(make_superuser("docs"))
    page = client.get(address).content.decode()
    assert "/static/drf_spectacular_sidecar/" in page
    assert "https://" not in page


@pytest.mark.parametrize(
    ("resource", "name", "document"),
    [
        ("test-cases", "variables", {"question": "HERE"}), ("test-cases", "expected", {"a": ["HERE"]}), ("test-cases", "expected", {"HERE": 1}),
        ("test-cases", "assertions", [{"kind": "HERE", "texts": ["a"]}]), ("test-sets", "assertions", [{"kind": "HERE"}]),
        ("rollouts", "segment", {"attributes": {"country": ["HERE"]}}), ("rollouts", "checks", [{"kind": "HERE"}]),
        ("experiments", "checks", [{"kind": "contains", "texts": ["HERE"]}]),
        ("privacy-policies", "draft", {"names": "HERE"}), ("privacy-policies", "draft", {"rules": [{"entity": "X", "patterns": ["HERE"]}]}),
        ("prompt-versions", "document", {"messages": [{"role": "HERE", "text": "x"}]}),
        ("prompt-versions", "document", {"output": {"schema": {"type": "HERE"}}}),
        ("prompt-versions", "document", "HERE"), ("privacy-policies", "draft", "HERE"), ("test-cases", "expected", ["HERE"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("text", ['"\\u0000"', '"\\ud800"', "1e400"])
def test_a_document_that_no_column_takes_is_refused(world, resource, name, document, text):
    body = json.dumps({name: document, "revision": 1})
    if '{"HERE":' in body and not text.startswith('"'):
        text = '"\\u0000"'  # keys are texts
    url = f"{API}/{resource}/{id_in(world.mine, resource)}/"
    answer = world.client("owner").generic("PATCH", url, body.replace('"HERE"', text), "application/json")
    assert answer.status_code == 400, answer.content
    assert answer.json()[name][0].startswith("It holds ")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000])
def test_what_is_nested_too_deeply_is_refused(world, text):
    answer = world.client("owner").generic("POST", f"{API}/applications/", text, "application/json")
    assert answer.status_code == 400
    assert "too deeply" in answer.json()["detail"]


@pytest.mark.parametrize("query", ["base=x", "base=" + "9" * 40, "state=%00", "state=fine", "base=-1"])
def test_documents_are_filtered_by_what_can_be(world, query):
    assert world.client("owner").get(f"{API}/knowledge-documents/?{query}").status_code == 400
