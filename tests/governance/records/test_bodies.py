"""Bodies: raw text is under its team's key or nowhere, looks are on record, samples end, words are found."""

import asyncio
import json
from datetime import timedelta

import psycopg
import pytest
from django.db import DatabaseError, connection
from django.urls import reverse

from gateway.catalogue.models import Model, Price
from gateway.runtime import Gateway
from governance.privacy.policy.storage import StoragePolicy
from governance.records.models import (
    AuditContent,
    AuditRecord,
    ContentIndex,
    ContentIndexState,
    RawAccess,
    SealedContent,
    TeamKey,
)
from governance.records.selectors import bodies
from governance.records.services.bodies import drop_due, keep
from governance.records.services.body_index import index_new_bodies
from governance.records.services.team_keys import erase, live_key, rotate
from kernel.clock import utc_now
from kernel.ids import new_id
from tests.accounts.api_resources import API, ask, ids
from tests.gateway.factories import RAW, call_of, gateway_settings, made, simulator, started
from tests.governance.limits.test_ledger import conninfo
from tests.governance.records.factories import make_call, make_content, make_sealed_content
from tests.world import World, make_world

__all__ = ["gateway_settings", "simulator"]
pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "ann.lee@example.com"
TEXT = f"Please write to {ADDRESS} about the zebra."


@pytest.fixture
def world() -> World:
    made = make_world()
    Model.objects.update(context_window=200_000)
    Price.objects.update(output_rate=240_000_000)
    return made


def run(scenario) -> None:
    async def body() -> None:
        async with started() as gateway:
            await scenario(gateway)

    asyncio.run(body())


def one_call(world: World, text: str = TEXT, policy: StoragePolicy = RAW) -> AuditRecord:
    """The record of a call made through a gateway."""
    call = call_of(world.mine.key_text, text)
    run(lambda gateway: made(gateway, call, policy=policy))
    return AuditRecord.objects.get(pk=call.id)


def everything_stored() -> bytes:
    """All rows of all tables, as they would be in a dump; bytea both as it is and decoded."""
    found = b""
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables "
                       "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')")  # fmt: skip
        for (table,) in cursor.fetchall():
            for form in ("text", "binary"):
                with cursor.copy(f"COPY (SELECT * FROM {table}) TO STDOUT (FORMAT {form})") as copy:
                    found += b"".join(bytes(block) for block in copy)
    return found


def test_raw_text_is_nowhere_in_the_clear(world, gateway_settings):
    record = one_call(world)
    assert (record.status, record.body) == ("succeeded", "raw")
    dump = everything_stored()
    assert b"zebra" in dump  # what is not personal is there, redacted text being text
    for hidden in (ADDRESS.encode(), ADDRESS.encode().hex().encode(), live_key(world.mine.team.pk).key):
        assert hidden not in dump
    assert live_key(world.mine.team.pk).key.hex().encode() not in dump


def look(world: World, record: AuditRecord, who: str = "owner", reason: str = "A complaint of a customer"):
    return ask(world.client(who), "post", f"{API}/calls/{record.pk}/raw/", {"reason": reason})


def test_raw_text_is_what_the_caller_wrote_and_read(world, gateway_settings):
    record = one_call(world, f"Repeat this exactly: {TEXT}")
    said = look(world, record).json()
    assert said["request"]["messages"][0]["content"][0]["text"] == f"Repeat this exactly: {TEXT}"
    assert "<EMAIL_ADDRESS" not in json.dumps(said)
    redacted = AuditContent.objects.get(pk=record.pk)
    assert "<EMAIL_ADDRESS_" in redacted.request
    assert ADDRESS not in redacted.request + redacted.answer
    assert redacted.team_id == world.mine.team.pk


@pytest.mark.parametrize(
    ("who", "status"),
    [("owner", 200), ("superuser", 200), ("admin", 403), ("developer", 403), ("reviewer", 403), ("viewer", 403), ("nobody", 404)],
)  # fmt: skip
def test_who_may_read_raw_text_and_is_on_record(world, gateway_settings, who, status):
    record = one_call(world)
    before = RawAccess.objects.count()
    assert look(world, record, who).status_code == status
    page = reverse("admin:governance_auditrecord_raw", args=[record.pk])
    answer = world.client(who).post(page, {"reason": "A complaint of a customer"})
    assert answer.status_code == (200 if status == 200 else status)
    assert (ADDRESS in answer.content.decode()) == (status == 200)
    assert RawAccess.objects.count() - before == (2 if status == 200 else 0)
    if status == 200:
        assert "no-store" in answer.headers["Cache-Control"]
        latest = RawAccess.objects.first()
        assert (latest.call_id, latest.team, latest.via) == (record.pk, world.mine.team, "admin")
        assert (latest.email, latest.reason) == (answer.wsgi_request.user.email, "A complaint of a customer")


