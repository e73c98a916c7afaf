"""Sign-ins: one's own, to be ended; for superusers those of all, what was tried, and what is locked."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.html import format_html

from accounts.access.principals import sees_everything
from accounts.admin.base import BaseAdmin, OwnedAdmin, SeenOnly, person, principal
from accounts.admin.typed import ChangeList, display
from accounts.models import SignIn, SignInAttempt, SignInCount
from accounts.policy.browsers import browser_name
from accounts.services.sign_in_tries import locked
from accounts.services.sign_ins import SESSION_KEY, end_sign_ins, live_sign_ins


def _button(text: str, url: str) -> str:
    """A button of a row, which sends the form that the list is in."""
    return format_html(
        '<button class="gh-button gh-small" type="submit" formaction="{}">{}</button>', url, text
    )


class SignInList(ChangeList):
    """The rows of a page, of which one is the sign-in that asks."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Any] = list(self.result_list)
        for row in rows:
            row.is_this_one = row.pk == request.session.get(SESSION_KEY)
        self.result_list = rows


@admin.register(SignIn)
class SignInAdmin(SeenOnly, BaseAdmin):
    """Where somebody is signed in."""

    list_display = ("whose", "where", "address", "began_at", "seen_at", "end")
    list_display_links = None
    list_select_related = ("user",)
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found = live_sign_ins()
        if not sees_everything(principal(request)):
            found = found.filter(user=person(request))
        return found.order_by("-began_at", "-pk")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_active and obj is None

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return SignInList

    def get_urls(self) -> list[URLPattern]:
        return [*self.pages_of_one("sign_in_id", end=self.end_view), *super().get_urls()]

    @display(description="Person")
    def whose(self, sign_in: SignIn) -> str:
        return sign_in.user.email

    @display(description="Browser")
    def where(self, sign_in: Any) -> str:
        name = browser_name(sign_in.client)
        return f"{name} (this one)" if sign_in.is_this_one else name

    @display(description="")
    def end(self, sign_in: SignIn) -> str:
        return _button("End", reverse("admin:accounts_signin_end", args=[sign_in.pk]))

    def end_view(self, request: HttpRequest, sign_in_id: int) -> HttpResponse:
        """Ends one."""
        if request.method != "POST":
            raise Http404
        chosen = self.get_queryset(request).filter(pk=sign_in_id)
        if not end_sign_ins(chosen):
            messages.info(request, "This sign-in has ended already.")
        else:
            messages.success(request, "The sign-in is ended.")
        return HttpResponseRedirect(reverse("admin:accounts_signin_changelist"))


@admin.register(SignInAttempt)
class SignInAttemptAdmin(SeenOnly, OwnedAdmin):
    """Who signed in, and who tried."""

    list_display = ("at", "account_label", "address", "outcome_label")
    list_display_links = None
    list_filter = ("outcome", "address")
    search_fields = ("account", "address")
    sortable_by = ()
    empty_hint: ClassVar[str] = "Nobody has tried to sign in."

    @display(description="Account, as typed")
    def account_label(self, attempt: SignInAttempt) -> str:
        return attempt.account or "(no e-mail address)"

    @display(description="Outcome", label={"succeeded": "success", "failed": "warning", "refused": "danger"})
    def outcome_label(self, attempt: SignInAttempt) -> tuple[str, str]:
        return attempt.outcome, attempt.get_outcome_display()


@admin.register(SignInCount)
class SignInCountAdmin(SeenOnly, OwnedAdmin):
    """Accounts and addresses that can't sign in for now, to be unlocked."""

    list_display = ("kind", "subject", "tries", "began_at", "unlock")
    list_display_links = None
    sortable_by = ()
    empty_hint: ClassVar[str] = "No account and no address is locked."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return locked() if sees_everything(principal(request)) else SignInCount.objects.none()

    def get_urls(self) -> list[URLPattern]:
        return [*self.pages_of_one("count_id", unlock=self.unlock_view), *super().get_urls()]

    @display(description="")
    def unlock(self, count: SignInCount) -> str:
        return _button("Unlock", reverse("admin:accounts_signincount_unlock", args=[count.pk]))

    def unlock_view(self, request: HttpRequest, count_id: int) -> HttpResponse:
        """Forgets the tries."""
        if not sees_everything(principal(request)):
            raise PermissionDenied
        if request.method != "POST":
            raise Http404
        SignInCount.objects.filter(pk=count_id).delete()
        messages.success(request, "Unlocked.")
        return HttpResponseRedirect(reverse("admin:accounts_signincount_changelist"))
