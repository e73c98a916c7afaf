from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse

from accounts.admin.api_key_form import ApiKeyForm, RotateForm
from accounts.admin.base import OwnedAdmin, person, told, without_store
from accounts.admin.filters import ApplicationFilter, TeamOfApplicationFilter
from accounts.admin.set_up import first_call_answer, set_up_context
from accounts.admin.typed import action, display
from accounts.models import ApiKey
from accounts.services.api_keys import NewKey, create_key, revoke_key, rotate_key
from kernel.clock import utc_now

ACTIVE, ENDING, EXPIRED, REVOKED = "Active", "Ending", "Expired", "Revoked"
SOON = timedelta(days=7)
_MAX_KEYS = 50


def status_of(api_key: ApiKey, *, now: datetime) -> str:
    """Whether a key works, in a word."""
    if api_key.revoked_at is not None:
        return REVOKED
    if api_key.expires_at is None:
        return ACTIVE
    if api_key.expires_at <= now:
        return EXPIRED
    return ENDING if api_key.expires_at - now < SOON else ACTIVE


@admin.register(ApiKey)
class ApiKeyAdmin(OwnedAdmin):
    """API keys. The text of a key is on one page, once: never in a message, a URL or a log."""

    form = ApiKeyForm
    empty_hint = "A key lets an application call models. It belongs to an application, so create that first."
    fixed_fields = ("application",)
    list_display = (
        "prefix",
        "name",
        "application",
        "team",
        "status",
        "created_by",
        "expires_at",
        "last_used_at",
    )
    list_filter = (TeamOfApplicationFilter, ApplicationFilter)
    list_filter_submit = True
    list_select_related = ("application__team", "created_by")
    search_fields = ("key_id", "name", "application__name")
    search_help_text = "The beginning of a key, its name or its application."
    readonly_fields = ("prefix", "status", "created_by", "created_at", "last_used_at", "rotated_from")
    actions_detail = ("set_up", "rotate", "revoke")
    actions = ("revoke_selected",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Gatehouse's own keys are nobody's to see."""
        found: QuerySet[Any] = super().get_queryset(request).filter(application__is_internal=False)
        return found

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "application" and field is not None and field.queryset is not None:
            field.queryset = field.queryset.filter(is_internal=False)
        return field

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        limits = ("Limits", {"fields": ("allowed_models", "allowed_networks", "expires_at")})
        if obj is None:
            return ((None, {"fields": ("application", "name")}), limits)
        facts = ("prefix", "status", "created_by", "created_at", "last_used_at", "rotated_from")
        return ((None, {"fields": ("application", "name")}), limits, ("Facts", {"fields": facts}))

    @display(description="Key", ordering="key_id")
    def prefix(self, api_key: ApiKey) -> str:
        return f"{api_key.prefix}…"

    @display(description="Team", ordering="application__team__name")
    def team(self, api_key: ApiKey) -> str:
        return api_key.application.team.name

    @display(description="Status", label={ACTIVE: "success", ENDING: "warning", REVOKED: "danger"})
    def status(self, api_key: ApiKey) -> str:
        return status_of(api_key, now=utc_now())

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A revoked key is history."""
        return super().has_change_permission(request, obj) and (obj is None or obj.revoked_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_manage_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Asked by the actions, with the id from the URL."""
        if object_id is None:
            return self.may_change(request, None)
        api_key = self.get_object(request, str(object_id))
        return api_key is not None and self.has_change_permission(request, api_key)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            obj.save(update_fields=form.changed_data)
            return
        new = create_key(
            application=obj.application,
            name=obj.name,
            created_by=person(request),
            expires_at=obj.expires_at,
            allowed_models=obj.allowed_models,
            allowed_networks=obj.allowed_networks,
        )
        obj.__dict__.update(new.api_key.__dict__)
        request.__dict__["_gatehouse_new_key"] = new

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Shows the key in the answer to the form itself, so that its text is kept nowhere."""
        return self._show(request, request.__dict__.pop("_gatehouse_new_key"))

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context.update(show_save_and_add_another=False, show_save_and_continue=bool(kwargs.get("obj")))
        return super().render_change_form(request, context, *args, **kwargs)

    @action(description="Rotate", icon="autorenew", permissions=["manage"])
    def rotate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Makes a successor; the old key works on for a while."""
        api_key = self._manageable(request, object_id)
        form = RotateForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            hours = timedelta(hours=form.cleaned_data["overlap_hours"])
            with told(request):
                new = rotate_key(api_key=api_key, now=utc_now(), overlap=hours, created_by=person(request))
                self.log_change(request, api_key, f"Rotated: {new.api_key.prefix}… takes over.")
                self.log_addition(request, new.api_key, f"Made by rotating {api_key.prefix}….")
                api_key.refresh_from_db()
                return self._show(request, new, old=api_key)
            return self.to_page(api_key)
        return self._render(request, "rotate", api_key, title=f"Rotate {api_key.prefix}…", form=form)

    @action(description="Revoke", icon="block", permissions=["manage"])
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ends a key at once."""
        api_key = self._manageable(request, object_id)
        if request.method != "POST":
            return self._render(request, "revoke", api_key, title=f"Revoke {api_key.prefix}…", keys=[api_key])
        self._revoke(request, api_key)
        self.message_user(
            request, f"{api_key.prefix}… is revoked. Calls with it are refused from now on.", messages.SUCCESS
        )
        return self.to_page(api_key)

    @admin.action(description="Revoke selected keys", permissions=["manage"])
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> HttpResponse | None:
        keys = [each for each in queryset if self.has_change_permission(request, each)]
        if not keys:
            self.message_user(request, "None of these keys can be revoked by you.", messages.WARNING)
            return None
        if request.POST.get("confirmed") != "yes":
            return self._render(request, "revoke", None, title=f"Revoke {len(keys)} keys", keys=keys)
        for each in keys:
            self._revoke(request, each)
        self.message_user(request, f"{len(keys)} keys are revoked.", messages.SUCCESS)
        return None

    def _revoke(self, request: HttpRequest, api_key: ApiKey) -> None:
        if revoke_key(api_key=api_key, now=utc_now()):
            self.log_change(request, api_key, "Revoked.")

    def _manageable(self, request: HttpRequest, object_id: str) -> ApiKey:
        api_key: ApiKey | None = self.get_object(request, object_id)
        if api_key is None or not self.has_change_permission(request, api_key):
            raise PermissionDenied
        return api_key

    @action(description="Set up a client", icon="terminal", url_path="set-up")
    def set_up(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The lines of each client for this key, whose text is not among them any more."""
        api_key = self._seen(request, object_id)
        context = set_up_context(request, api_key)
        return self._render(
            request, "set_up", api_key, title=f"Set up a client for {api_key.prefix}…", **context
        )

    def set_up_any(self, request: HttpRequest) -> HttpResponse:
        """The same without a key: which of one's keys, or how to get one."""
        keys = self.get_queryset(request).filter(revoked_at=None).select_related("application__team")
        working = [key for key in keys[:_MAX_KEYS] if status_of(key, now=utc_now()) != EXPIRED]
        return self._render(
            request, "set_up", None, title="Set up a client", keys=working,
            may_add=self.has_add_permission(request), **set_up_context(request, None),
        )  # fmt: skip

    def first_call(self, request: HttpRequest, key: int) -> HttpResponse:
        """Asked again and again while a set-up page waits."""
        return first_call_answer(request, self._seen(request, str(key)))

    def get_urls(self) -> list[URLPattern]:
        """With pages besides the form of a key."""
        anyone = path(
            "set-up/", self.admin_site.admin_view(self.set_up_any), name="accounts_apikey_set_up_any"
        )
        return [anyone, *self.pages_of_one("key", first_call=self.first_call), *super().get_urls()]

    def _seen(self, request: HttpRequest, object_id: str) -> ApiKey:
        api_key: ApiKey | None = self.get_object(request, object_id)
        if api_key is None:
            raise Http404
        return api_key

    def _show(self, request: HttpRequest, new: NewKey, *, old: ApiKey | None = None) -> HttpResponse:
        return without_store(
            self._render(
                request,
                "created",
                new.api_key,
                title="Your new API key",
                key_text=new.text,
                old_key=old,
                change_url=reverse("admin:accounts_apikey_change", args=[new.api_key.pk]),
                **set_up_context(request, new.api_key, key_text=new.text),
            )
        )

    def _render(
        self, request: HttpRequest, page: str, api_key: ApiKey | None, **context: Any
    ) -> HttpResponse:
        return self.render_page(
            request, f"accounts/apikey/{page}", original=api_key, api_key=api_key, **context
        )
