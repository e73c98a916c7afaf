"""Addresses of Valkey and of its Sentinels, and what leads to the primary of the moment."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from kombu import Connection

from config.environment import Environment
from embedded.errors import StartError
from embedded.external import check_redis
from embedded.ports import free_port
from kernel.valkey_address import broker, sentinels_of

PLAIN = "redis://:secret@valkey.test:6379/3"


@pytest.mark.parametrize("url", [PLAIN, "rediss://valkey.test", "unix:///run/valkey.sock", "nothing"])
def test_an_address_of_its_own_is_left_as_it_is(url):
    assert sentinels_of(url) is None
    assert broker(url) == (url, {})


@pytest.mark.parametrize(
    ("url", "hosts", "connection", "own"),
    [
        ("redis+sentinel://one,two:26380/main", (("one", 26379), ("two", 26380)), {"db": 0}, {}),
        ("redis+sentinel://:a%40b@one:1/main/4", (("one", 1),), {"password": "a@b", "db": 4}, {}),
        ("REDIS+sentinel://me:pw@[::1]:5,two/main", (("::1", 5), ("two", 26379)), {"username": "me", "password": "pw", "db": 0}, {}),
        ("redis+sentinel://one/main?sentinel_password=x%26&sentinel_username=s", (("one", 26379),), {"db": 0}, {"password": "x&", "username": "s"}),
    ],
)  # fmt: skip
def test_sentinels(url, hosts, connection, own):
    found = sentinels_of(url)
    assert (found.hosts, found.name, found.connection, found.own) == (hosts, "main", connection, own)
    address, options = broker(url)
    assert address.count("sentinel://") == len(hosts)
    assert options["master_name"] == "main"
    with Connection(address, transport_options=options) as made:
        assert (made.password, made.userid or None) == (
            connection.get("password"),
            connection.get("username"),
        )
        assert made.virtual_host == str(connection["db"])


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("redis+sentinel://:secret@one", "names no primary"),
        ("redis+sentinel:///main", "names no host"),
        ("redis+sentinel://:secret@one,,two/main", "'' can't be read as a host"),
        ("redis+sentinel://:secret@one:x/main", "'one:x' can't be read as a host"),
        ("redis+sentinel://:secret@one/main/first", "the number of a database, not 'first'"),
        ("redis+sentinel://:secret@one/main?timeout=3", "timeout is none of its options"),
    ],
)
def test_what_can_not_be_read_is_said_without_the_password(url, says):
    with pytest.raises(ValueError, match=says) as refused:
        sentinels_of(url)
    assert "secret" not in str(refused.value)


def test_a_setting_that_can_not_be_read_names_its_variable():
    with pytest.raises(ImproperlyConfigured, match="REDIS_URL can't be used: it names no primary"):
        Environment().broker("REDIS_URL", "redis+sentinel://one")
    with pytest.raises(StartError, match=r"REDIS_URL is not a Redis URL \(it names no primary"):
        check_redis("redis+sentinel://:secret@one")
    with pytest.raises(StartError, match=r"REDIS_URL: 127.0.0.1:\d+ does not answer"):
        check_redis(f"redis+sentinel://:secret@127.0.0.1:{free_port()}/main")
