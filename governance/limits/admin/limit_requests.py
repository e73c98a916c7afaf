from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Case, QuerySet, Value, When
from django.http import Http404, HttpRequest, HttpResponse

from accounts.admin.base import OwnedAdmin, person, principal, told
from accounts.admin.filters import TeamFilter, is_id
from accounts.admin.typed import ChangeList, display
from accounts.models import Application
from governance.limits.admin.limit_request_form import AskForm, DecisionForm, Target, last_day
from governance.limits.models import Budget, LimitRequest, RateLimit
from governance.limits.policy.limit_requests import LimitRequestError, RequestState, state_at
from governance.limits.selectors.budgets import current_state, with_state
from governance.limits.selectors.limit_requests import (
    budget_state_for,
    limits_binding,
    may_see_use,
    meaning_of,
    until_text,
)
from governance.limits.selectors.subjects import subject_names
from governance.limits.services import limit_requests
from governance.ui.bars import bar_of
from kernel.clock import utc_now
from kernel.money import format_usd, plain_usd

STATE_LABELS = {
    RequestState.PENDING: "warning", RequestState.APPROVED: "success", RequestState.DENIED: "danger", RequestState.WITHDRAWN: "info",
    RequestState.EXPIRED: "info",
}  # fmt: skip
DONE = {
    "approve": "Approved. The increase is active. The requester has been notified.",
    "deny": "Denied. The requester has been notified.",
    "withdraw": "The request has been withdrawn.",
    "revoke": "Ended. The original limit applies again.",
}
OFFERED = 50
"""Limits of a kind on the page that asks what more is needed of."""