def test_a_look_takes_a_reason(world, gateway_settings):
    record = one_call(world)
    before = RawAccess.objects.count()
    for reason in ("", "    ", "hm"):
        assert look(world, record, reason=reason).status_code == 400
        page = reverse("admin:governance_auditrecord_raw", args=[record.pk])
        answer = world.client("owner").post(page, {"reason": reason})
        assert ADDRESS not in answer.content.decode()
    assert world.client("owner").get(page).status_code == 200
    assert RawAccess.objects.count() == before


@pytest.mark.parametrize(
    "statement", ["UPDATE governance_rawaccess SET reason = ''", "DELETE FROM governance_rawaccess"]
)
def test_looks_stay_on_record(world, statement):
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute(statement)


def test_an_erased_key_takes_raw_text_along_and_leaves_redacted(world, gateway_settings):
    record = one_call(world)
    key = TeamKey.objects.get(team=world.mine.team)
    url = f"{API}/team-keys/{key.pk}/erase/"
    owner = world.client("owner")
    assert ask(owner, "post", url, {"reason": "Contract ended", "confirm": "Wrong"}).status_code == 400
    assert (
        ask(world.client("admin"), "post", url, {"reason": "Contract ended", "confirm": "Mine"}).status_code
        == 403
    )
    assert ask(owner, "post", url, {"reason": "Contract ended", "confirm": "Mine"}).status_code == 200
    assert ask(owner, "post", url, {"reason": "Contract ended", "confirm": "Mine"}).status_code == 409
    before = RawAccess.objects.count()
    answer = look(world, record)
    assert answer.status_code == 410
    assert "erased on" in answer.json()["detail"]
    assert RawAccess.objects.count() == before
    page = owner.get(reverse("admin:governance_auditrecord_change", args=[record.pk])).content.decode()
    assert "Erased on" in page
    assert "Contract ended" in page
    assert "zebra" in page
    later = one_call(world)
    assert look(world, later).status_code == 200
    assert SealedContent.objects.get(pk=later.pk).generation == 2


def test_erasing_in_the_admin_asks_twice(world):
    key = TeamKey.objects.get(team=world.mine.team)
    rotate(world.mine.team, now=utc_now())
    url, owner = reverse("admin:governance_teamkey_erase", args=[key.pk]), world.client("owner")
    assert b"Erase for good" in owner.get(url).content
    values = {"which": "all", "reason": "Contract ended", "confirm": "Other"}
    assert owner.post(url, values).status_code == 200
    assert TeamKey.objects.filter(erased_at=None, team=world.mine.team).count() == 2
    assert owner.post(url, {**values, "confirm": "Mine"}).status_code == 302
    assert not TeamKey.objects.filter(erased_at=None, team=world.mine.team).exists()
    assert TeamKey.objects.filter(erased_at=None).count() == 1


def test_text_under_an_earlier_key_stays_readable(world, gateway_settings):
    record = one_call(world)
    url = reverse("admin:governance_teamkey_rotate", args=[TeamKey.objects.get(team=world.mine.team).pk])
    assert world.client("owner").post(url).status_code == 302
    assert look(world, record).status_code == 200
    assert SealedContent.objects.get(pk=one_call(world).pk).generation == 2


def test_a_gateway_forgets_an_erased_key_within_a_second(world, gateway_settings):
    team = world.mine.team.pk
    erased_at = utc_now()

    def erase_all() -> None:
        try:
            erase(TeamKey.objects.all(), by=world.superuser, reason="Contract ended", now=erased_at)
        finally:
            connection.close()

    async def scenario(gateway: Gateway) -> None:
        await made(gateway, call_of(world.mine.key_text, TEXT))
        first = gateway.keyring.known(team)
        assert first is not None
        await asyncio.to_thread(erase_all)
        for _ in range(50):
            await asyncio.sleep(0.02)
        assert gateway.keyring.known(team) is None
        call = await made(gateway, call_of(world.mine.key_text, TEXT))
        second = gateway.keyring.known(team)
        assert call.stored.state == "raw"
        assert second is not None
        assert second.key != first.key

    run(scenario)


def test_without_a_key_nothing_is_stored_raw(world, gateway_settings):
    """The keys were made under another master key, which is not here."""
    gateway_settings.MASTER_KEY = "another one, also long and random"
    record = one_call(world)
    assert (record.status, record.body) == ("succeeded", "no_key")
    assert not SealedContent.objects.exists()
    assert AuditContent.objects.filter(pk=record.pk).exists()
    assert ADDRESS.encode() not in everything_stored()
    page = world.client("owner").get(f"{API}/calls/{record.pk}/").json()
    assert page["body"] == "no_key"


