"""The pages of feedback: whose it is, what they say to whom, and what they are filtered by."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse

from governance.reviews.models import Feedback
from kernel.clock import utc_now
from kernel.ids import new_id
from tests.governance.records.factories import make_call
from tests.governance.reviews.factories import make_feedback
from tests.prompts.rollout.factories import called, make_prompt_in_use
from tests.world import ROLES, SECRET_WORDS, World

pytestmark = pytest.mark.django_db
LIST = reverse("admin:governance_feedback_changelist")
READERS = ("owner", "admin", "developer", "reviewer", "superuser")


def listed(world: World, who: str = "reviewer", **query: Any) -> str:
    answer = world.client(who).get(LIST, query)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    return answer.content.decode()


@pytest.mark.parametrize("role", [*ROLES, "superuser"])
def test_comments_are_for_those_who_may_read_content(world, role):
    mine, theirs = (f"{SECRET_WORDS} {name}" for name in ("Mine", "Other"))
    page = listed(world, role)
    detail = reverse("admin:governance_feedback_change", args=[world.mine.team.feedback.get().pk])
    whole = world.client(role).get(detail)
    assert "no-store" in whole["Cache-Control"]
    call = world.client(role).get(reverse("admin:governance_auditrecord_change", args=[world.mine.call.pk]))
    assert "&#x27;" not in whole.content.decode().partition("What was said")[2].partition("</form>")[0]
    for text in (page, whole.content.decode(), call.content.decode()):
        assert (mine in text) == (role in READERS)
        assert "Not helpful" in text
    assert (theirs in page) == (role == "superuser")
    assert str(world.mine.call.pk)[:13] in page
    assert "not for your role" in page or role in READERS


@pytest.mark.parametrize("role", [*ROLES, "superuser"])
def test_nobody_changes_it(world, role):
    row = world.mine.team.feedback.get()
    client = world.client(role)
    for page in ("change", "delete"):
        url = reverse(f"admin:governance_feedback_{page}", args=[row.pk])
        assert client.post(url, {"post": "yes", "helpful": "true", "comment": "x"}).status_code == 403
    assert client.get(reverse("admin:governance_feedback_add")).status_code == 403
    assert Feedback.objects.get(pk=row.pk).comment.startswith(SECRET_WORDS)


def test_it_is_filtered_by_what_was_said_and_what_it_was_about(world):
    prompt = make_prompt_in_use(world.mine.team)
    good = called(prompt, number=2, helpful=True)
    scored = make_call(world.mine.team, world.mine.application, end_user="ann")
    make_feedback(world.mine.team, scored.pk, score=0.25, comment="So-so", end_user="ann")
    high = make_call(world.mine.team, None)
    make_feedback(world.mine.team, high.pk, score=0.75)
    bad = world.mine.call
    Feedback.objects.filter(call_id=bad.pk).update(created_at=utc_now() - timedelta(days=10))
    calls = {"good": good, "scored": scored, "high": high, "bad": bad}

    def found(**query: Any) -> set[str]:
        page = listed(world, **query)
        return {name for name, call in calls.items() if f"/{call.pk}/change/" in page}

    today = f"{utc_now():%Y-%m-%d}"
    assert found() == set(calls)
    assert found(helpful="yes") == {"good", "high"}
    assert found(helpful="no") == {"scored", "bad"}
    assert found(prompt=prompt.pk) == {"good"}
    assert found(application=world.mine.application.pk) == {"scored", "bad"}
    assert found(created_at_from=today, created_at_to=today) == {"good", "scored", "high"}
    assert found(created_at_to=f"{utc_now() - timedelta(days=9):%Y-%m-%d}") == {"bad"}
    assert found(q=str(good.pk)) == {"good"}
    assert found(q="ann") == {"scored"}
    for query in ({"prompt": "x"}, {"application": "-1"}, {"q": "nothing"}, {"prompt": "9" * 30}):
        assert found(**query) == set()
    page = listed(world)
    assert "support-reply, version 2" in page
    assert "Score 0.25" in page


def test_filters_offer_what_is_one_s_own(world):
    theirs = make_prompt_in_use(world.other.team, "their-prompt")
    call = called(theirs, number=1, helpful=True)
    page = listed(world)
    assert "their-prompt" not in page
    assert "Other app" not in page
    for query in ({"prompt": theirs.pk}, {"team": world.other.team.pk}, {"q": str(call.pk)}):
        assert f"/{call.pk}/change/" not in listed(world, **query)
    assert "their-prompt" in listed(world, "superuser")


def test_an_empty_list_says_how_to_send_some(world):
    Feedback.objects.all().delete()
    page = listed(world, "viewer")
    assert f"curl {settings.PUBLIC_URL}/v1/feedback" in page
    assert "X-Gatehouse-Call-Id" in page


def test_feedback_whose_call_is_unknown_is_shown_all_the_same(world):
    row = make_feedback(world.mine.team, new_id(), helpful=True)
    assert str(row.call_id)[:13] in listed(world)


def test_a_prompt_s_page_has_the_share_of_helpful_answers_by_version(world):
    prompt = make_prompt_in_use(world.mine.team)
    for helpful in (True, True, False):
        called(prompt, number=1, helpful=helpful)
    old = called(prompt, number=2, helpful=True, call_id="01900000-0000-7000-8000-000000000000")
    assert Feedback.objects.filter(call_id=old.pk).exists()
    page = world.client("viewer").get(reverse("admin:prompts_prompt_change", args=[prompt.pk]))
    text = page.content.decode()
    assert "67 % of 3" in text
    assert "100 % of 1" not in text


def test_a_call_s_page_says_how_its_prompt_was_run(world):
    run = {"checked": "failed", "unsure": "asked", "confidence": 0.125, "contract": {"outcome": "corrected"}}
    call = make_call(
        world.mine.team, None, prompt_id=1, prompt_name="support", prompt_version=3, prompt_run=run
    )
    page = world.client("viewer").get(reverse("admin:governance_auditrecord_change", args=[call.pk]))
    text = page.content.decode()
    for words in ("kept after a correction", "failed", "0.12", "the model was asked all the same"):
        assert words in text