class RequestList(ChangeList):
    """The rows of a page with the names of their subjects, looked up together."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Any] = list(self.result_list)
        keys = {row.pk: (_per(row), row.subject) for row in rows}
        names = subject_names(keys.values())
        for row in rows:
            row.known_subject = names[keys[row.pk]]
        self.result_list = rows


def _per(request: LimitRequest) -> str:
    limit = request.budget or request.rate_limit
    return limit.per if limit else ""


def state_now(request: LimitRequest) -> RequestState:
    return state_at(RequestState(request.state), ends_at=request.ends_at, now=utc_now())


@admin.register(LimitRequest)
class LimitRequestAdmin(OwnedAdmin):
    """Requests for more: anyone in a team may ask, who runs the team decides."""

    goes_along = True
    empty_hint = (
        "Anyone in a team can ask for more of a budget or a rate limit, or for one more model, for a time."
    )
    list_display = ("title", "state_label", "requested_by", "created_at", "until")
    list_filter = ("state", TeamFilter)
    list_select_related = LimitRequest.RELATED
    search_fields = ("reason", "requested_by__email", "requested_by__name", "team__name")
    search_help_text = "A reason, a person or a team."
    ordering = (Case(When(state=RequestState.PENDING.value, then=Value(0)), default=Value(1)).asc(), "-id")

    @display(description="Request", header=True)
    def title(self, request: LimitRequest) -> list[str]:
        return [request.amount_text, request.target_text]

    @display(description="State", label=STATE_LABELS)
    def state_label(self, request: LimitRequest) -> tuple[str, str]:
        state = state_now(request)
        return state, state.value.capitalize()

    @admin.display(description="Until", ordering="ends_at")
    def until(self, request: LimitRequest) -> str:
        return f"{last_day(request.ends_at):%Y-%m-%d}"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return RequestList

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        if object_id is None:
            if not self.has_add_permission(request):
                raise PermissionDenied
            target = self._target(request)
            return self._ask(request, target) if target is not None else self._start(request)
        found = self.get_object(request, object_id)
        if found is None:
            raise Http404("There is no such request, or it is not one of your teams'.")
        if request.method == "POST":
            return self._act(request, found)
        return self._page(request, found)

    def _offers(self, request: HttpRequest) -> dict[str, QuerySet[Any]]:
        """What the person may ask more of."""
        who = principal(request)
        return {
            "budget": limits_binding(Budget.objects.all(), who),
            "rate_limit": limits_binding(RateLimit.objects.all(), who),
            "application": Application.objects.visible_to(who).select_related("team"),
        }

    def _target(self, request: HttpRequest) -> Target | None:
        """What the URL names. Http404 where it is nothing the person may ask about."""
        for name, rows in self._offers(request).items():
            value = request.GET.get(name) or request.POST.get(name)
            if not value:
                continue
            found: Target | None = rows.filter(pk=int(value)).first() if is_id(value) else None
            if found is None:
                raise Http404("There is no such limit, or it is not one of your teams'.")
            return found
        return None

    def _start(self, request: HttpRequest) -> HttpResponse:
        """Of what more is needed."""
        offers, now = self._offers(request), utc_now()
        budgets: list[Any] = list(offers["budget"].prefetch_related(*with_state(now=now))[:OFFERED])
        user = principal(request)
        rows = [
            {
                "budget": budget,
                "limit": format_usd(budget.limit_nanos),
                "bar": _bar(current_state(budget, now=now)) if may_see_use(user, budget) else None,
            }
            for budget in budgets
        ]
        return self._render(
            request,
            "limit_request_start",
            title="Ask for more",
            budgets=rows,
            rate_limits=list(offers["rate_limit"][:OFFERED]),
            applications=list(offers["application"][:OFFERED]),
            has_more=any(len(offer[: OFFERED + 1]) > OFFERED for offer in offers.values()),
        )

    def _ask(self, request: HttpRequest, target: Target) -> HttpResponse:
        user, now = person(request), utc_now()
        form = AskForm(request.POST if request.method == "POST" else None, target=target, by=user)
        if request.method == "POST" and form.is_valid():
            made = limit_requests.ask(form.request, by=user, now=now)
            messages.success(
                request,
                "Request sent. Those who can approve it have been notified by e-mail; you will be, too, once they decide.",
            )
            return self.to_page(made)
        shows = isinstance(target, Budget) and may_see_use(user, target)
        return self._render(
            request,
            "limit_request_ask",
            title="Ask for more",
            target=target,
            form=form,
            is_model=isinstance(target, Application),
            bar=_bar(budget_state_for(target, "", now=now)) if shows and isinstance(target, Budget) else None,
            deciders="the superusers" if target.team is None else f"the owners and admins of {target.team}",
        )

    def _render(self, request: HttpRequest, page: str, **context: Any) -> HttpResponse:
        return self.render_page(request, f"governance/limits/{page}", **context)

    def _act(self, request: HttpRequest, found: LimitRequest) -> HttpResponse:
        user, now, action = person(request), utc_now(), request.POST.get("action")
        form = DecisionForm(request.POST)
        is_own = found.requested_by_id == user.pk
        may = {
            "withdraw": is_own,
            "approve": limit_requests.may_be_decided_by(found, user),
            "deny": limit_requests.may_be_decided_by(found, user),
            "revoke": found.grant is not None and limit_requests.may_revoke(found.grant, user),
        }
        if not may.get(action or ""):
            raise PermissionDenied
        with told(request):
            if not form.is_valid():
                raise LimitRequestError("; ".join(str(texts[0]) for texts in form.errors.values()))
            note = form.cleaned_data["note"]
            if action == "approve":
                amount, end = form.amount_for(found), form.end_for(found)
                limit_requests.approve(found, by=user, now=now, amount=amount, ends_at=end, note=note)
            elif action == "deny":
                limit_requests.deny(found, by=user, now=now, note=note)
            elif action == "withdraw":
                limit_requests.withdraw_request(found, by=user, now=now)
            elif action == "revoke" and found.grant is not None:
                limit_requests.revoke(found.grant, by=user, now=now, reason=note)
            messages.success(request, DONE[str(action)])
        return self.to_page(found)

    def _page(self, request: HttpRequest, found: LimitRequest) -> HttpResponse:
        user, now = person(request), utc_now()
        grant, state, shows = found.grant, state_now(found), may_see_use(user, found.target)
        is_pending = state is RequestState.PENDING
        is_in_force = grant is not None and grant.revoked_at is None and grant.ends_at > now
        return self._render(
            request,
            "limit_request",
            original=found,
            title="Request",
            found=found,
            state=state.value.capitalize(),
            variant=STATE_LABELS[state],
            meaning=meaning_of(found, now=now, shows_use=shows) if is_pending else "",
            bar=_bar(budget_state_for(found.budget, found.subject, now=now))
            if found.budget and shows
            else None,
            until=until_text(found.ends_at),
            last_day=last_day(found.ends_at),
            amount=plain_usd(found.amount) if found.budget else str(found.amount),
            granted=_granted_text(found),
            granted_until=until_text(grant.ends_at) if grant else "",
            is_in_force=is_in_force,
            deciders=limit_requests.approvers(found) if is_pending else [],
            may_decide=is_pending and limit_requests.may_be_decided_by(found, user),
            may_withdraw=is_pending and found.requested_by_id == user.pk,
            may_revoke=is_in_force and grant is not None and limit_requests.may_revoke(grant, user),
        )


def _bar(state: Any) -> Any:
    return bar_of(spent=state.spent, reserved=state.reserved, limit=state.limit)


def _granted_text(found: LimitRequest) -> str:
    grant = found.grant
    if grant is None:
        return ""
    if found.budget is not None:
        return f"{format_usd(grant.amount)} more"
    return f"{grant.amount:,} more" if found.rate_limit is not None else f"the model {grant.model}"
