"""What reached the model, and what the caller was told of it."""

from typing import Any

import httpx

from tests.e2e.conftest import World


def sent(world: World) -> dict[str, Any]:
    """What reached the model last."""
    found: dict[str, Any] = world.received()[-1]["body"]
    return found


def adjusted(answer: httpx.Response) -> str:
    """What the answer says was changed of its request."""
    return str(answer.headers.get("x-gatehouse-adjusted", ""))
