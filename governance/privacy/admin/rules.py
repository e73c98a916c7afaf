"""The rules of a policy, on its page: built-in kinds as a table, rules of one's own below."""

from typing import Any

from django.http import HttpRequest

from accounts.admin.base import person, team_ids
from accounts.admin.typed import StackedInline, TabularInline
from accounts.policy.roles import Capability
from governance.privacy.admin.forms import KindForm, KindFormSet, OwnRuleForm, OwnRuleFormSet
from governance.privacy.models import PrivacyPolicy, RedactionRule


def may_change(request: HttpRequest, policy: PrivacyPolicy) -> bool:
    """Whether the person may change and publish this policy."""
    user = person(request)
    if user.is_active and user.is_superuser:
        return True
    return policy.team_id in team_ids(request, Capability.MANAGE_TEAM)


class _Inline:
    model = RedactionRule
    extra = 0

    def _may_change(self, request: HttpRequest, obj: Any) -> bool:
        return obj is not None and may_change(request, obj)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_active

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_change(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_change(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_change(request, obj)


class KindInline(_Inline, TabularInline):
    form = KindForm
    formset = KindFormSet
    verbose_name = "built-in kind"
    verbose_name_plural = "Built-in kinds"
    hide_title = True
    tab = True


class OwnRuleInline(_Inline, StackedInline):
    form = OwnRuleForm
    formset = OwnRuleFormSet
    verbose_name = "rule of your own"
    verbose_name_plural = "Rules of your own"
    tab = True
    fieldsets = (
        (None, {"fields": ("entity", ("to_model", "to_client", "to_log"), ("patterns", "deny"), ("context", "allow"), ("checksum", "languages", "threshold"))}),
    )  # fmt: skip
