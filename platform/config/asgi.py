"""The ASGI applications.

`web` is stock Django: the admin and the management API. `gateway` is the lean handler of calls. `application` serves
both on one address; to scale them apart, run `uvicorn config.asgi:web` and `uvicorn config.asgi:gateway`.
"""

import os
from typing import Any, cast

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.asgi import get_asgi_application

from kernel.checks import refuse_unsafe_settings

web = get_asgi_application()
refuse_unsafe_settings()

from gateway.formats.incoming import Scope  # noqa: E402 - needs Django's apps
from gateway.handler import GatewayHandler, Receive, Send  # noqa: E402

gateway = GatewayHandler()

_GATEWAY_PATHS = ("/v1/", "/bedrock/", "/ws/", "/healthz", "/readyz", "/metrics")


async def application(scope: Scope, receive: Receive, send: Send) -> Any:
    """Hands each request to the side it is for; the gateway's start and stop are the server's."""
    if scope["type"] != "http" or scope["path"].startswith(_GATEWAY_PATHS):
        await gateway(scope, receive, send)
    else:
        await web(scope, receive, cast(Any, send))  # the same messages, which Django types as mappings
