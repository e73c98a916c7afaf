"""Reviews of calls: who may give one, what stands, what is kept of it, and the cases that come of it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.urls import reverse

from governance.privacy.policy.masking import Mask
from governance.privacy.policy.ruleset import every_kind
from governance.privacy.services.trial import try_texts
from governance.records.models import AuditContent, AuditRecord
from governance.reviews.models import CallReview
from governance.reviews.selectors import CHOICES
from governance.reviews.services.call_reviews import ReviewedMeanwhileError, review_call
from kernel.clock import utc_now
from kernel.placeholders import team_key
from tests.accounts.api_resources import API, ask, ids
from tests.governance.records.factories import make_call, make_content
from tests.prompts.evaluations.factories import set_of
from tests.world import ROLES, World, make_world

pytestmark = pytest.mark.django_db
LIST = reverse("admin:governance_auditrecord_changelist")
MAY = ("owner", "admin", "developer", "reviewer", "superuser")


@pytest.fixture
def world() -> World:
    return make_world()


def page_of(call: AuditRecord, name: str = "change") -> str:
    return reverse(f"admin:governance_auditrecord_{name}", args=[call.pk])


def said(
    call: AuditRecord, asked: str = "How long does a refund take?", answered: str = "A year."
) -> AuditRecord:
    make_content(call, asked, answered, kept_until=utc_now())
    return call


def flagged(world: World, number: int = 1) -> list[AuditRecord]:
    return [make_call(world.mine.team, world.mine.application, is_flagged=True) for _ in range(number)]


def reviewed(world: World, call: AuditRecord, verdict: str = "good", **fields: Any) -> CallReview:
    fields = {"note": "", "expected": "", "instead_of": None} | fields
    return review_call(call, by=world.people["reviewer"], verdict=verdict, **fields)


@pytest.mark.parametrize("who", [*ROLES, "nobody", "superuser"])
def test_those_who_read_content_review(world, who):
    client, call = world.client(who), world.mine.call
    page = client.get(page_of(call))
    assert (b"Save review" in page.content) == (who in MAY)
    answer = client.post(page_of(call, "review"), {"verdict": "answer", "note": "Too long"})
    assert answer.status_code == (302 if who in MAY else 404 if who == "nobody" else 403)
    assert CallReview.objects.filter(call_id=call.pk).count() == (who in MAY)
    other = client.post(page_of(world.other.call, "review"), {"verdict": "answer"})
    assert (other.status_code == 302) == (who == "superuser")
    if who in MAY:
        shown = client.get(page_of(call)).content.decode()
        assert "Too long" in shown
        assert "Review it again" in shown


def test_viewers_are_shown_no_review(world):
    reviewed(world, world.mine.call, note="the-words-of-a-reviewer")
    page = world.client("viewer").get(page_of(world.mine.call)).content.decode()
    assert "the-words-of-a-reviewer" not in page
    assert "Nothing wrong" not in page


def test_a_later_review_takes_the_place_of_one_and_both_stay(world):
    call, client = world.mine.call, world.client("owner")
    first = reviewed(world, call, "answer", note="It is wrong")
    late = client.post(page_of(call, "review"), {"verdict": "good", "note": "my-own-words"})
    assert late.status_code == 200
    page = late.content.decode()
    assert "has reviewed this call meanwhile" in page
    assert "my-own-words" in page
    assert f'name="instead_of" value="{first.pk}"' in page
    again = client.post(page_of(call, "review"), {"verdict": "good", "note": "x", "instead_of": first.pk})
    assert again.status_code == 302
    first.refresh_from_db()
    assert (first.verdict, first.note, first.replaced_at is None) == ("answer", "It is wrong", False)
    assert CallReview.objects.get(call_id=call.pk, replaced_at=None).email == world.people["owner"].email
    assert "It is wrong" in client.get(page_of(call)).content.decode()


def test_a_form_says_what_is_missing_and_loses_nothing(world):
    client, call = world.client("reviewer"), world.mine.call
    page = client.post(page_of(call, "review"), {"verdict": "", "note": "my-own-words"}).content.decode()
    assert "This field is required" in page
    assert "my-own-words" in page
    assert client.post(page_of(call, "review"), {"verdict": "lovely"}).status_code == 200
    assert client.post(page_of(call, "review"), {"verdict": "good", "note": "x" * 2001}).status_code == 200
    assert client.get(page_of(call, "review")).status_code == 200
    odd = client.post(page_of(call, "review"), {"verdict": "good", "instead_of": "x"}).content.decode()
    assert "Open the call again" in odd
    assert not CallReview.objects.filter(call_id=call.pk).exists()


def test_notes_are_redacted_by_no_placeholder_of_a_call(world):
    row = reviewed(world, world.mine.call, note="Ask ann@example.com", expected="Write to ann@example.com")
    assert "ann@example.com" not in row.note + row.expected
    placeholder = row.note.removeprefix("Ask ")
    assert placeholder.startswith("<EMAIL_ADDRESS_")
    assert row.expected == f"Write to {placeholder}"
    of_calls = Mask(
        key=team_key(settings.MASTER_KEY, str(world.mine.team.public_id)),
        rules=every_kind(names=False),
        find=lambda text: try_texts(every_kind(names=False), [text])[0].found,
    )
    assert of_calls.hide_answer("Ask ann@example.com").startswith("Ask <EMAIL_ADDRESS_")
    assert of_calls.hide_answer("Ask ann@example.com") != row.note


@pytest.mark.parametrize(("verdict", "is_kept"), [("good", True), ("answer", True), ("privacy", False)])
def test_what_was_said_is_kept_from_then_on_but_for_personal_data(world, verdict, is_kept):
    call = said(make_call(world.mine.team, world.mine.application))
    with pytest.raises(ReviewedMeanwhileError):
        reviewed(world, call, verdict, instead_of=1)
    assert AuditContent.objects.get(pk=call.pk).kept_until is not None
    reviewed(world, call, verdict)
    assert (AuditContent.objects.get(pk=call.pk).kept_until is None) == is_kept


def test_calls_are_found_by_their_review(world):
    waits, wrong, good = *flagged(world, 2), world.mine.call
    reviewed(world, wrong, "answer")
    reviewed(world, good, "good")
    replaced = reviewed(world, waits, "misuse")
    CallReview.objects.filter(pk=replaced.pk).update(replaced_at=utc_now())
    calls = {waits.pk: "waits", wrong.pk: "wrong", good.pk: "good"}
    expected = {
        "flagged": {"waits", "wrong"}, "waiting": {"waits"}, "reviewed": {"wrong", "good"}, "good": {"good"},
        "answer": {"wrong"}, "privacy": set(), "misuse": set(), "false_alarm": set(),
    }  # fmt: skip
    assert set(expected) == {value for value, _ in CHOICES}
    for who in ("reviewer", "viewer"):
        client = world.client(who)
        for choice, names in expected.items():
            seen = names if who == "reviewer" or choice in ("flagged", "waiting") else set()
            page = client.get(LIST, {"review": choice}).content.decode()
            assert {name for pk, name in calls.items() if f"/{pk}/change/" in page} == seen
            listed = ids(client, "calls", f"?review={choice}")
            assert {name for pk, name in calls.items() if str(pk) in listed} == seen
        assert ("Wrong or poor answer" in cells(client.get(LIST).content.decode())) == (who == "reviewer")
    assert client.get(f"{API}/calls/?review=x").status_code == 400


def cells(page: str) -> str:
    """The table of a list, without its filters."""
    return page.partition('id="result_list"')[2].partition("</table>")[0]


def test_from_one_flagged_call_to_the_next(world):
    old, middle, new = flagged(world, 3)
    make_call(world.other.team, None, is_flagged=True)
    client = world.client("reviewer")

    def after(call: AuditRecord) -> str:
        return client.post(page_of(call, "review"), {"verdict": "false_alarm", "next": "1"}).headers[
            "Location"
        ]

    assert "open the next flagged call" in client.get(page_of(middle)).content.decode()
    assert after(middle) == page_of(old)
    assert after(old) == page_of(new)
    assert after(new) == f"{LIST}?review=flagged"


@pytest.mark.django_db(transaction=True)
def test_two_first_reviews_at_once(world):
    call = world.mine.call

    def one(_: int) -> str:
        try:
            reviewed(world, call)
            return "saved"
        except ReviewedMeanwhileError as error:
            return str(error)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(one, range(4)))
    assert found.count("saved") == 1, found
    assert CallReview.objects.filter(call_id=call.pk).count() == 1


def test_the_api_reviews(world):
    client, path = world.client("reviewer"), f"{API}/call-reviews/"
    body = {"call_id": str(world.mine.call.pk), "verdict": "answer", "expected": "Five days."}
    made = ask(client, "post", path, body)
    assert made.status_code == 201
    row = made.json()
    assert (row["verdict"], row["expected"], row["email"]) == (
        "answer",
        "Five days.",
        world.people["reviewer"].email,
    )
    late = ask(client, "post", path, body)
    assert late.status_code == 409
    assert "meanwhile" in late.content.decode()
    again = ask(client, "post", path, {**body, "verdict": "good", "instead_of": row["id"]})
    assert again.status_code == 201
    assert ids(client, "call-reviews", f"?call_id={world.mine.call.pk}&stands=true") == [again.json()["id"]]
    assert ids(client, "call-reviews", f"?call_id={world.mine.call.pk}&stands=false") == [row["id"]]
    assert ids(client, "call-reviews", "?verdict=answer") == [row["id"]]
    unknown = ask(client, "post", path, {**body, "call_id": str(world.other.call.pk)})
    assert unknown.status_code == 400
    assert "no such call" in unknown.content.decode()
    odd = ask(client, "post", path, {**body, "verdict": "\ud800"})
    assert (odd.status_code, "\\ud800" in odd.content.decode()) == (400, True)
    assert "no-store" in client.get(path)["Cache-Control"]
    assert ask(world.client("viewer"), "post", path, body).status_code == 403
    assert ids(world.client("viewer"), "call-reviews") == []


def test_cases_of_reviewed_calls(world):
    test_set: Any = set_of(world.mine.team)
    calls = [said(make_call(world.mine.team, world.mine.application), f"Question {n}") for n in range(5)]
    plain, right, wrong, mended, leaked = calls
    reviewed(world, leaked, "privacy")
    reviewed(world, right, "good")
    reviewed(world, wrong, "answer", note="Not a year")
    reviewed(world, mended, "answer", expected="Five days.")
    page = reverse("admin:prompts_testset_calls", args=[test_set.pk])
    client = world.client("developer")
    offered = client.get(page, {"all": "1", "review": "reviewed"}).content.decode()
    assert [f'value="{call.pk}"' in offered for call in calls] == [False, True, True, True, True]
    assert "Wrong or poor answer" in offered
    only = client.get(page, {"all": "1", "review": "good"}).content.decode()
    assert [f'value="{call.pk}"' in only for call in calls] == [False, True, False, False, False]
    chosen = {"call": [str(call.pk) for call in calls], "variable": "question", "takes_answer": "on"}
    assert (
        client.post(f"{page}?all=1&review=good", chosen).status_code == 302
    )  # chosen before a review changed
    assert leaked.pk not in set(test_set.cases.values_list("call_id", flat=True))
    made = {case.call_id: (case.expected, case.note) for case in test_set.cases.filter(source="call")}
    assert made[plain.pk] == ("A year.", f"Call {plain.pk}")
    assert made[right.pk] == ("A year.", f"Call {right.pk}, reviewed: Nothing wrong")
    assert made[wrong.pk] == (None, f"Call {wrong.pk}, reviewed: Wrong or poor answer. Not a year")
    assert made[mended.pk] == ("Five days.", f"Call {mended.pk}, reviewed: Wrong or poor answer")


def test_a_call_of_no_team_has_nobody_to_review_it(world):
    call = make_call(None, None)
    client = world.client("superuser")
    assert "Save review" not in client.get(page_of(call)).content.decode()
    assert client.post(page_of(call, "review"), {"verdict": "good"}).status_code == 403
