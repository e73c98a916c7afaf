"""Tries rules on texts, so that anyone can judge them on data of their own."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.base import read, without_store
from accounts.api.fields import IdField
from accounts.api.key_authentication import ApiKeyAuthentication
from governance.privacy.models import PrivacyPolicy
from governance.privacy.policy.ruleset import RuleSet, every_kind
from governance.privacy.selectors import Policies
from governance.privacy.services.privacy import policy_document
from governance.privacy.services.trial import Trial, try_texts
from governance.ui.previews import PreviewSerializer, one_at_a_time
from kernel.errors import at

_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")  # which no encoding can carry


class RedactionPreviewSerializer(PreviewSerializer):
    policy = IdField(
        required=False, allow_null=True,
        help_text="A privacy policy, whose draft is tried together with what holds above it. Empty: every built-in kind.",
    )  # fmt: skip
    ner = serializers.BooleanField(
        required=False, allow_null=True, default=None,
        help_text="Whether names are looked for with the language model. Empty: as the policy says; without one, yes.",
    )  # fmt: skip


class FindingSerializer(serializers.Serializer[Any]):
    start = serializers.IntegerField(help_text="In code points.")
    end = serializers.IntegerField()
    type = serializers.CharField()
    score = serializers.FloatField()
    rule = serializers.CharField(help_text="What found it.")
    action = serializers.CharField(help_text="What is done with it on the way to the model.")


class RedactionResultSerializer(serializers.Serializer[Any]):
    findings = FindingSerializer(many=True)
    masked = serializers.CharField(help_text="What the model would see. Placeholders are not those of calls.")
    blocked = serializers.ListField(
        child=serializers.CharField(), help_text="Kinds for which a call would be refused."
    )
    milliseconds = serializers.FloatField(
        help_text="Without the language model's, which reads many texts at once."
    )


class RedactionPreviewAnswerSerializer(RedactionResultSerializer):
    results = RedactionResultSerializer(
        many=True, required=False, help_text="In place of the rest where `texts` was sent."
    )


class RedactionPreviewView(APIView):
    """What is found in a text and what the model would see of it. Nothing is kept.

    For people who are signed in, and for applications with their API key; policies are for people only.
    """

    authentication_classes = (SessionAuthentication, ApiKeyAuthentication)

    @extend_schema(
        request=RedactionPreviewSerializer,
        responses=RedactionPreviewAnswerSerializer,
        examples=[OpenApiExample("One text", value={"text": "Write to ann@example.com"}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        values = read(RedactionPreviewSerializer, request)
        rules = self._rules(values.get("policy"), values["ner"])
        with one_at_a_time(request):
            trials = try_texts(rules, values.get("texts", [values.get("text", "")]))
        results = [result_of(trial) for trial in trials]
        return without_store(Response({"results": results} if "texts" in values else results[0]))

    def _rules(self, policy_id: int | None, names: bool | None) -> RuleSet:
        if policy_id is None:
            return every_kind(names=names is not False)
        rows = PrivacyPolicy.objects.select_related("team", "application__team", "in_force")
        policy = rows.visible_to(self.request.user).filter(pk=policy_id).first()
        if policy is None:
            raise NotFound("There is no such policy, or it is another team's.")
        with at("policy"):
            return RuleSet(Policies().with_draft(policy, policy_document(policy), names=names))


def result_of(trial: Trial) -> dict[str, Any]:
    """A trial as the API shows it."""
    return {
        "findings": [
            {
                "start": hit.start,
                "end": hit.end,
                "type": hit.entity,
                "score": hit.score,
                "rule": hit.rule,
                "action": hit.action,
            }
            for hit in trial.found.to_model
        ],
        "masked": trial.masked.translate(_SURROGATES),
        "blocked": trial.blocked,
        "milliseconds": round(trial.milliseconds, 3),
    }
