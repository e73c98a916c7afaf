"""Privacy policies: drafts, versions, what holds for whom, and trying rules, by API and in the admin."""

import json
import threading
from types import SimpleNamespace

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from rest_framework.exceptions import Throttled

from accounts.models import ApiKey
from governance.privacy.models import PrivacyPolicy, PrivacyPolicyVersion, RedactionRule
from governance.privacy.policy.presets import OBSERVE
from governance.privacy.policy.privacy import PolicyDocument, PrivacyRule, encode_policy
from governance.privacy.policy.ruleset import RuleSet, hits
from governance.privacy.selectors import Policies
from governance.privacy.services.privacy import (
    UnusablePolicyError,
    policy_document,
    publish,
    start_with_default,
    take_up,
    withdraw_policy,
)
from governance.ui.previews import one_at_a_time
from kernel.clock import utc_now
from tests.accounts.api_resources import API, ask
from tests.accounts.factories import make_key
from tests.governance.privacy.factories import make_policy
from tests.world import ROLES, World

pytestmark = pytest.mark.django_db

PREVIEW = f"{API}/redaction/preview"
TICKETS = {"entity": "TICKET", "patterns": ["TK-[0-9]{4}"], "to_model": "mask"}


def policy_of(world: World, *, whose: str = "mine", **fields) -> PrivacyPolicy:
    team = getattr(world, whose).team if whose != "organisation" else None
    policy, _ = PrivacyPolicy.objects.get_or_create(team=team, application=None)
    take_up(policy, PolicyDocument(**fields))
    return policy


def rules_of(world: World) -> RuleSet:
    return Policies().of(world.mine.team.pk, world.mine.application.pk)


def action(rules: RuleSet, entity: str, direction: str = "to_model") -> str:
    from governance.screening.policy.findings import Finding

    decided = rules.decisions("x" * 10, [Finding(0, 5, entity)])
    found = hits("x" * 10, decided, direction)
    return found[0].action if found else ""


# --- what holds ---


def test_without_a_policy_the_default_holds(world):
    rules = rules_of(world)
    assert rules.effective.sources == (("Gatehouse", 0),)
    assert action(rules, "EMAIL_ADDRESS") == "mask"
    assert action(rules, "PERSON") == ""


def test_a_draft_holds_for_nobody(world):
    policy_of(world, rules=(PrivacyRule(entity="PERSON", to_model="block"),))
    assert action(rules_of(world), "PERSON") == ""


def test_a_team_adds_and_never_takes_away(world):
    by = world.superuser
    publish(policy_of(world, whose="organisation", rules=(PrivacyRule(entity="EMAIL_ADDRESS", to_model="redact"), PrivacyRule(entity="IP_ADDRESS"))), by=by, reason="All")  # fmt: skip
    publish(policy_of(world, rules=(PrivacyRule(entity="EMAIL_ADDRESS", to_model="log", threshold=0.99), PrivacyRule(entity="PERSON"))), by=by, reason="Ours")  # fmt: skip
    rules = rules_of(world)
    assert [owner for owner, _ in rules.effective.sources] == ["the organisation", f"team {world.mine.team}"]
    assert (action(rules, "EMAIL_ADDRESS"), action(rules, "IP_ADDRESS"), action(rules, "PERSON")) == (
        "redact",
        "mask",
        "mask",
    )
    other = Policies().of(world.other.team.pk, world.other.application.pk)
    assert action(other, "PERSON") == ""
    assert action(other, "CREDIT_CARD") == ""  # the organisation's own takes the default's place


def test_a_team_s_policy_does_not_take_the_default_away(world):
    publish(policy_of(world, rules=(PrivacyRule(entity="PERSON"),)), by=world.superuser, reason="Names")
    assert action(rules_of(world), "CREDIT_CARD") == "mask"


def test_raw_bodies_take_one_who_says_so_and_none_who_says_less(world):
    publish(policy_of(world, bodies="raw", sample_percent=50), by=world.superuser, reason="Debugging")
    assert (rules_of(world).storage.bodies, rules_of(world).storage.sample_percent) == ("redacted", 50)
    publish(policy_of(world, whose="organisation", bodies="raw"), by=world.superuser, reason="Allowed")
    assert rules_of(world).storage.bodies == "raw"
    publish(policy_of(world, whose="organisation", bodies="redacted"), by=world.superuser, reason="No longer")
    assert rules_of(world).storage.bodies == "redacted"


# --- versions ---


