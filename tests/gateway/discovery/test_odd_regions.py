"""Regions that do not agree, accounts that change, and what has a geography or a form that nobody expected."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from gateway.catalogue.models import Deployment, Model
from gateway.discovering import read
from gateway.discovery.models import Discovered, DiscoveredList, ModelNews
from gateway.discovery.policy import Found, Listed
from gateway.discovery.selectors.matrix import MatrixQuery, matrix
from gateway.discovery.services import news
from gateway.discovery.services.actions import deploy
from gateway.discovery.services.discover import note_region
from gateway.discovery.services.news import tell_found
from gateway.providers.bedrock import discovery
from kernel.clock import utc_now
from tests.gateway.catalogue.factories import NOVA_LITE, make_deployment, make_model
from tests.gateway.discovery.test_discovering import HERE, MICRO, THERE, count, lists, models_of
from tests.simulator import RunningSimulator

pytestmark = [pytest.mark.django_db]
ACCOUNT = "123456789012"
FACTS = {"vendor": "Acme", "ways": ["ON_DEMAND"], "status": "ACTIVE"}


def ends(aws: RunningSimulator, region: str, day: str | None) -> None:
    """AWS names the day on which a region ends Nova Micro, or none."""
    life = {"status": "ACTIVE"} if day is None else {"status": "LEGACY", "endOfLifeTime": f"{day}T00:00:00Z"}
    found = models_of(aws, region)
    lists(aws, [{**each, "modelLifecycle": life} if each["modelId"] == MICRO else each for each in found], region)  # fmt: skip


def end_of_micro() -> date | None:
    return Model.objects.get(model_id=MICRO).end_of_life


def test_the_soonest_end_of_all_regions_counts_whichever_was_read_last(aws):
    make_deployment(make_model(MICRO, "Nova Micro"), HERE)
    ends(aws, HERE, "2027-07-01")
    ends(aws, THERE, "2027-09-01")
    make_deployment(Model.objects.get(model_id=MICRO), THERE)
    for region in (HERE, THERE, HERE, THERE):
        read(region, now=utc_now())
        assert end_of_micro() == date(2027, 7, 1)
    (row,) = (row for row in matrix(MatrixQuery(), now=utc_now()) if row.model_id == MICRO)
    assert row.ends_on == "2027-07-01"


def test_an_end_that_aws_takes_back_is_taken_from_the_catalogue_but_not_what_an_admin_said(aws):
    model = make_model(MICRO, "Nova Micro")
    make_deployment(model, HERE)
    ends(aws, HERE, "2027-07-01")
    read(HERE, now=utc_now())
    assert end_of_micro() == date(2027, 7, 1)
    ends(aws, HERE, None)
    read(HERE, now=utc_now())
    assert end_of_micro() is None
    ends(aws, HERE, "2027-07-01")
    read(HERE, now=utc_now())
    Model.objects.update(end_of_life=date(2027, 1, 1))
    ends(aws, HERE, None)
    read(HERE, now=utc_now())
    assert end_of_micro() == date(2027, 1, 1)


def test_a_permission_for_quotas_is_told_on_the_page_as_others_are(aws):
    denied = {"type": "AccessDeniedException", "message": "no", "operations": ["ListServiceQuotas"]}
    aws.configure(HERE, error=denied)
    found = read(HERE, now=utc_now())
    told = DiscoveredList.objects.get(operation="ListServiceQuotas")
    assert "lacks the permission servicequotas:ListServiceQuotas" in told.problem
    assert found.noted.problems == [f"ListServiceQuotas: {told.problem}"]
    aws.configure(HERE, error=None)
    read(HERE, now=utc_now())
    told.refresh_from_db()
    assert (told.problem, told.read_at is not None) == ("", True)


def test_a_row_that_lacks_what_it_must_have_loses_no_other_list(aws, monkeypatch):
    sources = [replace(each, made=lambda row: row["no"]) if each.operation == "ListGuardrails" else each for each in discovery._SOURCES]  # fmt: skip
    monkeypatch.setattr(discovery, "_SOURCES", tuple(sources))
    found = read(HERE, now=utc_now())
    assert found.noted.problems == [
        "ListGuardrails: AWS's answer has a row without 'no', so it was not taken over."
    ]
    assert (count("guardrail"), count("imported")) == (0, 1)


def noted(account: str, *found: Found, region: str = HERE, problem: str = "") -> Any:
    listed = Listed(operation="ListFoundationModels", kinds=("foundation",), found=found, problem=problem)
    return note_region(account=account, region=region, lists=[listed], now=utc_now())


def model(identifier: str, **facts: Any) -> Found:
    return Found(kind="foundation", identifier=identifier, name=identifier, facts={**FACTS, **facts})


def test_what_another_account_had_is_gone_and_what_was_nobodys_is_this_ones(aws):
    read(HERE, now=utc_now())  # the simulator, before there are credentials of AWS
    before = count("foundation")
    assert before > 1
    noted("", model("acme.a"), region=THERE)
    noted(ACCOUNT, model("acme.a"))
    assert [each.account for each in Discovered.objects.filter(kind="foundation", region=HERE, gone_at=None)] == [ACCOUNT]  # fmt: skip
    assert count("guardrail") == 3  # a list that was not read says nothing
    again = noted(ACCOUNT, model("acme.a"), model("acme.b"), region=THERE)
    assert [each.identifier for each in again.new] == ["acme.b"]
    assert set(Discovered.objects.filter(region=THERE).values_list("account", flat=True)) == {ACCOUNT}
    assert DiscoveredList.objects.filter(operation="ListFoundationModels").count() == 2


def test_what_changes_again_is_told_again(world):
    def look(region: str, **facts: Any) -> int:
        return tell_found(noted(ACCOUNT, model("acme.a", **facts), region=region), now=utc_now())

    for region in (HERE, THERE):
        assert look(region) == 0
    told = [look(region, status=status) for status in ("LEGACY", "ACTIVE", "LEGACY") for region in (HERE, THERE)]  # fmt: skip
    assert told == [1, 0, 1, 0, 1, 0]
    assert [each.text.rpartition(") ")[2] for each in ModelNews.objects.order_by("id")] == [
        "is legacy now.", "is no longer legacy.", "is legacy now.",
    ]  # fmt: skip


def test_news_that_can_t_be_told_is_not_forgotten(aws, monkeypatch):
    read(HERE, now=utc_now())
    lists(aws, [*models_of(aws), {**models_of(aws)[0], "modelId": "acme.new-v1:0", "modelName": "New"}])

    def fails(**_: Any) -> None:
        raise RuntimeError("the worker is killed")

    with monkeypatch.context() as patched:
        patched.setattr(news, "notify", fails)
        with pytest.raises(RuntimeError):
            read(HERE, now=utc_now())
    read(HERE, now=utc_now())
    assert ModelNews.objects.get().model_id == "acme.new-v1:0"


def test_a_geography_without_a_name_here_is_called_by_its_arn(world):
    arn = f"arn:aws-us-gov:bedrock:us-gov-west-1:{ACCOUNT}:inference-profile/us-gov.acme.a"
    noted(ACCOUNT, model("acme.a", ways=["INFERENCE_PROFILE"]), region="us-gov-west-1")
    now = utc_now()
    profile = Discovered.objects.create(
        account=ACCOUNT, region="us-gov-west-1", kind="profile", identifier="us-gov.acme.a", name="a",
        facts={"arn": arn, "base": "acme.a"}, first_seen_at=now, last_seen_at=now,
    )  # fmt: skip

    def way() -> Any:
        (row,) = matrix(MatrixQuery(region="us-gov-west-1"), now=now)
        (found,) = row.ways["us-gov-west-1"]
        return found

    assert (way().profile, way().deployment_id) == ("us-gov", None)
    made = deploy(profile)
    assert (made.invoke_id, made.model.model_id) == (arn, "acme.a")
    assert way().deployment_id == made.pk


def test_what_is_made_of_a_variant_is_one_of_the_model(world):
    now = utc_now()
    tuned = Discovered.objects.create(
        account=ACCOUNT, region=HERE, kind="provisioned", identifier=f"arn:aws:bedrock:{HERE}:{ACCOUNT}:provisioned-model/abcdefghijkl",
        name="units", facts={"base": f"{NOVA_LITE}:300k"}, first_seen_at=now, last_seen_at=now,
    )  # fmt: skip
    assert deploy(tuned).model.model_id == NOVA_LITE


def test_quotas_of_input_and_output_are_shown(world):
    noted(ACCOUNT, model(NOVA_LITE))
    Deployment.objects.update(input_tokens_per_minute=400_000)
    (row,) = matrix(MatrixQuery(), now=utc_now())
    assert row.ways[HERE][0].input_tokens_per_minute == 400_000


def test_a_profile_that_names_no_model_is_one_of_the_model_in_its_name(world):
    now = utc_now()
    profile = Discovered.objects.create(
        account=ACCOUNT, region=HERE, kind="profile", identifier=f"us.{NOVA_LITE}", name="Nova Lite", facts={"base": ""},
        first_seen_at=now, last_seen_at=now,
    )  # fmt: skip
    assert deploy(profile).invoke_id == f"us.{NOVA_LITE}"
