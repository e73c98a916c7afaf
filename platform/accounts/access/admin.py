"""The rule in the admin: what all pages of rows that belong to somebody are built from, and their forms and inlines."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import get_fields_from_path
from django.db.models import ForeignKey, Model, QuerySet
from django.http import HttpRequest

from accounts.access.models import OwnedBy, OwnedQuerySet, foreign_references, is_owned, owned_by
from accounts.access.policy import Principal
from accounts.access.principals import has_capability, principal
from accounts.models import User
from accounts.policy.roles import Capability
from kernel.errors import DomainError

if TYPE_CHECKING:
    from django.contrib.admin.views.main import ChangeList
    from django.forms import ModelForm

    _Page = admin.ModelAdmin[Any]
    _Form = ModelForm[Any]
else:
    from django.forms import ModelForm

    _Page = object
    _Form = ModelForm


_LOOKUPS = "_gatehouse_lookups"


def person(request: HttpRequest) -> User:
    """Who is signed in."""
    return cast(User, request.user)


class OfferedLookups(_Page):
    """A list is filtered by what it offers, and by nothing else: who sees no column can't ask for what is in it."""

    lookups: ClassVar[tuple[str, ...]] = ()
    """Lookups besides the filters', for links from other pages."""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        kept: dict[str, frozenset[str]] = request.__dict__.setdefault(_LOOKUPS, {})
        if self.opts.label not in kept:
            kept[self.opts.label] = frozenset((*self.lookups, *self._offered(request)))
        return lookup in kept[self.opts.label]

    def get_changelist_instance(self, request: HttpRequest) -> "ChangeList":
        """Django's, which shows its list unfiltered where a parameter is none that any column takes."""
        if any("\0" in value for values in request.GET.lists() for value in values[1]):
            raise IncorrectLookupParameters
        return super().get_changelist_instance(request)

    def _offered(self, request: HttpRequest) -> Iterator[str]:
        """The parameters that the filters of the list expect, and its dates."""
        for each in self.get_list_filter(request):
            if isinstance(each, type) and issubclass(each, admin.SimpleListFilter):
                yield str(each.parameter_name)
            else:
                yield from self._expected(request, each)
        if self.date_hierarchy:
            yield from (f"{self.date_hierarchy}__{part}" for part in ("year", "month", "day"))

    def _expected(self, request: HttpRequest, each: Any) -> list[str]:
        name, kind = each if isinstance(each, tuple | list) else (each, None)
        field = get_fields_from_path(self.model, name)[-1]
        make: Any = kind or admin.FieldListFilter.create
        found: list[str] = make(field, request, {}, self.model, self, field_path=name).expected_parameters()
        return found


class CheckedForm(forms.BaseForm):
    """A form whose fields, taken together, are checked by the rules they are for: what these say is said at the field."""

    def _clean_form(self) -> None:
        try:
            super()._clean_form()  # type: ignore[misc]
        except DomainError as error:
            put_errors(self, error)


def put_errors(form: forms.BaseForm, error: DomainError) -> None:
    """Says in a form what can't be: at the fields it lies with, where the form has them."""
    for name, texts in (error.fields or {"": error.messages}).items():
        for text in texts:
            form.add_error(name if name in form.fields else None, text)


@contextmanager
def as_typed() -> Iterator[None]:
    """What can't be within is said at the field that is being cleaned."""
    try:
        yield
    except DomainError as error:
        raise forms.ValidationError(error.messages) from error


class OwnedForm(CheckedForm, _Form):
    """A row that belongs to somebody. The page sets `who`, and who may come to own the row is looked at here."""

    who: ClassVar[Principal]

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # which makes of the fields what the row would be
        if self.errors:
            return
        owned = owned_by(type(self.instance))
        team = owned.team_of(self.instance)
        if not owned.reach_to_change(self.who).covers(team):
            head = next(iter(owned.heads & self.fields.keys()), None)
            self.add_error(head, owned.refusal if team is None else "This is another team's.")
        for name, text in foreign_references(self.instance).items():
            self.add_error(name if name in self.fields else None, text)


class OwnedChoices(_Page):
    """What a form offers and accepts in its foreign keys."""

    def formfield_for_foreignkey(
        self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        """What may be referred to: what says whose the row is, among what one may change; else what is one's own team's."""
        target, owned = db_field.remote_field.model, owned_by(self.model)
        if is_owned(target):
            rows = kwargs.get("queryset", target._default_manager.all())
            is_owner = db_field.name in owned.heads
            within = rows.changeable_by if is_owner else rows.visible_to
            kwargs["queryset"] = within(principal(request), owned.change)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class OwnedPages(OwnedChoices):
    """Rows that belong to somebody, as their model declares: what a page lists, what its URLs open, what its forms offer
    and accept, and what autocompletion finds are all cut down the same way.
    """

    fixed_fields: ClassVar[tuple[str, ...]] = ()
    """Fields that can be set when an object is made and never again."""

    @property
    def owned_by(self) -> OwnedBy:
        return owned_by(self.model)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = cast(OwnedQuerySet[Any], super().get_queryset(request)).visible_to(principal(request))
        related = self.list_select_related
        return rows.select_related(*related) if isinstance(related, tuple | list) else rows

    def get_ordering(self, request: HttpRequest) -> Any:
        """The model's own, said aloud: columns that are counted would lose it."""
        return super().get_ordering(request) or self.opts.ordering

    def allows(self, request: HttpRequest, capability: Capability, obj: Any) -> bool:
        """Whether the person has a capability for an object; in any team, when there is no object."""
        who = principal(request)
        if obj is None:
            return not self.owned_by.reach_to_change(who, capability).is_empty
        return has_capability(who, capability, self.owned_by.team_of(obj))

    def may_change(self, request: HttpRequest, obj: Any) -> bool:
        """Whether the person may change this object, or, without one, any."""
        return self.allows(request, self.owned_by.change, obj)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        who, owned = principal(request), self.owned_by
        if obj is None:  # a list may be empty; one that nobody else can see is closed
            return request.user.is_active and bool(owned.paths or owned.reach_to_see(who).covers(None))
        return owned.reach_to_see(who).covers(owned.team_of(obj))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.owned_by.may_create(principal(request))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_change(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_change(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        fields = tuple(super().get_readonly_fields(request, obj))
        return fields if obj is None else (*fields, *self.fixed_fields)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        if not issubclass(form, OwnedForm):
            raise TypeError(f"{form.__name__} of {type(self).__name__} is no {OwnedForm.__name__}.")
        form.who = principal(request)  # a class made for this request
        return form


class SeenOnly:
    """Before the other class of a page: nobody adds, changes or deletes anything on it."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class OwnedInlines(OwnedChoices):
    """Rows on the page of what they belong to. The parent's page has checked that the parent may be seen."""

    def _may_change(self, request: HttpRequest, parent: Model | None) -> bool:
        owned = owned_by(self.model)
        reach = owned.reach_to_change(principal(request))
        if parent is None or parent.pk is None:  # what belongs to no team is made in one go with its parent
            return not owned.paths and reach.covers(None)
        return reach.covers(owned_by(type(parent)).team_of(parent))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_active

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_change(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_change(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_change(request, obj)
