"""Settings that are unsafe in production are reported, and no server starts with them."""

import logging

import pytest
from django.core.checks import Tags, run_checks
from django.core.exceptions import ImproperlyConfigured

from kernel.checks import (
    INSECURE_DEFAULT,
    is_loopback,
    refuse_unsafe_settings,
    replica_in_vain,
    unsafe_settings,
)

OURS = "gatehouse."


@pytest.fixture
def production(settings):
    """Settings of a server that is all right."""
    settings.EMBEDDED = settings.DEBUG = False
    settings.SECRET_KEY = settings.MASTER_KEY = "a-long-and-random-text" * 3
    settings.KMS_KEY_ID = "alias/gatehouse"
    settings.HOST, settings.PUBLIC_URL = "0.0.0.0", "https://gatehouse.example.com"
    return settings


def ids() -> list[str | None]:
    return [each.id for each in unsafe_settings()]


def test_a_server_that_is_all_right(production):
    assert ids() == []
    refuse_unsafe_settings()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("SECRET_KEY", INSECURE_DEFAULT, "gatehouse.E001"),
        ("MASTER_KEY", INSECURE_DEFAULT, "gatehouse.E002"),
        ("MASTER_KEY", "", "gatehouse.E002"),
        ("DEBUG", True, "gatehouse.E003"),
        ("CORS_ORIGINS", ["*"], "gatehouse.E004"),
    ],
)
def test_what_no_server_starts_with(production, name, value, expected):
    setattr(production, f"GATEWAY_{name}" if name == "CORS_ORIGINS" else name, value)
    assert ids() == [expected]
    with pytest.raises(ImproperlyConfigured, match=f"GATEHOUSE_{name}"):
        refuse_unsafe_settings()
    production.EMBEDDED = True
    assert ids() == []
    refuse_unsafe_settings()


@pytest.mark.parametrize("embedded", [True, False])
def test_a_local_master_key_is_warned_of_in_production(production, embedded):
    production.EMBEDDED, production.KMS_KEY_ID = embedded, ""
    assert ids() == ([] if embedded else ["gatehouse.W002"])
    refuse_unsafe_settings()


@pytest.mark.parametrize(
    ("host", "url", "warned"),
    [
        ("0.0.0.0", "http://gatehouse.example.com", True),
        ("0.0.0.0", "https://gatehouse.example.com", False),
        ("127.0.0.1", "http://127.0.0.1:8000", False),
        ("gatehouse.internal", "http://gatehouse.internal:8000", True),
    ],
)
@pytest.mark.parametrize("embedded", [True, False])
def test_passwords_in_the_clear_are_warned_of(production, caplog, host, url, warned, embedded):
    production.EMBEDDED, production.HOST, production.PUBLIC_URL = embedded, host, url
    assert ids() == (["gatehouse.W001"] if warned else [])
    with caplog.at_level(logging.WARNING):
        refuse_unsafe_settings()
    assert (url in caplog.text) == warned


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("[::1]", True), ("localhost", True),
     ("0.0.0.0", False), ("::", False), ("10.0.0.1", False), ("", False)],
)  # fmt: skip
def test_loopback(host, expected):
    assert is_loopback(host) is expected


def test_deployment_checks_have_them(production):
    production.SECRET_KEY = INSECURE_DEFAULT
    deploy = run_checks(tags=[Tags.security], include_deployment_checks=True)
    assert "gatehouse.E001" in [each.id for each in deploy]
    always = run_checks(tags=[Tags.security])
    assert not [each for each in always if (each.id or "").startswith(OURS)]


@pytest.mark.parametrize(
    ("url", "expected"), [("", []), ("postgres://nobody@127.0.0.1:1/none", ["gatehouse.W006"])]
)
def test_a_replica_that_nothing_is_read_from_is_warned_of(settings, url, expected):
    settings.REPLICA_DATABASE_URL = url
    assert [each.id for each in replica_in_vain()] == expected
