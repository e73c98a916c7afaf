from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError as ModelError
from django.db.models import Q, QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import Conflict, TeamScoped
from accounts.api.fields import ApplicationField, signed_in
from accounts.policy.roles import Capability
from accounts.selectors.teams import teams_with
from governance.api.scoped import filtered
from governance.models import Budget, Grant, LimitRequest, RateLimit
from governance.policy.limit_requests import ImpossibleError, check_end
from governance.services import limit_requests
from kernel.clock import utc_now
from kernel.money import dollars_to_nanos, plain_usd

_USUAL = timedelta(days=30)


class _OwnField(serializers.PrimaryKeyRelatedField[Any]):
    """A limit of a team the person may see, or for superusers any: another does not exist."""

    def get_queryset(self) -> QuerySet[Any]:
        rows: Any = super().get_queryset()
        user = signed_in(self)
        found: QuerySet[Any] = (
            rows if user.is_superuser else rows.filter(team__in=teams_with(user, Capability.VIEW_USAGE))
        )
        return found


class LimitRequestSerializer(serializers.ModelSerializer[LimitRequest]):
    """One of `budget`, `rate_limit`, or `application` with `model`."""

    budget = _OwnField(queryset=Budget.objects.all(), allow_null=True, required=False)
    rate_limit = _OwnField(queryset=RateLimit.objects.all(), allow_null=True, required=False)
    application = ApplicationField(allow_null=True, required=False)
    amount = serializers.CharField(
        required=False,
        help_text="How much more: dollars as a decimal string, or a number of requests, tokens, calls.",
    )
    ends_at = serializers.DateTimeField(required=False, help_text="30 days from now unless given.")
    summary = serializers.SerializerMethodField()

    class Meta:
        model = LimitRequest
        fields = (
            "id", "team", "budget", "rate_limit", "application", "model", "subject", "amount", "reason", "ends_at",
            "state", "requested_by", "created_at", "decided_by", "decided_at", "note", "grant", "summary",
        )  # fmt: skip
        read_only_fields = ("team", "state", "requested_by", "decided_by", "decided_at", "note", "grant")

    @extend_schema_field(serializers.CharField())
    def get_summary(self, request: LimitRequest) -> str:
        return str(request)

    def to_representation(self, instance: LimitRequest) -> Any:
        found = super().to_representation(instance)
        found["amount"] = _amount_text(instance)
        return found

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs["amount"] = _amount(attrs.get("amount"), in_dollars=attrs.get("budget") is not None)
        attrs.setdefault("ends_at", utc_now() + _USUAL)
        request = LimitRequest(**attrs)
        try:
            request.clean()
            check_end(request.ends_at, now=utc_now())
        except ModelError as error:
            found = (
                error.message_dict if hasattr(error, "error_dict") else {"non_field_errors": error.messages}
            )
            raise serializers.ValidationError(found) from error
        except ImpossibleError as error:
            raise serializers.ValidationError({"ends_at": [str(error)]}) from error
        return attrs

    def create(self, validated_data: dict[str, Any]) -> LimitRequest:
        request = LimitRequest(**validated_data)
        request.clean()
        return limit_requests.ask(request, by=signed_in(self), now=utc_now())


class DecisionSerializer(serializers.Serializer[Any]):
    """What is granted: as asked, or less; for as long, or shorter."""

    amount = serializers.CharField(required=False)
    ends_at = serializers.DateTimeField(required=False)
    note = serializers.CharField(required=False, allow_blank=True, max_length=2000, default="")


class NoteSerializer(serializers.Serializer[Any]):
    note = serializers.CharField(required=False, allow_blank=True, max_length=2000, default="")


class RequestFilters(serializers.Serializer[Any]):
    state = serializers.ChoiceField(required=False, choices=LimitRequest.STATES)
    team = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


_EXAMPLE = OpenApiExample(
    "More of a budget for a launch",
    value={
        "budget": 1,
        "amount": "50.00",
        "reason": "The launch on Friday",
        "ends_at": "2026-12-12T00:00:00Z",
    },
    request_only=True,
)


