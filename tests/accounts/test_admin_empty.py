"""An install in which there is nothing yet: first steps on the home page, and lists that say what they are for."""

import re

import pytest
from django.urls import reverse

from tests.accounts.factories import make_application, make_superuser, make_team

pytestmark = pytest.mark.django_db
HOME = "/admin/"


def test_an_empty_install_shows_the_first_steps(client):
    client.force_login(make_superuser())
    answer = client.get(HOME)
    assert [step.is_done for step in answer.context["steps"]] == [False] * 4
    assert "Create a team" in answer.content.decode()
    team = make_team("First")
    make_application(team, "App")
    assert [step.is_done for step in client.get(HOME).context["steps"]] == [True, True, False, False]


def test_who_signs_in_on_the_bare_sign_in_page_comes_to_the_overview(client):
    make_superuser(password="a long password for one")
    page = client.get("/admin/login/").content.decode()
    sent = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    sent |= {"username": "root@example.com", "password": "a long password for one"}
    answer = client.post("/admin/login/", sent, follow=True)
    assert [path for path, _ in answer.redirect_chain] == [HOME]
    assert answer.context["steps"]


@pytest.mark.parametrize(
    "name",
    ["accounts_apikey", "governance_auditrecord", "governance_budget", "gateway_route", "accounts_team"],
)
def test_empty_lists_say_what_they_are_for(client, name):
    client.force_login(make_superuser())
    answer = client.get(reverse(f"admin:{name}_changelist"))
    assert answer.context["cl"].model_admin.empty_hint
    page = answer.content.decode()
    assert "yet</h2>" in page
    assert "Nothing matches" in client.get(reverse(f"admin:{name}_changelist"), {"q": "abc"}).content.decode()
