"""What holds for all pages and the management API."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin

from kernel.errors import DomainError


class DomainErrorMiddleware(MiddlewareMixin):
    """Answers any member of the family with a page that says it, and its status; the management API has answered before."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, DomainError):
            return None
        return render(request, "refused.html", {"messages": exception.messages}, status=exception.status)


class SignedInMiddleware(MiddlewareMixin):
    """Tells the connection that its client is signed in (serving.guard), where an answer had to know who it is."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        found = getattr(request, "_cached_user", None)
        if found is not None and found.is_authenticated:
            extensions = getattr(request, "scope", {}).get("extensions", {})
            if (connection := extensions.get("gatehouse.connection")) is not None:
                connection.prove()
        return response
