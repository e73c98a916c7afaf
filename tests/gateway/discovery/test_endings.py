"""Models that end: 45 days ahead, once, with whom it hits; and their names lead to their successors by one click."""

from datetime import timedelta
from typing import Any

import pytest

from gateway.catalogue.models import Model, Route
from gateway.discovery.models import EndingUse, ModelNews
from gateway.discovery.policy import changes, hits_text
from gateway.discovery.selectors.endings import endings
from gateway.discovery.selectors.hits import ModelHit
from gateway.discovery.services.news import tell_endings
from gateway.discovery.services.succession import succeed
from gateway.metrics.deployments import fleet_reading
from gateway.snapshot.build import build_snapshot
from governance.alerts.models import Alert, Delivery
from kernel.clock import utc_now
from kernel.errors import ConflictError, InvalidError
from tests.gateway.catalogue.factories import NOVA_LITE, make_deployment, make_model, make_route
from tests.governance.alerts.factories import make_channel
from tests.governance.records.factories import make_call

OLD, NEXT = "amazon.old-v1:0", "amazon.next-v1:0"


@pytest.fixture
def old(world: Any) -> Model:
    """A model that ends in 46 days, which an application and a prompt of mine, and an application of others, call."""
    model = make_model(OLD, "Old", end_of_life=utc_now().date() + timedelta(days=46), successor=NEXT)
    make_route("old", make_deployment(model, profile="us"), aliases=[f"us.{OLD}"])
    make_route("next", make_deployment(make_model(NEXT, "Next"), profile="us"), aliases=[NEXT, f"us.{NEXT}"])
    for _ in range(3):
        make_call(world.mine.team, world.mine.application, model=OLD, route="old", prompt_name="greeting")
    make_call(world.other.team, world.other.application, model=OLD, route="old")
    make_call(world.other.team, world.other.application, model=NOVA_LITE, route="nova-lite")
    return model


@pytest.mark.django_db
class TestNews:
    def test_forty_five_days_ahead_and_once_with_whom_it_hits(self, world, old):
        for each in (None, world.mine.team, world.other.team):
            make_channel(each)
        Delivery.objects.all().delete()
        assert tell_endings(now=utc_now()) == 0  # 46 days are more than AWS's shortest notice
        later = utc_now() + timedelta(days=1)
        assert tell_endings(now=later) == 1
        assert tell_endings(now=later) == 0
        news = ModelNews.objects.get()
        assert (news.kind, news.ends_on) == ("ending", old.end_of_life)
        assert f"AWS ends Old ({OLD}) in 45 days, on {old.end_of_life}" in news.text
        assert f"Its successor is {NEXT}." in news.text
        # Everybody sees the news: whom it hits is told to who hears of all teams.
        assert "app" not in news.text
        told = Alert.objects.get(kind=Alert.Kind.MODEL_NEWS, team=None).text
        assert "Mine app (3 calls), Other app (1 call)" in told
        assert "the prompt greeting (3 calls)" in told

    def test_each_team_hears_of_its_own_and_who_hears_all_hears_once(self, world, old):
        for each in (None, world.mine.team, world.other.team):
            make_channel(each)
        Delivery.objects.all().delete()
        tell_endings(now=utc_now() + timedelta(days=10))
        told = {delivery.channel.team_id: str(delivery.alert) for delivery in Delivery.objects.filter(alert__kind="model_news")}  # fmt: skip
        assert Delivery.objects.filter(alert__kind=Alert.Kind.MODEL_NEWS).count() >= 3
        assert "Other app" not in told[world.mine.team.pk]
        assert "Mine app" not in told[world.other.team.pk]
        assert {"Mine app", "Other app"} <= {name for name in ("Mine app", "Other app") if name in told[None]}

    def test_the_end_itself_is_news_too_and_what_nobody_called_says_so(self, world):
        model = make_model(OLD, "Old", end_of_life=utc_now().date() - timedelta(days=1))
        make_deployment(model)
        assert tell_endings(now=utc_now()) == 1
        news = ModelNews.objects.get()
        assert news.kind == "ended"
        assert "Nobody called it" in Alert.objects.get(kind=Alert.Kind.MODEL_NEWS).text

    def test_who_sees_whom_it_hits(self, world, old):
        tell_endings(now=utc_now())
        assert EndingUse.objects.count() == 3

        def seen(person: Any) -> set[str]:
            (ending,) = endings(person, today=utc_now().date())
            assert (ending.days, ending.successor, ending.routes) == (46, NEXT, ("old",))
            return {use.name for use in ending.uses}

        assert seen(world.superuser) == {"Mine app", "Other app", "greeting"}
        assert seen(world.people["viewer"]) == {"Mine app", "greeting"}
        assert seen(world.people["nobody"]) == set()


