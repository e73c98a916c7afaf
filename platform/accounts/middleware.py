"""What no page of the admin has said itself of what can't be done."""

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
