"""The admin's static files under ASGI."""

from contextlib import closing

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]
    """WhiteNoise's, with each file as one piece: ASGI can't stream a file, and Django warns of it each time."""

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponse:
        streamed = WhiteNoiseMiddleware.serve(static_file, request)
        with closing(streamed):
            whole = HttpResponse(streamed.getvalue(), status=streamed.status_code)
        del whole["Content-Type"]
        for name, value in streamed.items():
            whole[name] = value
        return whole
