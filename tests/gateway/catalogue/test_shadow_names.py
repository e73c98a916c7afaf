"""A shadow's copies are counted by a feature of the route's name, which must fit."""

import pytest

from gateway.catalogue.models import Route
from tests.accounts.api_resources import API, ask
from tests.gateway.catalogue.factories import make_route
from tests.world import World


@pytest.mark.django_db
@pytest.mark.parametrize(("length", "status"), [(193, 201), (194, 400)])
def test_a_route_whose_name_is_too_long_for_it_has_no_shadow(world: World, length: int, status: int) -> None:
    make_route("other")
    shadow = {"shadow_route": "other", "shadow_percent": 5, "shadow_budget": "1"}
    body = {"name": "r" * length, "strategy": "ordered", "targets": [], **shadow}
    answer = ask(world.client("superuser"), "post", f"{API}/routes/", body)
    assert answer.status_code == status, answer.content
    assert Route.objects.filter(name="r" * length).exists() is (status == 201)
    if status == 400:
        assert "193" in answer.content.decode()
