import socket
import threading

import pytest

from kernel.lookup import addresses_of


def test_a_name_server_that_does_not_answer_holds_nobody(monkeypatch):
    answers = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers.wait(30) and [])
    with pytest.raises(TimeoutError, match=r"hooks\.example\.com"):
        addresses_of("hooks.example.com", 443, seconds=0.1)
    answers.set()


@pytest.mark.parametrize("host", ["nowhere.invalid", "a..b", "x" * 64 + ".com"])
def test_a_name_that_none_can_have_is_an_os_error(host):
    with pytest.raises(OSError):  # noqa: PT011 - each has other words, which are the resolver's
        addresses_of(host, 443, seconds=20)


def test_an_address_is_found():
    assert addresses_of("127.0.0.1", 80, seconds=20) == ["127.0.0.1"]
