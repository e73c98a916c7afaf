"""The admin's files are served by the web side as it is installed, with nothing collected and no warning."""

from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.asgi import get_asgi_application

from tests.conftest import STATIC_FILES

CSS = "/static/gatehouse/admin.css"


@pytest.fixture(autouse=True)
def as_installed(settings):
    settings.MIDDLEWARE = [settings.MIDDLEWARE[0], STATIC_FILES, *settings.MIDDLEWARE[1:]]


async def fetch(path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body, as a server gets them: warnings of Django's handler are errors here."""
    sent = [(name.encode(), value.encode()) for name, value in {"host": "localhost", **headers}.items()]
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": sent,
        "query_string": b"",
    }
    server = ApplicationCommunicator(get_asgi_application(), scope)
    await server.send_input({"type": "http.request", "body": b""})
    start, more, body = await server.receive_output(5), True, b""
    while more:
        part = await server.receive_output(5)
        body, more = body + part.get("body", b""), part.get("more_body", False)
    await server.wait(5)
    return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, body


@pytest.mark.parametrize("path", [CSS, "/static/unfold/css/styles.css", "/static/admin/js/core.js"])
async def test_files_are_served_from_where_they_are(path, settings):
    assert settings.DEBUG is False
    status, headers, body = await fetch(path)
    assert status == 200
    assert headers["Content-Type"].startswith(("text/css", "text/javascript"))
    assert len(body) == int(headers["Content-Length"]) > 0


async def test_what_has_not_changed_is_not_sent_again():
    _, headers, body = await fetch(CSS)
    status, _, again = await fetch(CSS, **{"if-modified-since": headers["Last-Modified"]})
    assert (status, again) == (304, b"")
    status, headers, nothing = await fetch(CSS, "HEAD")
    assert (status, headers["Content-Length"], nothing) == (200, str(len(body)), b"")
    status, _, piece = await fetch(CSS, range="bytes=3-9")
    assert (status, piece) == (206, body[3:10])


async def test_what_is_not_there_is_not_found():
    assert (await fetch("/static/none.css"))[0] == 404
    assert (await fetch("/static/../settings.py"))[0] == 404
