"""What the handler hands to the view or the consumer that answers a request, as one object on the ASGI scope."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from gateway.call import Call
from gateway.entrances.formats.entrance import Entrance, Parsed
from gateway.entrances.formats.incoming import Scope
from gateway.refusals import Refusal
from gateway.runtime import Gateway

Receive = Callable[[], Awaitable[dict[str, Any]]]

_MEMBER = "gatehouse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """A request that is no call, its body read."""

    gateway: Gateway
    body: bytes = b""
    """All of it: Django hands out less than a prompt may have."""
    receive: Receive | None = None
    """Of a view that reads the body itself, as it comes."""
    made: list[Call] | None = None
    """Where a view makes calls of its own and somebody has to know them: those, in order."""

    def put(self, scope: Scope) -> None:
        scope[_MEMBER] = self


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHandover(Handover):
    """A call: either `parsed`, or refused before it could be."""

    call: Call
    entrance: Entrance
    parsed: Parsed | None
    refusal: Refusal | None


def handover_of(scope: Scope) -> Handover:
    found: Any = scope[_MEMBER]
    assert isinstance(found, Handover)
    return found


def call_handover_of(scope: Scope) -> CallHandover:
    found = handover_of(scope)
    assert isinstance(found, CallHandover)
    return found


def scope_of(request: HttpRequest) -> Scope:
    """The ASGI scope that a request of a view came with."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    return scope
