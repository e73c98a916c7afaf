"""Django's and unfold's building blocks of admin pages, with the types that unfold lacks.

Django's generic classes take no type argument where they run, and unfold has no types at all: checkers see the
classes below, the interpreter the real ones.
"""

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from django.contrib import admin
    from django.contrib.admin.views.main import ChangeList
    from django.contrib.auth import admin as auth_admin
    from django.contrib.auth import forms as auth_forms
    from django.contrib.auth.forms import AdminPasswordChangeForm
    from django.forms import BaseInlineFormSet, TextInput
    from django.forms import ModelForm as DjangoModelForm

    Function = TypeVar("Function")

    class _Decorator(Protocol):
        def __call__(self, **options: Any) -> "_Wrapper": ...

    class _Wrapper(Protocol):
        def __call__(self, function: Function, /) -> Function: ...

    action: _Decorator
    display: _Decorator

    class ModelAdmin(admin.ModelAdmin[Any]): ...

    class TabularInline(admin.TabularInline[Any, Any]): ...

    class StackedInline(admin.StackedInline[Any, Any]): ...

    class UserAdmin(auth_admin.UserAdmin[Any]): ...

    class ModelForm(DjangoModelForm[Any]): ...

    class InlineFormSet(BaseInlineFormSet[Any, Any, Any]): ...

    class UserChangeForm(auth_forms.UserChangeForm[Any]): ...

    class UserCreationForm(auth_forms.AdminUserCreationForm[Any]): ...

    class DropdownFilter(admin.SimpleListFilter): ...

    class RangeDateFilter(admin.FieldListFilter):
        parameter_name: str

else:
    from django.contrib.auth.admin import UserAdmin
    from django.forms import BaseInlineFormSet as InlineFormSet
    from django.forms import ModelForm
    from unfold.admin import ModelAdmin, StackedInline, TabularInline
    from unfold.contrib.filters.admin import DropdownFilter, RangeDateFilter
    from unfold.decorators import action, display
    from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
    from unfold.views import ChangeList
    from unfold.widgets import UnfoldAdminTextInputWidget as TextInput

__all__ = [
    "AdminPasswordChangeForm",
    "ChangeList",
    "DropdownFilter",
    "InlineFormSet",
    "ModelAdmin",
    "ModelForm",
    "RangeDateFilter",
    "StackedInline",
    "TabularInline",
    "TextInput",
    "UserAdmin",
    "UserChangeForm",
    "UserCreationForm",
    "action",
    "display",
]
