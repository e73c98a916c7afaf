from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.access.principals import may_manage_shared, sees_everything
from accounts.admin.base import BaseAdmin, SeenOnly, person, principal
from accounts.admin.typed import (
    AdminPasswordChangeForm,
    TabularInline,
    UserAdmin,
    UserChangeForm,
    UserCreationForm,
)
from accounts.models import Membership, User

admin.site.unregister(Group)


class PersonCreationForm(UserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name")

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).lower()
        if User.objects.filter(email__iexact=email).exists():
            raise ValidationError("Somebody with this address is here already.")
        return email


class PersonChangeForm(UserChangeForm):
    """Nobody locks themselves out."""

    editor: ClassVar[User | None] = None

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).lower()
        if User.objects.filter(email__iexact=email).exclude(pk=self.instance.pk).exists():
            raise ValidationError("Somebody else has this address.")
        return email

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.editor is not None and self.editor.pk == self.instance.pk:
            for field in ("is_active", "is_superuser"):
                if field in cleaned and not cleaned[field]:
                    self.add_error(field, "You cannot take this from yourself: ask another administrator.")
        return cleaned


class MembershipOfPerson(SeenOnly, TabularInline):
    """A person's teams, to look at: they are changed on the team's page."""

    model = Membership
    fields = ("team", "role", "created_at")
    readonly_fields = fields
    extra = 0
    hide_title = True
    verbose_name_plural = "teams"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_active

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return Membership.objects.visible_to(principal(request))


@admin.register(User)
class PersonAdmin(UserAdmin, BaseAdmin):
    """People: added and changed by superusers; everybody sees themselves and the members of their teams."""

    form = PersonChangeForm
    add_form = PersonCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("email", "name", "is_active", "is_administrator", "last_login")
    list_filter = ("is_active", "is_superuser")
    search_fields = ("email", "name")
    ordering = ("email",)
    filter_horizontal = ()
    readonly_fields = ("last_login", "created_at")
    inlines = (MembershipOfPerson,)
    add_fieldsets = ((None, {"fields": ("email", "name", "password1", "password2")}),)

    @admin.display(description="Administrator", boolean=True, ordering="is_superuser")
    def is_administrator(self, user: User) -> bool:
        return user.is_superuser

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return self.add_fieldsets
        if not may_manage_shared(principal(request)):
            return ((None, {"fields": ("email", "name", "is_active")}),)
        return (
            (None, {"fields": ("email", "name", "password")}),
            ("Access", {"fields": ("is_active", "is_superuser")}),
            ("Facts", {"fields": ("last_login", "created_at")}),
        )

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        if obj is not None:
            form.editor = person(request)  # a class made for this request
            if "is_superuser" in form.base_fields:
                form.base_fields["is_superuser"].label = "Administrator"
                form.base_fields["is_superuser"].help_text = "Sees and changes everything, in every team."
        return form

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found = super().get_queryset(request)
        who = principal(request)
        if sees_everything(who):
            return found
        colleagues = Membership.objects.visible_to(who).exclude(user=None).values_list("user_id", flat=True)
        return found.filter(pk__in=[*colleagues, who.id])

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj is not None else ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_manage_shared(principal(request))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_manage_shared(principal(request))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
