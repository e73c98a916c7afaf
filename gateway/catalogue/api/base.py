from rest_framework import mixins
from rest_framework.permissions import SAFE_METHODS, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.base import ManagedViewSet


class SuperuserWrites(BasePermission):
    """Everybody signed in looks at the catalogue, superusers change it."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method in SAFE_METHODS or bool(request.user.is_superuser)


class CatalogViewSet(
    ManagedViewSet,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
):
    """A resource of the catalogue."""

    permission_classes = [IsAuthenticated, SuperuserWrites]
