"""What pages and the management API answer while Postgres or Valkey is away, or can't: 503, with a sentence on what is wrong."""

import logging
import sys

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template.loader import render_to_string
from django.views import defaults

from kernel.faults import outage

_RETRY_SECONDS = "5"
_FAULT = "This is a fault of Gatehouse, and it has been logged. Please try again."


def sentences(error: BaseException) -> str:
    """What is told of an outage; empty where an error tells of none."""
    what = outage(error)
    return what and (
        f"{what} Gatehouse goes on by itself once that is over: please try again in a moment, and see first whether what you "
        "did is there."
    )


def answer(request: HttpRequest, text: str) -> HttpResponse:
    """503 in the form of who asks. Nothing is looked up for it: neither who that is, nor what goes around other pages."""
    found: HttpResponse
    if request.path.startswith("/api/"):
        found = JsonResponse({"detail": text, "code": "unavailable"}, status=503)
    else:
        found = HttpResponse(render_to_string("refused.html", {"messages": [text]}), status=503)
    found["Retry-After"] = _RETRY_SECONDS
    return found


def server_error(request: HttpRequest) -> HttpResponseBase:
    """In place of Django's own (`handler500`): what middleware meets comes here, such as a session that can't be read."""
    error = sys.exc_info()[1]
    if error is not None and (text := sentences(error)):
        return answer(request, text)
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": _FAULT, "code": "internal_error"}, status=500)
    return defaults.server_error(request)


class WithoutTraceback(logging.Filter):
    """An outage is told in a line: its traceback says nothing, and comes with each page."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and (what := outage(error)):
            record.msg, record.args = f"{record.getMessage()} ({what})", ()
            record.exc_info = record.exc_text = None
        return True
