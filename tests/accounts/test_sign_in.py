"""Signing in: how often one may try, what is on record of it, and how long it holds."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth import authenticate
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.models import SignIn, SignInAttempt, SignInCount, User
from accounts.services.sign_ins import drop_old
from kernel.clock import utc_now
from tests.accounts.factories import make_person, make_superuser

PASSWORD = "a long enough password"
LOGIN, HOME = "/admin/login/", "/admin/"


@pytest.fixture(autouse=True)
def quick_hashes(settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def person(db) -> User:
    return make_person("someone", password=PASSWORD)


def sign_in(email="someone@example.com", password=PASSWORD, *, address="198.51.100.7", client=None):
    return (client or Client()).post(
        LOGIN,
        {"username": email, "password": password},
        REMOTE_ADDR=address,
        HTTP_USER_AGENT="Firefox/1 Linux",
    )


def is_in(answer) -> bool:
    return answer.status_code == 302


def outcomes() -> list[tuple[str, str, str]]:
    return list(SignInAttempt.objects.order_by("pk").values_list("account", "address", "outcome"))


def test_without_a_page_in_mind_one_comes_home(person):
    assert sign_in()["Location"] == HOME
    for wanted in ("https://evil.example/", "//evil.example", "javascript:alert(1)"):
        answer = Client().post(
            f"{LOGIN}?next={wanted}",
            {"username": "someone@example.com", "password": PASSWORD, "next": wanted},
        )
        assert answer["Location"] == HOME


@pytest.mark.parametrize(
    "spelling", [str.lower, str.upper, lambda text: f" {text} ", lambda text: text.replace("i", "\u0131")]
)
def test_an_account_is_locked_after_ten_tries_however_it_is_spelled(person, spelling, settings):
    User.objects.filter(pk=person.pk).update(email="in@example.com")
    for number in range(settings.SIGN_IN_TRIES):
        assert not is_in(sign_in(spelling("in@example.com"), "wrong", address=f"198.51.100.{number}"))
    assert not is_in(sign_in("in@example.com", address="203.0.113.9"))


def test_an_address_is_locked_for_all_accounts(person, settings):
    for number in range(settings.SIGN_IN_TRIES_PER_ADDRESS):
        sign_in(f"guess-{number}@example.com", "wrong")
    assert not is_in(sign_in())
    assert is_in(sign_in(address="203.0.113.9"))


def test_all_addresses_of_one_ipv6_network_are_one(person, settings):
    for number in range(settings.SIGN_IN_TRIES_PER_ADDRESS):
        sign_in(f"guess-{number}@example.com", "wrong", address=f"2001:db8::{number:x}")
    assert not is_in(sign_in(address="2001:db8::ffff"))


def test_a_lock_ends_with_time(person, settings):
    for _ in range(settings.SIGN_IN_TRIES + 3):
        sign_in(password="wrong")
    before = utc_now() - timedelta(minutes=settings.SIGN_IN_LOCK_MINUTES, seconds=1)
    SignInCount.objects.update(began_at=before)
    assert is_in(sign_in())


def test_a_superuser_unlocks(person, settings):
    for _ in range(settings.SIGN_IN_TRIES):
        sign_in(password="wrong")
    root, ordinary = Client(), Client()
    root.force_login(make_superuser())
    ordinary.force_login(make_person("other"))
    page = root.get(reverse("admin:accounts_signincount_changelist")).content.decode()
    assert "someone@example.com" in page
    unlock = reverse("admin:accounts_signincount_unlock", args=[SignInCount.objects.get(kind="account").pk])
    assert unlock in page
    assert ordinary.post(unlock).status_code == 403
    assert root.get(unlock).status_code == 404
    assert not is_in(sign_in())
    assert root.post(unlock).status_code == 302
    assert is_in(sign_in())


def test_who_signs_in_is_not_counted(person, settings):
    for _ in range(settings.SIGN_IN_TRIES_PER_ADDRESS + 5):
        assert is_in(sign_in())


def test_all_that_can_go_wrong_is_told_alike(person, settings):
    """A wrong password, no such account, one that is inactive, a locked one with the right password."""
    make_person("gone", password=PASSWORD, is_active=False)
    texts = []
    for email, password in (("someone@example.com", "wrong"), ("nobody@example.com", "wrong"), ("gone@example.com", PASSWORD)):  # fmt: skip
        for _ in range(settings.SIGN_IN_TRIES + 2):
            answer = sign_in(email, password, address="203.0.113.9" if "some" in email else "203.0.113.8")
            texts.append((answer.status_code, answer.context["form"].non_field_errors()))
    last = sign_in(address="203.0.113.7")
    assert not is_in(last)
    texts.append((last.status_code, last.context["form"].non_field_errors()))
    assert all(each == texts[0] for each in texts)
    assert texts[0][0] == 200


def test_a_password_is_hashed_whether_or_not_there_is_an_account(person, monkeypatch):
    from django.contrib.auth.hashers import get_hasher

    kind, hashed = type(get_hasher("default")), []
    real = kind.encode
    monkeypatch.setattr(
        kind, "encode", lambda self, *args, **kwargs: hashed.append(1) or real(self, *args, **kwargs)
    )
    counts = []
    for email in ("someone@example.com", "nobody@example.com"):
        hashed.clear()
        sign_in(email, "wrong")
        counts.append(len(hashed))
    assert counts == [1, 1]


def test_attempts_are_on_record_with_their_addresses(person, settings):
    sign_in(password="wrong")
    sign_in("my secret password", "oops")
    sign_in()
    assert outcomes() == [
        ("someone@example.com", "198.51.100.7", "failed"),
        ("", "198.51.100.7", "failed"),
        ("someone@example.com", "198.51.100.7", "succeeded"),
    ]
    root, ordinary = Client(), Client()
    root.force_login(make_superuser())
    ordinary.force_login(person)
    log = reverse("admin:accounts_signinattempt_changelist")
    assert "198.51.100.7" in root.get(log).content.decode()
    assert ordinary.get(log).status_code == 403


def test_an_address_beyond_its_limit_leaves_no_rows_whatever_it_makes_up(person, settings):
    settings.SIGN_IN_TRIES_PER_ADDRESS = 3
    for number in range(12):
        sign_in(f"nobody{number}@example.com", "wrong")
    assert SignInCount.objects.filter(kind="account").count() == 3
    assert SignInAttempt.objects.count() == 4
    assert is_in(sign_in(address="198.51.100.8"))


def test_tries_from_everywhere_for_nobody_fill_no_table(person):
    for number in range(70):
        sign_in(f"nobody{number}@example.com", "wrong", address=f"198.51.{number}.1")
    assert SignInAttempt.objects.filter(user=None).count() == 60
    assert not is_in(sign_in(password="wrong"))
    assert is_in(sign_in())
    assert outcomes()[-2:] == [
        ("someone@example.com", "198.51.100.7", "failed"),
        ("someone@example.com", "198.51.100.7", "succeeded"),
    ]


def test_what_is_refused_unread_fills_no_table(person, settings):
    for _ in range(settings.SIGN_IN_TRIES_PER_ADDRESS * 2):
        sign_in(password="wrong")
    kinds = [outcome for _, _, outcome in outcomes()]
    assert kinds.count("failed") == settings.SIGN_IN_TRIES
    assert kinds.count("refused") == 2
    assert SignInCount.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_tries_at_once_are_counted_exactly(settings):
    make_person("someone", password=PASSWORD)

    def one_try(_):
        request = RequestFactory().post(LOGIN, REMOTE_ADDR="198.51.100.7")
        try:
            return authenticate(request, username="someone@example.com", password="wrong")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert not any(pool.map(one_try, range(40)))
    kinds = [outcome for _, _, outcome in outcomes()]
    assert kinds.count("failed") == settings.SIGN_IN_TRIES


@pytest.mark.parametrize("back", [{"seen_at": 61}, {"began_at": 12 * 60 + 1}])
def test_a_sign_in_ends_when_it_is_idle_or_old(person, back):
    client = Client()
    sign_in(client=client)
    assert client.get(HOME).status_code == 200
    assert client.get("/api/v1/teams/").status_code == 200
    SignIn.objects.update(**{name: utc_now() - timedelta(minutes=minutes) for name, minutes in back.items()})
    assert client.get("/api/v1/teams/").status_code == 403
    assert client.get(HOME).status_code == 302


def test_a_sign_in_that_is_used_goes_on(person):
    client = Client()
    sign_in(client=client)
    SignIn.objects.update(seen_at=utc_now() - timedelta(minutes=59))
    client.get(HOME)
    assert utc_now() - SignIn.objects.get().seen_at < timedelta(minutes=1)


def test_one_ends_one_s_own_and_a_superuser_anybody_s(person):
    here, there, other, root = Client(), Client(), Client(), Client()
    sign_in(client=here)
    sign_in(client=there, address="203.0.113.9")
    other.force_login(make_person("other"))
    root.force_login(make_superuser())
    page = here.get(reverse("admin:accounts_signin_changelist")).content.decode()
    assert "203.0.113.9" in page
    assert "Firefox on Linux (this one)" in page
    assert "other@example.com" not in page
    end = reverse("admin:accounts_signin_end", args=[SignIn.objects.get(address="203.0.113.9").pk])
    others = reverse(
        "admin:accounts_signin_end", args=[SignIn.objects.get(user__email="other@example.com").pk]
    )
    assert here.get(end).status_code == 404
    here.post(others)
    assert other.get(HOME).status_code == 200
    here.post(end)
    assert (there.get(HOME).status_code, here.get(HOME).status_code) == (302, 200)
    assert "other@example.com" in root.get(reverse("admin:accounts_signin_changelist")).content.decode()
    root.post(others)
    assert other.get(HOME).status_code == 302


def test_who_signs_out_has_ended(person):
    client = Client()
    sign_in(client=client)
    cookie = client.cookies["sessionid"].value
    client.post("/admin/logout/")
    assert SignIn.objects.get().ended_at is not None
    client.cookies["sessionid"] = cookie
    assert client.get(HOME).status_code == 302


def test_what_is_old_is_dropped(person):
    sign_in()
    assert drop_old() == 0
    before = utc_now() - timedelta(days=91)
    SignIn.objects.update(seen_at=before)
    SignInAttempt.objects.update(at=before)
    SignInCount.objects.update(began_at=before)
    drop_old()
    assert not SignIn.objects.exists()
    assert not SignInAttempt.objects.exists()
    assert not SignInCount.objects.exists()