@pytest.mark.parametrize(
    ("policy", "text", "body", "is_stored", "until"),
    [
        (StoragePolicy(), TEXT, "redacted", True, False),
        (StoragePolicy(bodies="none"), TEXT, "none", False, False),
        (StoragePolicy(sample_percent=0), "Hello", "redacted", True, True),
        (StoragePolicy(sample_percent=0), TEXT, "redacted", True, False),  # a finding
        (StoragePolicy(sample_percent=0, keep_on=frozenset()), TEXT, "sampled_out", False, False),
        (StoragePolicy(sample_percent=0, keep_on=frozenset({"findings"})), "Hello", "sampled_out", False, False),
        (StoragePolicy(bodies="raw", sample_percent=0), "Hello", "raw", True, True),
    ],
)  # fmt: skip
def test_records_say_what_is_stored(world, gateway_settings, policy, text, body, is_stored, until):
    record = one_call(world, text, policy=policy)
    assert (record.body, record.body_until is not None) == (body, until)
    stored = AuditContent.objects.filter(pk=record.pk).first()
    assert (stored is not None) == is_stored
    assert SealedContent.objects.filter(pk=record.pk).exists() == (policy.bodies == "raw" and is_stored)
    if stored is not None:
        assert stored.kept_until == record.body_until


def test_errors_and_flags_keep_bodies(world, gateway_settings):
    policy = StoragePolicy(sample_percent=0, keep_on=frozenset({"errors", "flags"}))
    failed = call_of(world.mine.key_text, "Hello", conversation={"inferenceConfig": {"maxTokens": 10**7}})
    flagged = call_of(world.mine.key_text, "Hello")
    flagged.checks.is_flagged = True
    early = call_of(world.mine.key_text, "Hello", model="nothing")

    async def scenario(gateway: Gateway) -> None:
        for call in (failed, flagged, early):
            await made(gateway, call, policy=policy)

    run(scenario)
    states = {call.id: AuditRecord.objects.get(pk=call.id).body for call in (failed, flagged, early)}
    assert failed.refusal is not None
    assert list(states.values()) == ["redacted", "redacted", "not_redacted"]


def test_a_large_call_is_sealed_whole(world, gateway_settings):
    text = "word " * 40_000 + ADDRESS
    record = one_call(world, text)
    said = look(world, record).json()
    assert said["request"]["messages"][0]["content"][0]["text"] == text


# --- samples ---------------------------------------------------------------------------------------


def store(world: World, text: str, *, hours: float | None = None, sealed: bool = False):
    """A call whose bodies wait for so long; None to stay."""
    call = make_call(world.mine.team, world.mine.application)
    until = None if hours is None else utc_now() + timedelta(hours=hours)
    make_content(call, text, kept_until=until)
    if sealed:
        make_sealed_content(call, kept_until=until)
    return call


def test_bodies_outside_the_sample_end_unless_they_are_kept(world):
    due, kept, later, stays = (
        store(world, "lion", hours=-1, sealed=True),
        store(world, "lion", hours=-1, sealed=True),
        store(world, "lion", hours=1, sealed=True),
        store(world, "lion", sealed=True),
    )
    index_new_bodies(seconds=60)
    assert keep(kept.pk)
    assert keep(kept.pk)
    assert keep(stays.pk)
    assert not keep(new_id())
    assert drop_due(now=utc_now()) == 1
    assert drop_due(now=utc_now()) == 0
    for model in (AuditContent, SealedContent, ContentIndex):
        left = set(model.objects.values_list("pk", flat=True)) - {world.mine.call.pk, world.other.call.pk}
        assert left == {kept.pk, later.pk, stays.pk}, model
    assert not keep(due.pk)
    assert AuditRecord.objects.filter(pk=due.pk).exists()


@pytest.mark.parametrize("table", ["auditcontent", "sealedcontent"])
@pytest.mark.parametrize("change", ["team_id = 7", "call_id = gen_random_uuid()", "kept_until = now()"])
def test_bodies_are_never_rewritten(world, table, change):
    store(world, "lion", hours=1, sealed=True)
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(f"UPDATE governance_{table} SET {change}")


# --- search ----------------------------------------------------------------------------------------


def found(world: World, who: str, text: str) -> list:
    return ids(world.client(who), "calls", f"?text={text}")


