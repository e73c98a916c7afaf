"""The list of whom placeholders stand for: sealed, shown to those who may know, and nowhere else."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from governance.records.models import KnownPerson, TeamKey
from governance.records.policy import NONCE_BYTES, SealBrokenError, seal, unseal
from governance.records.services.known_people import PersonError, entries_of, kept_for, people_names
from governance.records.services.team_keys import erase, live_key, rotate
from governance.ui.people import known_names
from kernel.clock import utc_now
from kernel.ids import new_id
from tests.governance.limits.factories import DOLLAR, make_budget, make_rate_limit, make_window
from tests.governance.records.factories import make_call, make_known_person
from tests.world import ROLES

pytestmark = pytest.mark.django_db
TAG, NAME = "ann.lee@example.com", "Ann of Bern"
MAY_SEE = ("owner", "admin", "developer", "reviewer", "superuser")
MAY_KEEP = ("owner", "admin", "superuser")
LIST = "admin:governance_knownperson_changelist"


@pytest.fixture
def known(world) -> KnownPerson:
    return make_known_person(world.mine.team, TAG, NAME)


@pytest.fixture
def pages(world, known) -> dict[str, str]:
    """Pages on which a placeholder of the team stands, by what they are."""
    team, tag = world.mine.team, known.placeholder
    call = make_call(team, world.mine.application, api_key=world.mine.api_key, end_user=tag)
    budget = make_budget(team, limit_nanos=5 * DOLLAR, end_user=tag)
    each = make_budget(team, limit_nanos=5 * DOLLAR, per="end_user")
    make_window(each, subject=tag, spent_nanos=DOLLAR)
    limit = make_rate_limit(team, end_user=tag)
    return {
        "call": reverse("admin:governance_auditrecord_change", args=[call.pk]),
        "calls": reverse("admin:governance_auditrecord_changelist"),
        "usage": f"{reverse('admin:governance_usageday_changelist')}?range=today&group=end_user",
        "budget": reverse("admin:governance_budget_change", args=[budget.pk]),
        "budget for each": reverse("admin:governance_budget_change", args=[each.pk]),
        "budgets": reverse("admin:governance_budget_changelist"),
        "limit": reverse("admin:governance_ratelimit_change", args=[limit.pk]),
        "limits": reverse("admin:governance_ratelimit_changelist"),
    }


def test_the_table_and_the_trail_have_no_name(world, known):
    client = world.client("owner")
    client.post(
        reverse("admin:governance_knownperson_add"),
        {"team": world.mine.team.pk, "tag": "bo@example.com", "name": "Bo Berg"},
    )
    made = KnownPerson.objects.exclude(pk=known.pk).get(
        placeholder=kept_for(world.mine.team, "bo@example.com")
    )
    change = reverse("admin:governance_knownperson_change", args=[made.pk])
    client.post(change, {"name": "Bo Bergman"})
    client.post(reverse("admin:governance_knownperson_delete", args=[made.pk]), {"post": "yes"})
    client.post(
        reverse("admin:governance_knownperson_import_lines"),
        {"team": world.mine.team.pk, "lines": "cy@example.com, Cy Cole"},
    )
    trail = list(LogEntry.objects.values_list("object_repr", "change_message"))
    assert len(trail) == 4
    with connection.cursor() as cursor:
        cursor.execute("SELECT row::text, encode(sealed, 'escape') FROM governance_knownperson row")
        kept = str(trail) + str(cursor.fetchall())
    for word in ("Bo", "bo@", "Berg", "Cy", "cy@", NAME, TAG):
        assert word not in kept.replace("Added", ""), word


@pytest.mark.parametrize("role", [*ROLES, "superuser", "nobody"])
def test_names_stand_on_every_page_for_those_who_may_know(world, pages, role):
    client = world.client(role)
    for what, url in pages.items():
        answer = client.get(url)
        if role == "nobody" and answer.status_code != 200:
            continue
        assert (NAME in answer.content.decode()) == (role in MAY_SEE), what


def test_members_of_other_teams_read_no_name(world, known):
    other = make_known_person(world.other.team, TAG, "Another Ann")
    assert other.placeholder != known.placeholder
    asked = [
        (world.mine.team.pk, known.placeholder),
        (world.other.team.pk, other.placeholder),
        (None, other.placeholder),
    ]
    assert known_names(world.people["owner"], asked) == {asked[0]: NAME}
    assert known_names(world.superuser, asked) == {
        asked[0]: NAME, asked[1]: "Another Ann", asked[2]: "Another Ann"
    }  # fmt: skip


def test_an_id_is_a_person_in_its_own_team_alone(world):
    make_known_person(world.mine.team, "dev-17", NAME)
    asked = [(world.mine.team.pk, "dev-17"), (world.other.team.pk, "dev-17"), (None, "dev-17")]
    assert people_names(world.superuser, asked) == {asked[0]: NAME}


def test_names_take_one_query_a_page(world, known):
    asked = [(world.mine.team.pk, known.placeholder), (world.mine.team.pk, "dev-17")] * 50
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert people_names(world.superuser, asked)
    assert len(queries) == 1
    with CaptureQueriesContext(connection) as queries:
        assert people_names(world.superuser, [(world.mine.team.pk, ""), (None, "dev-17")]) == {}
    assert len(queries) == 0


def test_with_its_key_erased_the_placeholder_stands_alone(world, known, pages):
    erase(
        TeamKey.objects.filter(team=world.mine.team), by=world.superuser, reason="A request.", now=utc_now()
    )
    client = world.client("owner")
    for what, url in {**pages, "list": reverse(LIST)}.items():
        page = client.get(url)
        assert page.status_code == 200, what
        assert NAME not in page.content.decode(), what
    row = client.get(f"/api/v1/known-people/{known.pk}/").json()
    assert (row["placeholder"], row["name"]) == (known.placeholder, None)
    make_known_person(world.mine.team, TAG, NAME)  # under a new key
    assert NAME in client.get(pages["call"]).content.decode()


def test_names_under_an_earlier_key_are_read(world, known):
    rotate(world.mine.team, now=utc_now())
    assert NAME in world.client("reviewer").get(reverse(LIST)).content.decode()


@pytest.mark.parametrize("role", [*ROLES, "superuser"])
def test_who_may_keep_the_list(world, known, role):
    client = world.client(role)
    page = client.get(reverse(LIST)).content.decode()
    assert (NAME in page) == (role in MAY_SEE)
    fields = {"team": world.mine.team.pk, "tag": "bo@example.com", "name": "Bo"}
    tries = {
        reverse("admin:governance_knownperson_add"): fields,
        reverse("admin:governance_knownperson_import_lines"): {"team": world.mine.team.pk, "lines": "cy@example.com, Cy"},
        reverse("admin:governance_knownperson_delete", args=[known.pk]): {"post": "yes"},
    }  # fmt: skip
    before = KnownPerson.objects.count()
    for url, values in tries.items():
        assert (client.post(url, values).status_code == 302) or role not in MAY_KEEP
    found = set(KnownPerson.objects.filter(team=world.mine.team).values_list("placeholder", flat=True))
    wanted = {kept_for(world.mine.team, tag) for tag in ("bo@example.com", "cy@example.com")}
    assert (wanted <= found) == (role in MAY_KEEP)
    assert (known.placeholder in found) == (role not in MAY_KEEP)
    assert KnownPerson.objects.count() == before + (role in MAY_KEEP)


def test_an_import_reaches_no_other_team(world):
    before = KnownPerson.objects.count()
    values = {"team": world.other.team.pk, "lines": "cy@example.com, Cy"}
    answer = world.client("owner").post(reverse("admin:governance_knownperson_import_lines"), values)
    assert "valid choice" in answer.content.decode()
    body = {"team": world.other.team.pk, "people": [{"tag": "cy@example.com", "name": "Cy"}]}
    answer = world.client("owner").post("/api/v1/known-people/import/", body, content_type="application/json")
    assert answer.status_code == 400
    assert KnownPerson.objects.count() == before


def test_the_api_keeps_it_too(world, known):
    client = world.client("owner")
    body = {"team": world.mine.team.pk, "tag": "dev-17", "name": "Di"}
    made = client.post("/api/v1/known-people/", body, content_type="application/json").json()
    assert (made["placeholder"], made["name"]) == ("dev-17", "Di")
    assert "tag" not in made
    again = client.post("/api/v1/known-people/", {**body, "tag": TAG}, content_type="application/json")
    assert (again.status_code, known.placeholder in str(again.json())) == (400, True)
    url = f"/api/v1/known-people/{known.pk}/"
    assert client.patch(url, {"name": "Ann L."}, content_type="application/json").json()["name"] == "Ann L."
    assert client.patch(url, {"tag": "x"}, content_type="application/json").status_code == 400
    people = [{"tag": TAG, "name": NAME}, {"tag": "eve@example.com"}]
    answer = client.post(
        "/api/v1/known-people/import/",
        {"team": world.mine.team.pk, "people": people},
        content_type="application/json",
    )
    assert answer.json() == {"count": 2}
    assert client.get(url).json()["name"] == NAME
    found = client.get(f"/api/v1/known-people/?team={world.mine.team.pk}").json()["results"]
    assert "eve@example.com" in {row["name"] for row in found}
    assert not any("eve@" in row["placeholder"] for row in found)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a@example.com, A\n<EMAIL_ADDRESS_0123456789ab>", "Line 2: Whom does"),
        (", A", "Line 1: Say what clients send"),
        ("a@example.com, " + "x" * 201, "Line 1: At most 200"),
        ("\n".join(f"dev-{n}, x" for n in range(1001)), "at most 1,000"),
    ],
)  # fmt: skip
def test_a_line_that_says_too_little_or_too_much(text, says):
    with pytest.raises(PersonError, match=says):
        entries_of(text)


def test_lines_as_people_paste_them():
    text = 'a@example.com, Ann Lee\n\n"Lee, Bo";Bo Lee\ndev-17\tDi\neve@example.com\n'
    assert [(entry.tag, entry.name) for entry in entries_of(text)] == [
        ("a@example.com", "Ann Lee"), ("Lee, Bo", "Bo Lee"), ("dev-17", "Di"), ("eve@example.com", "eve@example.com"),
    ]  # fmt: skip


def test_what_is_sealed_for_a_call_is_no_name(world):
    key, call_id, team = live_key(world.mine.team.pk).key, new_id(), world.mine.team.pk
    sealed = seal(b"words", key=key, call_id=call_id, team_id=team, nonce=b"n" * NONCE_BYTES)
    assert unseal(sealed, key=key, call_id=call_id, team_id=team) == b"words"
    with pytest.raises(SealBrokenError):
        unseal(sealed, key=key, call_id=call_id, team_id=team, purpose=b"person")
