"""Where file descriptors run out a call is answered 503, and the model is not blamed."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.entrances import door
from gateway.refusals import Refusal


@pytest.mark.parametrize(("connections", "is_let_in"), [(1, True), (192, True), (193, False)])
def test_a_connection_too_many_is_told_so(
    monkeypatch: pytest.MonkeyPatch, connections: int, is_let_in: bool
) -> None:
    monkeypatch.setattr(door, "valid_key", lambda *given: "the key")
    monkeypatch.setattr(door, "api_key", lambda headers: "shown")
    monkeypatch.setattr(door, "utc_now", lambda: datetime(2026, 1, 1, tzinfo=UTC))
    connection = SimpleNamespace(connections=connections, prove=lambda: None)
    gateway: Any = SimpleNamespace(snapshot=None, most_connections=192)
    scope: Any = {"client": None, "extensions": {door.CONNECTION: connection}}
    if is_let_in:
        assert door.let_in(gateway, scope, {}, "/v1/chat/completions") == "the key"
        return
    with pytest.raises(Refusal, match="file descriptors") as refused:
        door.let_in(gateway, scope, {}, "/v1/chat/completions")
    assert (refused.value.code, refused.value.status) == ("overloaded", 503)