def test_words_find_calls_in_one_s_own_teams(world):
    zebra, lions = store(world, "A zebra in Ulm"), store(world, "Two running lions, <EMAIL_ADDRESS_3f2a9c>")
    assert index_new_bodies(seconds=60) == 4
    assert index_new_bodies(seconds=60) == 0
    assert found(world, "reviewer", "zebra") == [str(zebra.pk)]
    assert found(world, "reviewer", "ZEBRA ulm") == [str(zebra.pk)]
    assert found(world, "reviewer", "zebra lions") == []
    assert found(world, "reviewer", "zebra or lion") == [str(lions.pk), str(zebra.pk)]
    assert found(world, "reviewer", "run") == [str(lions.pk)]
    assert found(world, "reviewer", "lions -running") == []
    assert found(world, "reviewer", '"zebra in"') == [str(zebra.pk)]
    assert found(world, "reviewer", '"in zebra"') == []
    assert found(world, "reviewer", "<EMAIL_ADDRESS_3f2a9c>") == [str(lions.pk), str(world.mine.call.pk)]
    for term in ("user", "messages", "!!!", "'", "%00x", "a" * 500):
        assert str(zebra.pk) not in ids_or_none(world, term)


def ids_or_none(world: World, term: str) -> list:
    answer = world.client("reviewer").get(f"{API}/calls/", {"text": term})
    assert answer.status_code in (200, 400)
    return [row["call_id"] for row in answer.json().get("results", [])]


def test_search_reaches_no_further_than_reading(world):
    """A viewer sees figures of these calls, and may not ask what was said in them."""
    index_new_bodies(seconds=60)
    mine, other = str(world.mine.call.pk), str(world.other.call.pk)
    assert found(world, "viewer", "words") == []
    assert found(world, "owner", "words") == [mine]
    assert sorted(found(world, "superuser", "words")) == sorted([mine, other])
    for who, expected in (("viewer", 0), ("owner", 1), ("superuser", 2)):
        page = world.client(who).get("/admin/governance/auditrecord/", {"q": "words"})
        assert len(page.context["cl"].result_list) == expected


def test_search_pages_and_filters(world):
    calls = sorted((store(world, "zebra").pk for _ in range(60)), reverse=True)
    index_new_bodies(seconds=60)
    client = world.client("reviewer")
    first = client.get("/admin/governance/auditrecord/", {"q": "zebra"})
    assert [each.pk for each in first.context["cl"].result_list] == calls[:50]
    second = client.get("/admin/governance/auditrecord/" + first.context["cl"].older_url)
    assert [each.pk for each in second.context["cl"].result_list] == calls[50:]
    back = client.get("/admin/governance/auditrecord/" + second.context["cl"].newer_url)
    assert [each.pk for each in back.context["cl"].result_list] == calls[:50]
    page = client.get(f"{API}/calls/?text=zebra&page_size=40").json()
    rest = client.get(page["next"]).json()
    assert [row["call_id"] for row in page["results"] + rest["results"]] == [str(each) for each in calls]
    assert client.get(rest["previous"]).json()["results"] == page["results"]
    assert found(world, "reviewer", "zebra&status=failed") == []


def test_pages_go_on_beyond_what_one_search_looks_at(world, monkeypatch):
    monkeypatch.setattr(bodies, "MAX_FOUND", 4)
    calls = sorted((store(world, "zebra").pk for _ in range(10)), reverse=True)
    index_new_bodies(seconds=60)
    client, seen = world.client("reviewer"), []
    url = f"{API}/calls/?text=zebra&page_size=3"
    while url:
        page = client.get(url).json()
        seen += [row["call_id"] for row in page["results"]]
        url = page["next"]
    assert seen == [str(each) for each in calls]


def test_what_commits_late_is_not_passed_over(world):
    """A transaction that began before another and ends after it: its number is lower than what has been taken in."""
    insert = "SELECT gatehouse_store_bodies(jsonb_build_array(jsonb_build_object('call_id', %s::uuid, 'request', '{}', 'answer', %s::text)))"
    late = new_id()
    with psycopg.connect(conninfo()) as slow:
        slow.execute(insert, (late, '[{"text": "giraffe"}]'))
        store(world, "zebra")
        index_new_bodies(seconds=60)
        assert not ContentIndex.objects.filter(pk=late).exists()
        slow.commit()
    index_new_bodies(seconds=60)
    assert ContentIndex.objects.filter(pk=late).exists()
    assert ContentIndex.objects.count() == AuditContent.objects.count()


def test_a_restored_dump_is_taken_in(world):
    ContentIndexState.objects.create(pk=1, watermark=2**60)
    store(world, "zebra")
    assert index_new_bodies(seconds=60) == 3
    assert ContentIndexState.objects.get().watermark < 2**60
    store(world, "zebra")
    assert index_new_bodies(seconds=60) == 1


def test_an_odd_body_stops_nothing(world):
    AuditContent.objects.create(
        call_id=new_id(), request='{"messages": [{"content": "\\u0000\\ud800"}]}', answer="{"
    )
    AuditContent.objects.create(
        call_id=new_id(), request=json.dumps({"messages": ["x" * 5000 + " y" * 200_000]})
    )
    AuditContent.objects.create(
        call_id=new_id(), request=json.dumps({"messages": [" ".join(map(str, range(60_000)))]})
    )
    assert index_new_bodies(seconds=60) == 5
