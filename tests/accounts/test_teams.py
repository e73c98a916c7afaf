"""A team's time zone, by which half-days of kept answers begin."""

import pytest

from tests.accounts.api_resources import API

pytestmark = [pytest.mark.django_db]


@pytest.mark.parametrize(
    ("zone", "status"), [("Europe/Berlin", 200), ("", 200), ("Mars/Base", 400), ("../etc/passwd", 400)]
)
def test_a_time_zone_is_one_that_there_is(world, zone, status):
    team = world.mine.team
    answer = world.client("admin").patch(
        f"{API}/teams/{team.pk}/", {"time_zone": zone}, content_type="application/json"
    )
    assert answer.status_code == status, answer.content
    if status == 400:
        assert "unknown time zone" in answer.json()["time_zone"][0]
