"""The review of a call: a card on its page, and the form behind it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from accounts.access.admin import put_errors
from accounts.admin.base import person, without_store
from governance.records.models import AuditRecord
from governance.reviews.admin.call_pages import CallPages
from governance.reviews.models import CallReview
from governance.reviews.selectors import Reviewed, may_review_calls, next_waiting, reviews_of
from governance.reviews.services.call_reviews import (
    MAX_EXPECTED,
    MAX_NOTE,
    ReviewedMeanwhileError,
    review_call,
)
from kernel.errors import DomainError

VARIANTS = {
    CallReview.Verdict.GOOD: "success",
    CallReview.Verdict.ANSWER: "danger",
    CallReview.Verdict.PRIVACY: "danger",
    CallReview.Verdict.MISUSE: "danger",
    CallReview.Verdict.FALSE_ALARM: "info",
}
_EARLIER_SHOWN = 10


class ReviewForm(forms.Form):
    verdict = forms.ChoiceField(
        label="What you found", choices=[("", "Choose…"), *CallReview.Verdict.choices]
    )
    note = forms.CharField(
        label="Note", required=False, max_length=MAX_NOTE, widget=forms.Textarea(attrs={"rows": 2})
    )
    expected = forms.CharField(
        label="What the answer should have been",
        required=False,
        max_length=MAX_EXPECTED,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Where you know it: test cases made from this call expect it.",
    )
    instead_of = forms.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput
    )

    def clean(self) -> dict[str, Any]:
        if "instead_of" in self.errors:  # nobody would see it there
            self.add_error(None, "This page was not sent whole. Open the call again.")
        return self.cleaned_data


class ReviewPages(CallPages):
    """Adds the form to the page of calls."""

    def get_urls(self) -> list[Any]:
        return [self.page_of_call("review", self.review_view), *super().get_urls()]

    def review_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Takes a review; shows the form again where something is wrong with it."""
        call = self.call_or_404(request, object_id)
        if not may_review_calls(person(request), call):
            raise PermissionDenied
        form = ReviewForm(request.POST) if request.method == "POST" else None
        if form is not None and form.is_valid():
            try:
                review_call(call, by=person(request), **form.cleaned_data)
                return self._after(request, call)
            except DomainError as error:
                if isinstance(error, ReviewedMeanwhileError):
                    form = _again(call, form)
                put_errors(form, error)
        card = review_card(request, call, form=form)
        return without_store(
            self.render_page(
                request, "governance/reviews/review", title="Review", original=call, call=call, **card
            )
        )

    def _after(self, request: HttpRequest, call: AuditRecord) -> HttpResponse:
        if "next" not in request.POST:
            messages.success(request, "Reviewed.")
            return self.to_page(call)
        following = next_waiting(person(request), before=call.pk)
        if following is None:
            messages.success(request, "Reviewed. No other flagged call waits for a review.")
            query = urlencode({"review": Reviewed.FLAGGED})
            return HttpResponseRedirect(f"{reverse('admin:governance_auditrecord_changelist')}?{query}")
        messages.success(request, "Reviewed. This is the next flagged call.")
        return self.to_page(following)


def review_card(request: HttpRequest, call: AuditRecord, *, form: ReviewForm | None = None) -> dict[str, Any]:
    """What a call's page says of its reviews, with a form for those who may add one; for readers of its content only."""
    found = list(reviews_of(call)[: _EARLIER_SHOWN + 1])
    stands = found[0] if found else None
    if form is None and may_review_calls(person(request), call):
        form = ReviewForm(initial={"instead_of": stands.pk if stands else None})
    return {
        "review": stands,
        "review_variant": VARIANTS[CallReview.Verdict(stands.verdict)] if stands else "",
        "earlier_reviews": found[1:],
        "review_form": form,
    }


def _again(call: AuditRecord, form: ReviewForm) -> ReviewForm:
    """The same words, to be saved in the place of the review that stands by now."""
    stands = reviews_of(call).first()
    again = ReviewForm({**dict(form.data.items()), "instead_of": stands.pk if stands else ""})
    again.is_valid()
    return again
