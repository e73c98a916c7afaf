from typing import Any

from django.http import HttpRequest

from accounts.admin.base import ActiveOnly, person
from accounts.admin.typed import TabularInline


class CatalogAdmin(ActiveOnly):
    """The catalogue: everybody looks at it, superusers change it."""

    empty_hint = "“manage.py load_catalog” fills the catalogue with Bedrock's models, prices and routes."

    def has_add_permission(self, request: HttpRequest) -> bool:
        return person(request).is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return person(request).is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return person(request).is_superuser


class CatalogInline(TabularInline):
    """Rows of the catalogue on their parent's page."""

    extra = 0
    hide_title = True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_active

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return person(request).is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return person(request).is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return person(request).is_superuser
