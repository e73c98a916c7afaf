"""Names lead to one route only, whichever way a route is made."""

from collections.abc import Collection

from django.db.models import Q

from gateway.catalogue.models import Route


def name_taken(names: Collection[str], *, by_other_than: int | None) -> tuple[str, Route] | None:
    """The first of the names and aliases that already leads to another route, and that route."""
    others = Route.objects.all() if by_other_than is None else Route.objects.exclude(pk=by_other_than)
    taken = others.filter(Q(name__in=names) | Q(aliases__overlap=list(names))).first()
    if taken is None:
        return None
    return next(name for name in names if name in {taken.name, *taken.aliases}), taken