def test_publishing_makes_a_version_with_who_and_why(world):
    policy = policy_of(world, rules=(PrivacyRule(entity="EMAIL_ADDRESS"),))
    with pytest.raises(UnusablePolicyError, match="Give a reason"):
        publish(policy, by=world.superuser, reason="  ")
    first = publish(policy, by=world.superuser, reason="To begin with")
    take_up(policy, PolicyDocument(names=True))
    with pytest.raises(UnusablePolicyError, match="no rule says what is done with them"):
        publish(policy, by=world.superuser, reason="Names")
    take_up(policy, PolicyDocument(names=True, rules=(PrivacyRule(entity="PERSON"),)))
    second = publish(policy, by=world.people["owner"], reason="Names too")
    assert [(each.number, each.reason, each.created_by) for each in policy.versions.all()] == [
        (2, "Names too", world.people["owner"]), (1, "To begin with", world.superuser),
    ]  # fmt: skip
    policy.refresh_from_db()
    assert policy.in_force == second
    assert first.document["rules"][0]["entity"] == "EMAIL_ADDRESS"


def test_a_version_is_never_changed(world):
    version = publish(policy_of(world), by=world.superuser, reason="x")
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        PrivacyPolicyVersion.objects.filter(pk=version.pk).update(document=encode_policy(OBSERVE.document))


def test_an_earlier_version_can_be_made_the_draft_again(world):
    document = PolicyDocument(
        rules=(PrivacyRule(entity="TICKET", patterns=("TK-[0-9]{4}",), allow=("TK-0000",), context=("ticket",), languages=("en",)),),
        names=True, overload="block", bodies="none", sample_percent=7,
    )  # fmt: skip
    policy = policy_of(world)
    take_up(policy, document)
    assert policy_document(policy) == document


def test_withdrawing_leaves_what_stands_above(world):
    policy = policy_of(world, rules=(PrivacyRule(entity="PERSON"),))
    publish(policy, by=world.superuser, reason="x")
    withdraw_policy(policy, by=world.superuser, reason="y")
    assert action(rules_of(world), "PERSON") == ""
    assert policy.versions.count() == 1


def test_the_organisation_s_first_draft_is_the_default(world):
    policy = make_policy()
    start_with_default(policy)
    assert policy_document(policy) == OBSERVE.document


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (PrivacyRule(entity="NO_SUCH_KIND"), "not built in"),
        (PrivacyRule(entity="lower", patterns=("x",)), "capital letters"),
        (PrivacyRule(entity="A", patterns=("(?=x)",)), "look-around"),
        (PrivacyRule(entity="A", patterns=("(",)), "not a valid pattern"),
        (PrivacyRule(entity="A", deny=("x",), checksum="luhn"), "with a pattern"),
        (PrivacyRule(entity="A", patterns=("x",), languages=("xx",)), "language"),
    ],
)
def test_a_rule_that_can_t_be_used_is_said_in_words(world, rule, words):
    with pytest.raises(UnusablePolicyError, match=words):
        publish(policy_of(world, rules=(rule,)), by=world.superuser, reason="x")
    assert not PrivacyPolicyVersion.objects.exists()


# --- the API ---


def test_the_way_of_a_policy_through_the_api(world):
    client = world.client("owner")
    url = f"{API}/privacy-policies/{world.mine.team.privacy_policies.get().pk}/"
    answer = ask(client, "patch", url, {"draft": {"rules": [TICKETS], "names": False}})
    assert answer.status_code == 200, answer.content
    assert answer.json()["in_force"] is None
    assert "Added" in " ".join(ask(client, "get", url + "differences/").json())
    preview = ask(client, "post", PREVIEW, {"text": "See TK-1234.", "policy": answer.json()["id"]})
    assert preview.json()["findings"][0] | {"score": 0} == {
        "start": 4, "end": 11, "type": "TICKET", "score": 0, "rule": "TICKET", "action": "mask",
    }  # fmt: skip
    run = ask(client, "post", url + "dry-run/", {"texts": ["See TK-1234.", "Nothing here"]}).json()
    assert (run["now"]["changed"], run["then"]["changed"], run["differing"]) == (0, 1, 1)
    assert ask(client, "post", url + "publish/", {}).status_code == 400
    assert ask(client, "post", url + "publish/", {"reason": "Tickets"}).json()["number"] == 1
    assert ask(client, "delete", url).status_code == 409
    assert [each["reason"] for each in ask(client, "get", url + "versions/").json()] == ["Tickets"]
    assert ask(client, "post", url + "withdraw/", {"reason": "Enough"}).json()["in_force"] is None