@extend_schema_view(
    create=extend_schema(examples=[_EXAMPLE]), list=extend_schema(parameters=[RequestFilters])
)
class LimitRequestViewSet(
    TeamScoped, mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.CreateModelMixin
):
    """Requests for more, for a time: anyone in a team asks, who runs the team decides."""

    change_capability = Capability.VIEW_USAGE
    queryset = LimitRequest.objects.select_related(
        "budget", "rate_limit", "application", "team", "requested_by", "grant"
    )
    serializer_class = LimitRequestSerializer

    def get_queryset(self) -> QuerySet[Any]:
        if self.person.is_active and self.person.is_superuser:
            return super(TeamScoped, self).get_queryset()
        return super().get_queryset()

    def check_object_permissions(self, request: Request, obj: Any) -> None:
        """Who sees a request is decided by the list; who acts on it by each action."""

    def before_create(self, values: dict[str, Any]) -> None:
        """Its serializer has looked whether the person may see what it is about, which is what asking takes."""

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return filtered(self, RequestFilters, queryset)

    @extend_schema(request=DecisionSerializer, responses=LimitRequestSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Grants what is asked, or less. 409 where it is decided already."""
        found = self._to_decide()
        body = _read(DecisionSerializer, request)
        amount = body.get("amount")
        return self._done(
            found,
            lambda: limit_requests.approve(
                found,
                by=self.person,
                now=utc_now(),
                amount=None if amount is None else _amount(amount, in_dollars=found.budget is not None),
                ends_at=body.get("ends_at"),
                note=body["note"],
            ),
        )

    @extend_schema(request=NoteSerializer, responses=LimitRequestSerializer)
    @action(detail=True, methods=["post"])
    def deny(self, request: Request, pk: str) -> Response:
        """Says no. 409 where it is decided already."""
        found = self._to_decide()
        note = _read(NoteSerializer, request)["note"]
        return self._done(found, lambda: limit_requests.deny(found, by=self.person, now=utc_now(), note=note))

    @extend_schema(request=None, responses=LimitRequestSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Takes one's own request back. 409 where it is decided already."""
        found: LimitRequest = self.get_object()
        if found.requested_by_id != self.person.pk:
            raise PermissionDenied("Only who has asked can withdraw.")
        return self._done(found, lambda: limit_requests.withdraw(found, by=self.person, now=utc_now()))

    def _to_decide(self) -> LimitRequest:
        found: LimitRequest = self.get_object()
        if not limit_requests.may_be_decided_by(found, self.person):
            raise PermissionDenied("This is for somebody else who runs the team to decide.")
        return found

    def _done(self, found: LimitRequest, act: Any) -> Response:
        try:
            act()
        except ImpossibleError as error:
            raise Conflict(str(error)) from error
        found = LimitRequest.objects.get(pk=found.pk)
        return Response(LimitRequestSerializer(found, context=self.get_serializer_context()).data)


class GrantSerializer(serializers.ModelSerializer[Grant]):
    amount = serializers.SerializerMethodField()

    class Meta:
        model = Grant
        fields = (
            "id", "budget", "rate_limit", "application", "model", "subject", "amount", "starts_at", "ends_at", "revoked_at",
        )  # fmt: skip

    @extend_schema_field(serializers.CharField())
    def get_amount(self, grant: Grant) -> str:
        return _amount_text(grant)


class GrantViewSet(TeamScoped, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """What has been granted for a time. Grants end by themselves, or are ended early."""

    queryset = Grant.objects.select_related("budget", "rate_limit", "application")
    serializer_class = GrantSerializer

    def get_queryset(self) -> QuerySet[Any]:
        rows = super(TeamScoped, self).get_queryset()
        if self.person.is_active and self.person.is_superuser:
            return rows
        teams = teams_with(self.person, self.view_capability)
        mine = Q(budget__team__in=teams) | Q(rate_limit__team__in=teams) | Q(application__team__in=teams)
        return rows.filter(mine)

    def team_of(self, obj: Any) -> Any:
        return next(
            target for target in (obj.budget, obj.rate_limit, obj.application) if target is not None
        ).team

    def check_object_permissions(self, request: Request, obj: Any) -> None:
        if not self.person.is_superuser:
            super().check_object_permissions(request, obj)

    @extend_schema(request=NoteSerializer, responses=GrantSerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        """Ends a grant now. 409 where it has ended."""
        found: Grant = self.get_object()
        note = _read(NoteSerializer, request)["note"]
        try:
            limit_requests.revoke(found, by=self.person, now=utc_now(), reason=note or "no reason given")
        except ImpossibleError as error:
            raise Conflict(str(error)) from error
        found.refresh_from_db()
        return Response(GrantSerializer(found).data)


def _read(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    found = serializer(data=request.data)
    found.is_valid(raise_exception=True)
    return dict(found.validated_data)


def _amount(text: Any, *, in_dollars: bool) -> int:
    if text is None:
        return 0
    try:
        return dollars_to_nanos(str(text)) if in_dollars else int(str(text))
    except ValueError as error:
        kind = 'dollars, such as "50.00"' if in_dollars else "a whole number"
        raise serializers.ValidationError({"amount": [f"This is {kind}."]}) from error


def _amount_text(found: Any) -> str:
    return plain_usd(found.amount) if found.budget_id else str(found.amount)
