"""Lists of very many rows: a page is found by the last row seen, and nothing is ever counted."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.admin.views.main import SEARCH_VAR
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin.typed import ChangeList

BEFORE, AFTER = "before", "after"


class UncountedPaginator(Paginator):  # type: ignore[type-arg]  # takes no argument where it runs
    """Stands in for Django's, which would count."""

    template_name = "admin/governance/records/keyset_pagination.html"
    count = 0
    num_pages = 1


class KeysetChangeList(ChangeList):
    """Rows in descending order of a UUID key: `?before=ID` is the next page, `?after=ID` the previous one."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.before = uuid_of(request.GET.get(BEFORE))
        self.after = uuid_of(request.GET.get(AFTER))
        super().__init__(request, *args, **kwargs)

    def get_filters_params(self, params: Any = None) -> Any:
        found = super().get_filters_params(params)
        return {name: value for name, value in found.items() if name not in {BEFORE, AFTER}}

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        return ["-pk"]

    def get_results(self, request: HttpRequest) -> None:
        rows, size = self.queryset, self.list_per_page
        if self.after is not None:
            found = list(rows.filter(pk__gt=self.after).order_by("pk")[: size + 1])
            has_newer, has_older = len(found) > size, True
            found = found[:size][::-1]
        else:
            if self.before is not None:
                rows = rows.filter(pk__lt=self.before)
            found = list(rows[: size + 1])
            has_newer, has_older = self.before is not None, len(found) > size
            found = found[:size]
        self.result_list = found
        self.result_count = len(found)
        self.full_result_count = self.result_count
        self.show_full_result_count = self.show_admin_actions = self.can_show_all = False
        self.multi_page = True
        self.paginator = UncountedPaginator([], size)
        self.newer_url = self._url(AFTER, found[0].pk) if found and has_newer else ""
        self.older_url = self._url(BEFORE, found[-1].pk) if found and has_older else ""
        self.newest_url = self._url() if self.before or self.after else ""

    def _url(self, name: str = "", pk: Any = None) -> str:
        pairs = [(key, value) for key, values in self.request_query for value in values]
        return "?" + urlencode([*pairs, (name, str(pk))] if name else pairs)

    @property
    def request_query(self) -> list[tuple[str, list[str]]]:
        """The query of this page but for its place."""
        kept: list[tuple[str, list[str]]] = []
        for name, value in self.filter_params.items():
            if name in {BEFORE, AFTER, SEARCH_VAR}:
                continue
            kept.append((name, value if isinstance(value, list) else [value]))
        if self.query:
            kept.append((SEARCH_VAR, [self.query]))
        return kept


def uuid_of(text: str | None) -> UUID | None:
    """A UUID from a URL; None where it is none."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