def test_another_model_is_one_that_there_is(world):
    client = world.client("owner")
    url = f"{API}/privacy-policies/{world.mine.team.privacy_policies.get().pk}/"
    answer = ask(client, "patch", url, {"draft": {"other_model": "nowhere"}})
    assert (answer.status_code, "no route named “nowhere”" in answer.content.decode()) == (400, True)
    answer = ask(client, "patch", url, {"draft": {"other_model": "nova-lite", "documents": "read"}})
    assert answer.json()["draft"]["other_model"] == "nova-lite"
    lines = " ".join(ask(client, "get", url + "differences/").json())
    assert "Another model once: not set → nova-lite" in lines
    assert "PDF and Word documents in requests: pass → read" in lines


def test_a_dry_run_of_stored_calls_sees_them_redacted(world):
    url = f"{API}/privacy-policies/{world.mine.team.privacy_policies.get().pk}/"
    ask(
        world.client("owner"),
        "patch",
        url,
        {"draft": {"rules": [{"entity": "MAILED", "deny": ["Mail"], "to_model": "redact"}]}},
    )
    run = ask(world.client("owner"), "post", url + "dry-run/", {"days": 30}).json()
    assert run["then"]["findings"] == {"MAILED": 1}
    assert run["examples"] == [
        {"now": "Mail <EMAIL_ADDRESS_3f2a9c>", "then": "<MAILED> <EMAIL_ADDRESS_3f2a9c>", "blocked": False}
    ]


@pytest.mark.parametrize("who", ROLES)
@pytest.mark.parametrize("verb", ["publish", "withdraw", "dry-run"])
def test_the_organisation_s_policy_is_for_superusers(world, who, verb):
    policy = policy_of(world, whose="organisation")
    url = f"{API}/privacy-policies/{policy.pk}/"
    assert ask(world.client(who), "get", url).status_code == 200  # it holds for them too
    assert ask(world.client(who), "post", url + f"{verb}/", {"reason": "x"}).status_code == 403
    assert ask(world.client(who), "patch", url, {"draft": {}}).status_code == 403
    assert ask(world.client("superuser"), "post", url + "publish/", {"reason": "x"}).status_code == 200


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        ({"rules": [{"entity": "EMAIL_ADDRESS", "to_model": "burn"}]}, "Invalid enum value"),
        ({"rulez": []}, "unknown field"),
        ({"rules": [{"entity": "A", "patterns": ["(?=x)"]}]}, "look-around"),
        ([], "Expected"),
    ],
)
def test_a_draft_that_can_t_be_read_is_refused_in_words(world, draft, words):
    url = f"{API}/privacy-policies/{world.mine.team.privacy_policies.get().pk}/"
    answer = ask(world.client("owner"), "patch", url, {"draft": draft})
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert RedactionRule.objects.filter(policy__team=world.mine.team).count() == 1  # as it was


# --- previews ---


def test_a_preview_with_an_application_s_key(world):
    def preview(key: str, body: dict) -> tuple[int, dict]:
        answer = Client().post(
            PREVIEW, json.dumps(body), "application/json", headers={"authorization": f"Bearer {key}"}
        )
        return answer.status_code, answer.json()

    new = make_key(world.mine.application, "preview")
    status, answer = preview(
        new.text, {"text": "Mail ann@example.com \U0001f600 +1 415 555 2671", "ner": False}
    )
    assert status == 200
    assert [(each["start"], each["end"], each["type"]) for each in answer["findings"]] == [
        (5, 20, "EMAIL_ADDRESS"), (23, 38, "PHONE_NUMBER"),
    ]  # fmt: skip
    assert "ann@" not in answer["masked"]
    status, answer = preview(new.text, {"texts": ["a@b.com", "", "\ud800 c@d.com"], "ner": False})
    assert [len(each["findings"]) for each in answer["results"]] == [1, 0, 1]
    assert preview(new.text, {"text": "x", "policy": world.mine.team.privacy_policies.get().pk})[0] == 404
    assert preview("gh_none_none", {"text": "x"})[0] == 403
    for change in ({"revoked_at": utc_now()}, {"revoked_at": None, "expires_at": utc_now()}, {"expires_at": None, "allowed_networks": ["10.0.0.0/8"]}):  # fmt: skip
        ApiKey.objects.filter(pk=new.api_key.pk).update(**change)
        assert preview(new.text, {"text": "x", "ner": False})[0] == 403


@pytest.mark.parametrize("body", [{}, {"text": "a", "texts": ["a"]}, {"text": "x" * 1_000_001}, {"texts": ["x"] * 1001}, {"text": 5, "policy": "x"}])  # fmt: skip
def test_a_preview_that_can_t_be_made_is_refused(world, body):
    assert ask(world.client("viewer"), "post", PREVIEW, body).status_code == 400


def test_a_preview_under_another_team_s_policy_does_not_exist(world):
    policy = world.other.team.privacy_policies.get()
    answer = ask(world.client("owner"), "post", PREVIEW, {"text": "x", "policy": policy.pk})
    assert answer.status_code == 404


