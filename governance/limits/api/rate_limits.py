from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view

from accounts.access.api import OwnedModelViewSet
from accounts.api.filters import filters_by
from governance.limits.api.scoped import SCOPE_FIELDS, ScopedSerializer
from governance.limits.models import RateLimit


class RateLimitSerializer(ScopedSerializer):
    fixed_fields = (*ScopedSerializer.fixed_fields, "metric", "period", "every")

    class Meta:
        model = RateLimit
        fields = ("id", "metric", "limit", "period", "every", *SCOPE_FIELDS, "created_at")


_EXAMPLE = OpenApiExample(
    "Each end user of a team",
    value={"metric": "requests", "limit": 20, "period": "minute", "team": 1, "per": "end_user"},
    request_only=True,
)


@extend_schema_view(create=extend_schema(examples=[_EXAMPLE]))
class RateLimitViewSet(OwnedModelViewSet):
    """Rate limits: how many calls or tokens pass in any minute, hour or day, or so many of them (`every`), or how many calls at once."""

    queryset = RateLimit.objects.select_related("team", "application__team", "api_key")
    serializer_class = RateLimitSerializer

    filters = filters_by(RateLimit, "team", "metric")
