"""The rules of a policy, on its page: built-in kinds as a table, rules of one's own below."""

from accounts.access.admin import OwnedInlines
from accounts.admin.base import OwnedInline
from accounts.admin.typed import StackedInline
from governance.privacy.admin.forms import KindFormSet, OwnRuleForm, OwnRuleFormSet, RuleKindForm
from governance.privacy.models import RedactionRule


class KindInline(OwnedInline):
    model = RedactionRule
    form = RuleKindForm
    formset = KindFormSet
    verbose_name = "built-in kind"
    verbose_name_plural = "Built-in kinds"
    tab = True


class OwnRuleInline(OwnedInlines, StackedInline):
    model = RedactionRule
    extra = 0
    form = OwnRuleForm
    formset = OwnRuleFormSet
    verbose_name = "rule of your own"
    verbose_name_plural = "Rules of your own"
    tab = True
    fieldsets = (
        (None, {"fields": ("entity", ("to_model", "to_client", "to_log"), ("patterns", "deny"), ("context", "allow"), ("checksum", "languages", "threshold"))}),
    )  # fmt: skip
