"""Privacy policies: their drafts, what is in force, and what a draft would change."""

from typing import Any

import msgspec
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.api import OwnedModelViewSet, OwnedSerializer
from accounts.api.base import CheckedField, read, without_store
from accounts.policy.roles import Capability
from governance.privacy.models import PrivacyPolicy, PrivacyPolicyVersion
from governance.privacy.policy.kinds import KINDS, title
from governance.privacy.policy.privacy import decode_policy, encode_policy
from governance.privacy.policy.ruleset import RuleSet
from governance.privacy.selectors import Policies, changes, stored_texts
from governance.privacy.services.privacy import (
    UnusablePolicyError,
    policy_document,
    policy_document_from,
    publish,
    start_with_default,
    take_up,
    withdraw_policy,
)
from governance.privacy.services.trial import TrialOutcome, dry_run
from kernel.clock import utc_now
from kernel.errors import ConflictError

_MAX_REPLAYED = 1000


class DraftField(CheckedField):
    """The whole draft as one document: rules, screening and storage."""

    def get_attribute(self, instance: Any) -> Any:
        return instance

    def to_representation(self, value: Any) -> Any:
        try:
            return encode_policy(policy_document(value))
        except UnusablePolicyError as error:
            return {"unusable": str(error)}

    def checked(self, data: Any) -> Any:
        try:
            return policy_document_from(data)
        except msgspec.ValidationError as error:
            raise UnusablePolicyError(str(error)) from error


class PrivacyPolicySerializer(OwnedSerializer):
    """A policy with its draft. What is in force is under `versions`."""

    owner = serializers.CharField(read_only=True, help_text="Whom the policy is for, in words.")
    in_force = serializers.SerializerMethodField(help_text="The version's number. Empty: none.")
    draft = DraftField(required=False)

    fixed_fields = ("application",)

    class Meta:
        model = PrivacyPolicy
        fields = ("id", "team", "application", "owner", "in_force", "draft", "created_at")
        validators = ()  # the model has them

    def get_in_force(self, policy: PrivacyPolicy) -> int | None:
        return policy.in_force.number if policy.in_force is not None else None

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if self.instance is not None:
            return attrs
        application = attrs.get("application")
        if application is not None and attrs.get("team") is None:
            attrs["team"] = application.team
        PrivacyPolicy(team=attrs.get("team"), application=application).full_clean()
        return attrs

    def create(self, validated_data: dict[str, Any]) -> PrivacyPolicy:
        draft = validated_data.pop("draft", None)
        policy = PrivacyPolicy.objects.create(**validated_data)
        if draft is None:
            start_with_default(policy)
        else:
            take_up(policy, draft)
        return policy

    def update(self, instance: PrivacyPolicy, validated_data: dict[str, Any]) -> PrivacyPolicy:
        if (draft := validated_data.get("draft")) is not None:
            take_up(instance, draft)
        return instance


class PublishReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000, help_text="Why. It stays on record.")


class VersionSerializer(serializers.ModelSerializer[PrivacyPolicyVersion]):
    created_by = serializers.StringRelatedField[Any](read_only=True)

    class Meta:
        model = PrivacyPolicyVersion
        fields = ("number", "document", "reason", "created_by", "created_at")


class PublishedSerializer(VersionSerializer):
    overruled = serializers.SerializerMethodField(
        help_text="What of it has no effect, because a policy above it is stricter: sentences."
    )

    class Meta:
        model = PrivacyPolicyVersion
        fields = ("number", "document", "reason", "created_by", "created_at", "overruled")

    def get_overruled(self, version: PrivacyPolicyVersion) -> list[str]:
        return Policies().overruled(version.policy, decode_policy(version.document))


class DryRunSerializer(serializers.Serializer[Any]):
    """Calls on record, or texts of one's own."""

    days = serializers.IntegerField(required=False, default=7, min_value=1, max_value=90)
    texts = serializers.ListField(child=serializers.CharField(), required=False, max_length=_MAX_REPLAYED)


class KindSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    title = serializers.CharField()