@pytest.mark.django_db
def test_the_end_of_a_deployment_is_a_metric_from_the_start(world, old):
    snapshot = build_snapshot()

    def told(days: int) -> tuple[dict[Any, float], dict[Any, float]]:
        found = fleet_reading({}, snapshot, {}, now=0.0, today=utc_now().date() + timedelta(days=days))
        return found["gatehouse_deployments_ending"], found["gatehouse_deployment_ends_in_days"]

    place = (f"us.{OLD}", "us-east-1")
    assert told(0) == ({(): 0.0}, {place: 46.0})
    assert told(1) == ({(): 1.0}, {place: 45.0})
    assert told(50) == ({(): 1.0}, {place: -4.0})


@pytest.mark.django_db
class TestSuccession:
    def test_a_route_of_its_own_keeps_its_name_and_leads_to_the_successor(self, world, old):
        done = succeed(OLD)
        assert done.routes == ["old"]
        assert done.aliases == [OLD]
        snapshot = build_snapshot()
        assert {each.model_id for each in snapshot.routes["old"].deployments} == {NEXT}
        assert snapshot.routes[OLD].name == "next"
        assert snapshot.routes[f"us.{OLD}"].name == "old"
        with pytest.raises(ConflictError):
            succeed(OLD)

    def test_an_id_that_is_gone_becomes_an_alias(self, world):
        gone, successor = "cohere.command-r-v1:0", NOVA_LITE
        route = Route.objects.get(name="nova-lite")
        route.aliases = [successor, f"us.{successor}"]
        route.save()
        assert build_snapshot().retired["command-r"] == successor
        assert succeed(gone).aliases == [gone, f"us.{gone}"]
        assert build_snapshot().routes[gone].name == "nova-lite"

    def test_a_prefix_is_no_part_of_a_model_and_what_is_left_is_told(self, world, old):
        make_route("both", old.deployments.get(), Route.objects.get(name="next").targets.get().deployment)
        assert succeed(f"us.{OLD}").left == ["both"]
        with pytest.raises(ConflictError, match=r"Nothing was changed.*both"):
            succeed(OLD)

    def test_a_geography_that_the_successor_lacks_is_left_and_told(self, world, old):
        make_route("old-eu", make_deployment(old, "eu-west-1", profile="eu"), aliases=[f"eu.{OLD}"])
        assert succeed(OLD).left == ["old-eu"]

    def test_the_successor_of_a_successor_that_has_ended(self, world, old):
        last = "amazon.last-v1:0"
        Model.objects.filter(model_id=NEXT).update(
            end_of_life=utc_now().date() - timedelta(days=1), successor=last
        )
        make_route("last", make_deployment(make_model(last, "Last")), aliases=[last])
        (ending,) = [each for each in endings(world.superuser, today=utc_now().date()) if each.model == old]
        assert ending.successor == last
        assert succeed(OLD).aliases == [OLD]
        assert build_snapshot().routes[OLD].name == "last"

    def test_no_name_is_led_to_what_is_disabled_or_to_itself(self, world, old):
        Route.objects.filter(name="next").update(is_enabled=False)
        with pytest.raises(InvalidError, match="is disabled: enable it first"):
            succeed(OLD)
        with pytest.raises(InvalidError, match="its own successor"):
            succeed(OLD, successor=f"us.{OLD}")
        assert Route.objects.get(name="old").targets.get().deployment.model == old

    def test_without_a_successor_or_its_route_it_says_what_to_do(self, world):
        with pytest.raises(InvalidError, match="No successor of"):
            succeed("acme.x")
        with pytest.raises(InvalidError, match="make one first"):
            succeed("acme.x", successor="acme.y")


def test_what_changes_are_news():
    before = {
        "status": "ACTIVE",
        "takes": ["TEXT"],
        "gives": ["TEXT"],
        "streams": True,
        "ways": ["ON_DEMAND"],
    }
    assert changes(before, dict(before)) == ()
    assert changes(before, {**before, "arn": "another", "vendor": "Acme"}) == ()
    after = {**before, "takes": ["IMAGE", "TEXT"], "streams": False, "ways": []}
    assert changes(before, after) == ("takes IMAGE, TEXT", "is called by nothing", "does not stream any more")
    assert changes({**before, "status": "LEGACY", "ends_on": "2027-01-01"}, before) == (
        "is no longer legacy", "has no end any more",
    )  # fmt: skip


def test_many_are_told_by_number():
    hits = [ModelHit(team=1, application=each, name=f"app {each}", calls=each) for each in range(1, 9)]
    said = hits_text(hits, [])
    assert "app 8 (8 calls), app 7" in said
    assert said.endswith("app 4 (4 calls) and 3 more.")
