"""What all admin pages are built from: unfold's classes, typed, and the rule of who sees and changes what."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import NestedObjects
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, IntegrityError, transaction
from django.db.models import Model, TextField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from accounts.access.admin import OfferedLookups, OwnedForm, OwnedInlines, OwnedPages, SeenOnly, person
from accounts.access.principals import principal
from accounts.admin.typed import ModelAdmin, TabularInline
from kernel.errors import DomainError

__all__ = [
    "BaseAdmin",
    "OwnedAdmin",
    "OwnedForm",
    "OwnedInline",
    "SeenOnly",
    "person",
    "principal",
    "told",
    "without_store",
]


def _several_of(db_field: "ArrayField[Any, Any]") -> forms.Field:
    """Boxes to tick, for several of a few words."""
    return forms.TypedMultipleChoiceField(
        choices=db_field.base_field.choices or (),
        required=False,
        label=capfirst(db_field.verbose_name),
        help_text=db_field.help_text,
        initial=db_field.get_default(),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )


def _fall_back(field: forms.Field, default: Callable[[], Any]) -> None:
    """Lets a field be left empty, which means its default."""
    clean = field.clean

    def cleaned(value: Any, *others: Any) -> Any:
        found = clean(value, *others)
        return default() if found in (None, "") else found

    field.required = False
    setattr(field, "clean", cleaned)  # noqa: B010 - a method of this field alone


class BaseAdmin(OfferedLookups, ModelAdmin):
    """Any active person may come in; what they see and do there follows from the methods below."""

    list_per_page = 50
    empty_hint: ClassVar[str] = ""
    """What to do where there is nothing yet."""
    empty_template: ClassVar[str] = ""
    """A template with more of that, such as a line to copy."""
    labels: ClassVar[dict[str, str]] = {}
    """Names of fields in forms, where the model's own are not plain enough."""
    usual_fields: ClassVar[tuple[str, ...]] = ()
    """Fields that may be left empty: then they have what is usual, which is the model's default."""
    goes_along: ClassVar[bool] = False
    """Whether rows are deleted with what they are about, by whoever may delete that, and never by themselves."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, ArrayField) and db_field.base_field.choices:
            return _several_of(db_field)
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(db_field, TextField | ArrayField):
            field.widget.attrs["rows"] = 2
        if field is not None and db_field.name in self.labels:
            field.label = self.labels[db_field.name]
        if field is not None and db_field.name in self.usual_fields:
            _fall_back(field, db_field.get_default)
        return field

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_active

    def beside(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """What the templates around the form of a row show."""
        return {}

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if (obj := kwargs.get("obj")) is not None:  # as it is kept, not as it was typed
            kept = obj if request.method == "GET" else self.get_object(request, str(obj.pk))
            context.update(self.beside(request, kept))
        return super().render_change_form(request, context, *args, **kwargs)

    def render_page(self, request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
        """A page of its own; `template` is named as below `templates/admin`."""
        context = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        return TemplateResponse(request, f"admin/{template}.html", context)

    def to_page(self, obj: Model, name: str = "change") -> HttpResponseRedirect:
        """Leads to a page of a row."""
        opts = obj._meta
        return HttpResponseRedirect(
            reverse(f"admin:{opts.app_label}_{opts.model_name}_{name}", args=[obj.pk])
        )

    def pages_of_one(self, argument: str, **views: Callable[..., HttpResponse]) -> list[URLPattern]:
        """Pages besides the form of one object, each under its name at `<id>/<name>/`; `argument` takes the id."""
        of = f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path(f"<int:{argument}>/{name}/", self.admin_site.admin_view(view), name=f"{of}_{name}")
            for name, view in ((name.replace("_", "-"), view) for name, view in views.items())
        ]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """No deleting by the dozen: each page says what deleting would do."""
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def get_deleted_objects(
        self, objs: Iterable[Any], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """What goes with it: what has a page of its own by name, the rest (a budget has thousands of counters) by number."""
        collector = NestedObjects(using=DEFAULT_DB_ALIAS)
        collector.collect(list(objs))
        named: list[str] = []
        numbers: Counter[str] = Counter()
        forbidden: set[str] = set()
        found: dict[type[Model], set[Any]] = cast(Any, collector).model_objs
        for model, rows in found.items():
            numbers[str(model._meta.verbose_name_plural)] += len(rows)
            page: Any = self.admin_site._registry.get(model)
            if page is None or getattr(page, "goes_along", False):
                continue
            name = str(model._meta.verbose_name)
            named += [f"{name[:1].upper()}{name[1:]}: {row}" for row in sorted(rows, key=lambda row: row.pk)]
            if not all(page.has_delete_permission(request, row) for row in rows):
                forbidden.add(name)
        return named, dict(numbers), forbidden, [str(row) for row in collector.protected]


class OwnedAdmin(OwnedPages, BaseAdmin):
    """Rows that belong to somebody, as their model declares in `owned_by`."""

    form = OwnedForm


class OwnedInline(OwnedInlines, TabularInline):
    """Such rows on the page of what they belong to."""

    extra = 0
    hide_title = True


@contextmanager
def told(request: HttpRequest) -> Iterator[None]:
    """What can't be done within is said on the page that comes next, and nothing of it is done."""
    try:
        with transaction.atomic():
            yield
    except (DomainError, ValidationError) as error:
        for text in error.messages:
            messages.error(request, text)
    except IntegrityError:
        messages.error(request, "Somebody else was first. Look at it again.")


def without_store(response: HttpResponse) -> HttpResponse:
    """A response that no cache keeps."""
    response["Cache-Control"] = "no-store"
    return response