@extend_schema_view(
    create=extend_schema(
        examples=[
            OpenApiExample(
                "A team's own rule",
                value={
                    "team": 1,
                    "draft": {
                        "rules": [{"entity": "CUSTOMER_ID", "patterns": ["CU-[0-9]{6}"], "to_model": "mask"}]
                    },
                },
                request_only=True,
            )
        ]
    )
)
class PrivacyPolicyViewSet(OwnedModelViewSet):
    """Privacy policies. A change is to the draft, which holds for nobody before it is published.

    Everybody may read the organisation's: it holds for their teams too.
    """

    queryset = (
        PrivacyPolicy.objects.select_related("team", "application__team", "in_force")
        .prefetch_related("rules")
        .order_by("pk")
    )
    serializer_class = PrivacyPolicySerializer

    def before_destroy(self, instance: Any) -> None:
        if instance.in_force_id is not None:
            raise ConflictError("Take the policy out of force first, with a reason.")

    @extend_schema(request=PublishReasonSerializer, responses=PublishedSerializer)
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, **kwargs: Any) -> Response:
        """Puts the draft in force as a new version."""
        version = publish(self.get_object(), by=self.person, reason=self._reason(request))
        return Response(PublishedSerializer(version).data)

    @extend_schema(request=PublishReasonSerializer, responses=PrivacyPolicySerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, **kwargs: Any) -> Response:
        """Takes the policy out of force. What stands above it still holds."""
        policy = self.get_object()
        withdraw_policy(policy, by=self.person, reason=self._reason(request))
        policy.refresh_from_db()
        return Response(self.get_serializer(policy).data)

    @extend_schema(responses=VersionSerializer(many=True))
    @action(detail=True, pagination_class=None)
    def versions(self, request: Request, **kwargs: Any) -> Response:
        """Every version, the latest first: what it says, who published it and why."""
        rows = self.get_object().versions.select_related("created_by")
        return Response(VersionSerializer(rows, many=True).data)

    @extend_schema(request=None, responses={200: serializers.ListSerializer(child=serializers.CharField())})
    @action(detail=True, pagination_class=None)
    def differences(self, request: Request, **kwargs: Any) -> Response:
        """How the draft differs from what is in force, in words."""
        policy = self.get_object()
        return Response(
            changes(policy.in_force.document if policy.in_force else None, policy_document(policy))
        )

    @extend_schema(request=DryRunSerializer, responses=dict[str, Any])
    @action(detail=True, methods=["post"], url_path="dry-run")
    def dry_run(self, request: Request, **kwargs: Any) -> Response:
        """What the draft would change of calls on record, which are redacted, or of texts of your own."""
        policy = self.get_object()
        body = read(DryRunSerializer, request)
        self.require(Capability.VIEW_CONTENT, policy)
        texts = body.get("texts")
        if texts is None:
            texts = stored_texts(policy, now=utc_now(), days=body["days"], most=_MAX_REPLAYED)
        policies = Policies()
        draft = RuleSet(policies.with_draft(policy, policy_document(policy)))
        run = dry_run(
            policies.of(policy.team_id, policy.application_id),
            draft,
            texts,
            is_stored="texts" not in body,
        )
        examples = [{"now": each.now, "then": each.then, "blocked": each.is_blocked} for each in run.examples]
        answer = {
            "now": _outcome(run.now),
            "then": _outcome(run.then),
            "differing": run.differing,
            "examples": examples,
        }
        return without_store(Response(answer))

    def _reason(self, request: Request) -> str:
        return str(read(PublishReasonSerializer, request)["reason"])

    @extend_schema(responses=KindSerializer(many=True))
    @action(detail=False, pagination_class=None)
    def kinds(self, request: Request, **kwargs: Any) -> Response:
        """The kinds of data that are built in."""
        return Response([{"kind": kind, "title": title(kind)} for kind in KINDS])


def _outcome(outcome: TrialOutcome) -> dict[str, Any]:
    return {
        "texts": outcome.texts,
        "blocked": outcome.blocked,
        "changed": outcome.changed,
        "findings": dict(outcome.findings),
    }