# --- the admin ---


def page(policy: PrivacyPolicy, name: str) -> str:
    return reverse(f"admin:governance_privacypolicy_{name}", args=[policy.pk])


@pytest.mark.parametrize("who", [*ROLES, "nobody"])
@pytest.mark.parametrize("name", ["change", "try", "dry-run", "publish", "versions"])
def test_another_team_s_policy_has_no_pages(world, who, name):
    answer = world.client(who).get(page(world.other.team.privacy_policies.get(), name))
    assert answer.status_code in (302, 404)
    assert "EMAIL_ADDRESS" not in answer.content.decode()


@pytest.mark.parametrize("who", [*ROLES, "superuser"])
def test_who_may_publish_in_the_admin(world, who):
    policy = world.mine.team.privacy_policies.get()
    answer = world.client(who).post(page(policy, "publish"), {"reason": "Because", "action": "publish"})
    assert answer.status_code == (302 if who in ("owner", "admin", "superuser") else 403)
    assert policy.versions.exists() == (answer.status_code == 302)


def test_a_text_is_tried_with_its_findings_marked(world):
    policy = world.mine.team.privacy_policies.get()
    answer = world.client("viewer").post(page(policy, "try"), {"text": "Mail <b>ann@example.com</b>"})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "E-mail address" in text
    assert "EMAIL_ADDRESS_" in text
    assert "<b>ann@" not in text


def test_a_dry_run_is_for_those_who_may_read(world):
    policy = world.mine.team.privacy_policies.get()
    assert world.client("viewer").get(page(policy, "dry-run")).status_code == 403
    answer = world.client("reviewer").post(page(policy, "dry-run"), {"days": "7", "texts": ""})
    assert answer.status_code == 200
    assert "of calls on record" in answer.content.decode()


def test_saving_changes_the_draft_alone(world):
    policy = world.mine.team.privacy_policies.get()
    rule = policy.rules.get()
    form = {
        "names": "on", "overload": "block", "guardrail": "", "guardrail_version": "DRAFT", "guardrail_failure": "block", "screen_user": "log", "screen_document": "log",
        "screen_tool": "log", "flag_at": "0.5", "block_at": "0.9", "leak": "log", "bodies": "", "sample_percent": "100", "documents": "read", "other_model": "nova-lite",
        "rules-TOTAL_FORMS": "1", "rules-INITIAL_FORMS": "1", "rules-0-id": rule.pk, "rules-0-policy": policy.pk, "rules-0-entity": "EMAIL_ADDRESS",
        "rules-0-threshold": "0.4", "rules-0-to_model": "block", "rules-0-to_client": "", "rules-0-to_log": "mask", "rules-0-allow": "a@b.com\nc@d.com",
        "rules-2-TOTAL_FORMS": "1", "rules-2-INITIAL_FORMS": "0", "rules-2-0-policy": policy.pk, "rules-2-0-entity": "ticket no", "rules-2-0-threshold": "0.4",
        "rules-2-0-to_model": "redact", "rules-2-0-patterns": "TK-[0-9]+", "rules-2-0-to_log": "mask",
    }  # fmt: skip
    answer = world.client("admin").post(page(policy, "change"), form | {"other_model": "nowhere"})
    assert "There is no route named “nowhere”" in answer.content.decode()
    answer = world.client("admin").post(page(policy, "change"), form)
    assert answer.status_code == 302, answer.context["errors"] if answer.context else answer.content[:2000]
    document = policy_document(PrivacyPolicy.objects.get(pk=policy.pk))
    assert (document.names, document.other_model, document.documents) == (True, "nova-lite", "read")
    assert [(rule.entity, rule.to_model, rule.allow, rule.patterns) for rule in document.rules] == [
        ("EMAIL_ADDRESS", "block", ("a@b.com", "c@d.com"), ()), ("TICKET_NO", "redact", (), ("TK-[0-9]+",)),
    ]  # fmt: skip
    assert not policy.versions.exists()


@pytest.mark.django_db(transaction=True)
def test_one_text_is_tried_at_a_time_by_each(client):
    request = SimpleNamespace(auth=None, user=SimpleNamespace(pk=1))
    other = SimpleNamespace(auth=None, user=SimpleNamespace(pk=2))
    done = threading.Event()

    def hold():
        with one_at_a_time(request):
            started.set()
            done.wait(20)
        connection.close()

    started, thread = threading.Event(), threading.Thread(target=hold)
    thread.start()
    started.wait(20)
    with pytest.raises(Throttled), one_at_a_time(request):
        pass
    with one_at_a_time(other):
        pass
    done.set()
    thread.join()
    with one_at_a_time(request):
        pass
