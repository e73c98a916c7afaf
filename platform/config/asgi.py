"""The ASGI applications.

`web` is stock Django: the admin and the management API, and the WebSocket of the playground. `gateway` is the lean handler of calls. `application` serves
both on one address; to scale them apart, run `uvicorn config.asgi:web` and `uvicorn config.asgi:gateway`.
"""

import os
from functools import partial
from typing import Any, cast

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.asgi import get_asgi_application

from kernel import descriptors

descriptors.raise_limit()  # before a socket is opened

from django.conf import settings  # noqa: E402

from kernel.checks import refuse_unsafe_settings  # noqa: E402
from serving import probes  # noqa: E402
from serving.accepting import room  # noqa: E402

_TOLD_SO = 32
"""Connections above what fits: they are answered that there are too many, and closed, while others wait for their turn."""
room.connections = lambda: descriptors.connections_that_fit(settings.GATEWAY_MAX_CALLS) + _TOLD_SO

_django = get_asgi_application()
refuse_unsafe_settings()

from channels.auth import AuthMiddlewareStack  # noqa: E402 - needs Django's apps
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402

from config import pages  # noqa: E402
from gateway.entrances.formats.incoming import Scope  # noqa: E402 - needs Django's apps
from gateway.entrances.handler import PROBES, GatewayHandler  # noqa: E402
from gateway.entrances.sending import Receive, Send  # noqa: E402
from prompts.evaluations.streams import PlaygroundConsumer  # noqa: E402

gateway = GatewayHandler()


def _probe(path: str) -> tuple[int, bytes] | None:
    if gateway.gateway is None:
        return None  # it is not started: this process serves pages alone
    found = gateway.probe(path)
    return found.status_code, found.content


probes.answers |= {path.encode(): partial(_probe, path) for path in PROBES}
_playground = AllowedHostsOriginValidator(AuthMiddlewareStack(PlaygroundConsumer.as_asgi()))

PLAYGROUND_PATH = "/ws/admin/playground"
_GATEWAY_PATHS = ("/v1/", "/bedrock/", "/ws/", "/healthz", "/readyz", "/metrics")
_PAGES = ("/admin", "/api/", "/static/", "/favicon.ico")


async def web(scope: Scope, receive: Receive, send: Send) -> Any:
    """Pages and the management API; who is signed in to the admin may open the playground's WebSocket."""
    if scope["type"] != "websocket":
        await pages.are_loaded()
        await _django(scope, receive, cast(Any, send))  # the same messages, which Django types as mappings
    elif scope["path"] == PLAYGROUND_PATH:
        await _playground(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 4404})


async def application(scope: Scope, receive: Receive, send: Send) -> Any:
    """Hands each request to the side it is for; the gateway's start and stop are the server's."""
    if scope["type"] == "lifespan":
        await gateway(scope, receive, _and_then_pages(send))
    elif scope["path"].startswith(_GATEWAY_PATHS) and scope["path"] != PLAYGROUND_PATH:
        await gateway(scope, receive, send)
    elif scope["type"] == "http" and not scope["path"].startswith(_PAGES) and not _wants_html(scope):
        await gateway(
            scope, receive, send
        )  # which says in a program's words that nothing is there, and what may be meant
    else:
        await web(scope, receive, send)


def _wants_html(scope: Scope) -> bool:
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])


def _and_then_pages(send: Send) -> Send:
    """Loads the pages once calls can be taken, before anybody asks for one."""

    async def sent(message: dict[str, Any]) -> None:
        await send(message)
        if message["type"] == "lifespan.startup.complete":
            pages.begin()

    return sent
