from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.api import OwnedViewSet
from accounts.api.base import without_store
from accounts.api.fields import IdField, UsdField, signed_in
from accounts.api.pagination import CallPages
from governance.records.models import AuditRecord, CallStatus
from governance.records.selectors.bodies import BodiesUnreachableError, with_words
from governance.records.selectors.calls import content_of, first_id_at, may_read_content
from governance.reviews.selectors import CHOICES, by_review
from kernel.replica import may_be_stale

_FACTS = (
    "call_id", "started_at", "team", "application", "api_key", "feature", "end_user", "session", "wire_format", "is_stream",
    "status", "http_status", "code", "requested_model", "route", "model", "provider", "region", "attempts", "stop_reason",
    "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "cost_usd", "is_estimated",
    "duration_ms", "first_token_ms", "request_id", "is_demo",
)  # fmt: skip
_DETAILS = ("message", "invoke_id", "upstream_request_id", "counted_input_tokens", "reserved_usd", "client_ip",
            "stages", "findings", "checks", "is_flagged", "body", "body_until", "content")  # fmt: skip
_LEFT_TO_DETAIL = ("message", "stages", "findings", "checks", "client_ip", "upstream_request_id", "invoke_id")


class CallFilters(serializers.Serializer[Any]):
    """Which calls to list. Each filter leads to an index, and times to the ids, which sort by time."""

    team = IdField(required=False)
    application = IdField(required=False)
    model = serializers.CharField(
        required=False, max_length=200, help_text="Bedrock's ID of the model called."
    )
    status = serializers.ChoiceField(required=False, choices=CallStatus.choices)
    review = serializers.ChoiceField(
        required=False, choices=CHOICES, help_text="By what came of their review, in teams whose content you may read; `waiting`: flagged, and not reviewed."
    )  # fmt: skip
    text = serializers.CharField(
        required=False,
        max_length=500,
        help_text="Words of the redacted request or answer, found some seconds after the call, in teams whose "
        'content you may read: all of them, or "a phrase", this or that, -without.',
    )

    def get_fields(self) -> dict[str, Any]:
        """`from` is no name for an attribute."""
        bounds = {"from": "Started at or after this moment.", "to": "Started before this moment."}
        times = {
            name: serializers.DateTimeField(required=False, help_text=text) for name, text in bounds.items()
        }
        return {**super().get_fields(), **times}


class CallSerializer(serializers.ModelSerializer[AuditRecord]):
    cost_usd = UsdField(source="cost_nanos", read_only=True)

    class Meta:
        model = AuditRecord
        fields: tuple[str, ...] = _FACTS
        read_only_fields: tuple[str, ...] = _FACTS


class ContentSerializer(serializers.Serializer[Any]):
    """What was said, redacted, in Converse's shape."""

    request = serializers.DictField()
    answer = serializers.ListField(child=serializers.DictField())


@extend_schema_field({"type": "array", "items": {"type": "array", "items": {}, "minItems": 3, "maxItems": 3}})
class StagesField(serializers.JSONField):
    """[[stage, milliseconds, outcome], …] in order."""


class CallDetailSerializer(CallSerializer):
    reserved_usd = UsdField(source="reserved_nanos", read_only=True)
    stages = StagesField(read_only=True)
    findings = serializers.DictField(child=serializers.IntegerField(), read_only=True)
    checks = serializers.DictField(
        read_only=True, help_text="What was checked, on how much, and what came of it."
    )
    content = serializers.SerializerMethodField(
        help_text="Null where nothing is stored, for those who may not read it, and while its database is away."
    )

    class Meta(CallSerializer.Meta):
        fields = (*_FACTS, *_DETAILS)
        read_only_fields = fields

    @extend_schema_field(ContentSerializer(allow_null=True))
    def get_content(self, call: AuditRecord) -> Any:
        if not may_read_content(signed_in(self), call):
            return None
        try:
            content = content_of(call)
        except BodiesUnreachableError:
            return None
        return None if content is None else ContentSerializer(content).data


class CallViewSet(OwnedViewSet):
    """Calls and what became of them, the latest first. Nobody changes them."""

    queryset = AuditRecord.objects.all()
    serializer_class = CallSerializer
    pagination_class = CallPages
    filters = CallFilters

    def filtered(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        since, until = wanted.pop("from", None), wanted.pop("to", None)
        before, after = self._page()
        if since is not None:
            rows = rows.filter(pk__gte=first_id_at(since))
        if until is not None:
            rows = rows.filter(pk__lt=first_id_at(until))
            before = before or first_id_at(until)
        if text := wanted.pop("text", ""):
            first = first_id_at(since) if since is not None else None
            rows = with_words(rows, text, user=self.person, before=before, after=after, since=first)
        rows = by_review(rows, wanted.pop("review", ""), user=self.person)
        return rows.filter(**wanted).defer(*_LEFT_TO_DETAIL)

    def _page(self) -> tuple[UUID | None, UUID | None]:
        """Before which call the page begins, or after which it ends."""
        cursor = (
            CallPages().decode_cursor(self.request)
            if CallPages.cursor_query_param in self.request.GET
            else None
        )
        if cursor is None or cursor.position is None:
            return None, None
        position = UUID(cursor.position)
        return (None, position) if cursor.reverse else (position, None)

    @may_be_stale
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Calls that you may see, page by page."""
        return super().list(request, *args, **kwargs)

    @extend_schema(responses=CallDetailSerializer)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One call, with its redacted content for those who may read it."""
        data = CallDetailSerializer(self.get_object(), context=self.get_serializer_context()).data
        return without_store(Response(data))
