"""Pages of one call besides its own."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path

from accounts.admin.base import BaseAdmin
from governance.records.models import AuditRecord


class CallPages(BaseAdmin):
    """What adds such a page is built from this. Each finds the call among those that the person may see."""

    def page_of_call(self, name: str, view: Callable[..., HttpResponse]) -> URLPattern:
        """A page at `<id>/<name>/`; the view takes the id as `object_id`."""
        return path(
            f"<path:object_id>/{name}/",
            self.admin_site.admin_view(view),
            name=f"governance_auditrecord_{name}",
        )

    def call_or_404(self, request: HttpRequest, object_id: str) -> Any:
        call: AuditRecord | None = self.get_object(request, object_id)
        if call is None:
            raise Http404("There is no such call, or it is not one of your teams'.")
        return call
