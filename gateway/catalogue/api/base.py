from rest_framework import mixins

from accounts.access.api import OwnedViewSet


class CatalogViewSet(
    OwnedViewSet,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
):
    """A resource of the catalogue, which belongs to no team: everybody signed in looks at it, superusers change it."""
