from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import mixins, serializers
from rest_framework.response import Response

from accounts.access.api import OwnedViewSet
from accounts.api.base import without_store
from accounts.api.fields import UsdField
from accounts.api.filters import filters_by
from accounts.api.pagination import LatestPages
from gateway.cache.models import CacheEntry
from gateway.cache.selectors.answers import answer_text
from gateway.cache.services.purging import end_entry

_FIELDS = (
    "id", "team", "kind", "rule", "route", "prompt", "prompt_version", "end_user", "has_values", "uses", "model", "question",
    "call_id", "cost_usd", "created_at", "expires_at", "ends_at", "is_barred", "hits", "last_hit_at",
)  # fmt: skip


class CacheEntrySerializer(serializers.ModelSerializer[CacheEntry]):
    """An answer that may be given again."""

    cost_usd = UsdField(
        source="cost_nanos",
        read_only=True,
        help_text="What the call cost whose answer it is: what each hit saves.",
    )

    class Meta:
        model = CacheEntry
        fields = _FIELDS
        read_only_fields = fields


@extend_schema_serializer(component_name="CacheEntryWithAnswer")
class OneCacheEntrySerializer(CacheEntrySerializer):
    """The same with its words."""

    answer = serializers.SerializerMethodField(help_text="Its words, masked.")

    class Meta:
        model = CacheEntry
        fields = (*_FIELDS, "answer")
        read_only_fields = fields

    def get_answer(self, entry: CacheEntry) -> str:
        return answer_text(entry)


class CacheEntryViewSet(OwnedViewSet, mixins.DestroyModelMixin):
    """Answers that may be given again, masked, the latest first."""

    queryset = CacheEntry.objects.all()
    serializer_class = CacheEntrySerializer
    pagination_class = LatestPages
    filters = filters_by(
        CacheEntry,
        "team",
        "kind",
        "rule",
        "prompt",
        "is_barred",
        route=serializers.CharField(required=False, max_length=200),
    )

    def get_queryset(self) -> QuerySet[Any]:
        found = super().get_queryset().defer("vector", "scope", "guard", "digest")
        return found if self.detail else found.defer("answer")

    def get_serializer_class(self) -> Any:
        return OneCacheEntrySerializer if self.action == "retrieve" else CacheEntrySerializer

    def finalize_response(self, *args: Any, **kwargs: Any) -> Response:
        """No cache keeps what was asked and said."""
        return without_store(super().finalize_response(*args, **kwargs))

    @extend_schema(description="Ends one answer: it is given to nobody any more.")
    def destroy(self, *args: Any, **kwargs: Any) -> Response:
        return super().destroy(*args, **kwargs)

    def perform_destroy(self, instance: Any) -> None:
        end_entry(instance, by=self.person, reason="through the API")
