"""Feedback: of one's own team's calls, one per end user, redacted, and what was not helpful is kept."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from accounts.models import ApiKey
from gateway.entrances.handler import GatewayHandler
from governance.records.models import AuditContent
from governance.reviews.models import Feedback
from governance.reviews.services.feedback import keep_marked_bodies
from kernel.clock import utc_now
from kernel.ids import new_id
from tests.accounts.api_resources import API, ids
from tests.gateway.factories import gateway_settings, simulator, started
from tests.governance.records.factories import make_call, make_content
from tests.governance.reviews.factories import make_feedback
from tests.world import SECRET_WORDS, World, make_world

__all__ = ["gateway_settings", "simulator"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    made = make_world()
    Feedback.objects.all().delete()
    return made


def give(key: str, *bodies: object, **headers: str) -> list[httpx.Response]:
    """Posts each body to a gateway, over its ASGI application."""

    async def run() -> list[httpx.Response]:
        handler = GatewayHandler()
        async with started() as gateway:
            handler.gateway = gateway
            transport = httpx.ASGITransport(app=handler)
            sent = {"authorization": f"Bearer {key}", **headers}
            async with httpx.AsyncClient(
                transport=transport, base_url="http://gateway", headers=sent
            ) as client:
                return [
                    await client.post("/v1/feedback", content=body)
                    if isinstance(body, bytes)
                    else await client.post("/v1/feedback", json=body)
                    for body in bodies
                ]

    return asyncio.run(run())


def test_one_for_each_end_user_and_a_later_one_takes_its_place(gateway_settings, world):
    mine, call_id = world.mine, str(world.mine.call.pk)
    first, later = give(
        mine.key_text,
        {"call_id": call_id, "helpful": True, "score": 0.75},
        {"call_id": call_id, "helpful": False},
        **{"x-gatehouse-end-user": "ann"},
    )
    (other,) = give(mine.key_text, {"call_id": call_id, "score": 1})
    assert (first.status_code, later.status_code, other.status_code) == (200, 200, 200)
    assert first.json()["id"] == later.json()["id"] != other.json()["id"]
    assert first.json()["score"] == 0.75
    ann = Feedback.objects.get(end_user="ann")
    assert (ann.helpful, ann.score, ann.team) == (False, None, mine.team)
    assert Feedback.objects.get(end_user="").score == 1


def test_the_comment_that_is_stored_holds_no_address(gateway_settings, world):
    body = {"call_id": str(world.mine.call.pk), "helpful": False, "comment": "Ask ann.lee@example.com."}
    (answer,) = give(world.mine.key_text, body)
    assert answer.status_code == 200, answer.text
    stored = Feedback.objects.get()
    assert stored.comment.startswith("Ask <EMAIL_ADDRESS")
    assert "ann.lee" not in answer.text + stored.comment


def test_the_end_user_is_the_call_s_where_none_is_named(gateway_settings, world):
    call = make_call(world.mine.team, world.mine.application, end_user="bob")
    give(world.mine.key_text, {"call_id": str(call.pk), "helpful": True})
    assert Feedback.objects.get().end_user == "bob"


def test_another_team_s_call_is_answered_like_a_missing_one(gateway_settings, world):
    missing = new_id()
    theirs, none = give(
        world.mine.key_text,
        {"call_id": str(world.other.call.pk), "helpful": True},
        {"call_id": str(missing), "helpful": True},
    )
    assert theirs.status_code == none.status_code == 404
    assert theirs.text.replace(str(world.other.call.pk), "") == none.text.replace(str(missing), "")
    assert theirs.json()["error"]["code"] == "not_found"
    assert not Feedback.objects.exists()


def test_what_can_t_be_read_is_refused_with_the_reason(gateway_settings, world):
    call_id = str(world.mine.call.pk)
    cases: list[tuple[object, str]] = [
        (b"{", "can't be read"),
        (b"", "can't be read"),
        ({"call_id": "nothing", "helpful": True}, "call_id"),
        ({"call_id": call_id}, "helpful"),
        ({"call_id": call_id, "score": 1.5}, "score"),
        ({"call_id": call_id, "helpful": "yes"}, "helpful"),
        ({"call_id": call_id, "helpful": True, "stars": 5}, "stars"),
        ({"call_id": call_id, "helpful": True, "comment": "x" * 4001}, "comment"),
    ]
    *answers, large = give(world.mine.key_text, *(body for body, _ in cases), b"x" * 70_000)
    for answer, (body, words) in zip(answers, cases, strict=True):
        assert answer.status_code == 400, body
        assert answer.json()["error"]["code"] == "invalid_request"
        assert words in answer.json()["error"]["message"]
    assert large.status_code == 413
    assert not Feedback.objects.exists()


def test_a_key_is_needed(gateway_settings, world):
    body = {"call_id": str(world.mine.call.pk), "helpful": True}
    ApiKey.objects.filter(pk=world.other.api_key.pk).update(revoked_at=utc_now())
    for key in ("", "gh_nothing", world.other.key_text):
        (answer,) = give(key, body)
        assert answer.status_code == 401


def test_bodies_of_what_was_not_helpful_stay(world):
    soon = utc_now() + timedelta(hours=1)
    calls = [make_call(world.mine.team, None) for _ in range(4)]
    for call in calls:
        make_content(call, kept_until=soon)
    for call, values in zip(
        calls,
        ({"helpful": False}, {"helpful": True}, {"score": 0.2}, {"helpful": True, "score": 0.2}),
        strict=True,
    ):
        make_feedback(world.mine.team, call.pk, **values)
    assert keep_marked_bodies(now=utc_now()) == 2
    assert keep_marked_bodies(now=utc_now()) == 0
    kept = [AuditContent.objects.get(pk=call.pk).kept_until is None for call in calls]
    assert kept == [True, False, True, False]


def test_comments_are_for_those_who_may_read_content(world):
    make_feedback(world.mine.team, world.mine.call.pk, helpful=False, comment=SECRET_WORDS)
    for who in ("viewer", "reviewer"):
        (row,) = world.client(who).get(f"{API}/feedback/").json()["results"]
        assert row["comment"] == (SECRET_WORDS if who == "reviewer" else None)
    assert ids(world.client("reviewer"), "feedback", "?helpful=true") == []
    assert len(ids(world.client("reviewer"), "feedback", f"?call_id={world.mine.call.pk}")) == 1
    assert world.client("reviewer").get(f"{API}/feedback/?call_id=1").status_code == 400
