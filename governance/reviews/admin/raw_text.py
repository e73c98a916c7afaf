"""The raw text of a call: a page that asks why, and shows it in the answer to that, once."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from accounts.admin.base import person, without_store
from governance.records.models import AuditRecord, RawAccess
from governance.records.selectors.bodies import BodiesUnreachableError
from governance.records.selectors.raw_text import looks_at, may_read_raw, raw_text_of
from governance.records.services.raw_text import read_raw
from governance.reviews.admin.call_pages import CallPages
from governance.reviews.admin.transcript import transcript_of
from kernel.errors import DomainError

_LOOKS_SHOWN = 10


class RawTextReasonForm(forms.Form):
    reason = forms.CharField(
        label="Reason for access",
        min_length=5,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Your name, the time and this reason are recorded and can't be deleted.",
    )


class RawTextPages(CallPages):
    """Adds the page to that of calls."""

    def get_urls(self) -> list[Any]:
        return [self.page_of_call("raw", self.raw_text_view), *super().get_urls()]

    def raw_text_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Asks for a reason; given one, shows the text."""
        call = self.call_or_404(request, object_id)
        if not may_read_raw(person(request), call):
            raise PermissionDenied
        form = RawTextReasonForm(request.POST if request.method == "POST" else None)
        transcript, problem = None, ""
        if request.method == "POST" and form.is_valid():
            try:
                said = read_raw(
                    call, user=person(request), reason=form.cleaned_data["reason"], via=RawAccess.Via.ADMIN
                )
                transcript = transcript_of(said.request, said.answer)
            except DomainError as error:
                problem = str(error)
        page = self.render_page(
            request, "governance/records/raw", title="Raw text", original=call, call=call, form=form,
            transcript=transcript, problem=problem,
        )  # fmt: skip
        return without_store(page)


def raw_text_card(request: HttpRequest, call: AuditRecord) -> dict[str, Any]:
    """What a call's page says of its raw text; nothing to those who may not read it."""
    if not may_read_raw(person(request), call):
        return {}
    try:
        raw = raw_text_of(call)
    except BodiesUnreachableError:
        return {}
    return {"raw": raw, "looks": looks_at(call)[:_LOOKS_SHOWN]}
