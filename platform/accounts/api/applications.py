from rest_framework import mixins

from accounts.access.api import OwnedSerializer, OwnedViewSet
from accounts.models import Application


class ApplicationSerializer(OwnedSerializer):
    class Meta:
        model = Application
        fields = ("id", "team", "name", "description", "is_active", "created_at")


class ApplicationViewSet(
    OwnedViewSet,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
):
    """Applications: what calls. An inactive application's keys are refused."""

    queryset = Application.objects.select_related("team")
    serializer_class = ApplicationSerializer
