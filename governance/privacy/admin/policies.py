from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern

from accounts.admin.base import OwnedAdmin, person, told, without_store
from accounts.admin.filters import TeamFilter
from accounts.admin.typed import display
from accounts.policy.roles import Capability
from governance.privacy.admin.forms import DryRunForm, PolicyForm, ReasonForm, TryForm
from governance.privacy.admin.marked import marked
from governance.privacy.admin.rules import KindInline, OwnRuleInline
from governance.privacy.models import PrivacyPolicy
from governance.privacy.policy.kinds import title
from governance.privacy.policy.presets import PRESETS
from governance.privacy.policy.privacy import decode_policy
from governance.privacy.policy.ruleset import RuleSet
from governance.privacy.selectors import Policies, changes, preset, stored_texts
from governance.privacy.services.privacy import (
    UnusablePolicyError,
    policy_document,
    publish,
    start_with_default,
    take_up,
    withdraw_policy,
)
from governance.privacy.services.timing import timings
from governance.privacy.services.trial import dry_run, try_texts
from governance.screening.policy.verdict import Thresholds
from governance.screening.policy.whole import screen_whole
from kernel.clock import utc_now

_MAX_REPLAYED = 1000


@admin.register(PrivacyPolicy)
class PrivacyPolicyAdmin(OwnedAdmin):
    """Privacy policies: a draft that is tried, then published. Everybody sees the organisation's, which holds for them."""

    form = PolicyForm
    inlines = (KindInline, OwnRuleInline)
    fixed_fields = ("team", "application")
    list_display = ("owner_label", "state_label", "looks_for", "published")
    list_filter = (TeamFilter,)
    list_select_related = ("team", "application__team", "in_force__created_by")
    search_fields = ("team__name", "application__name")
    search_help_text = "A team or an application."
    change_form_outer_before_template = "admin/governance/privacy/privacy_state.html"
    empty_hint = (
        "Until the organisation has one, the preset of GATEHOUSE_PRESET holds for every call: Protect, unless it is set "
        "otherwise. Add a policy of the organisation to change that."
    )
    fieldsets = (
        ("For whom", {"fields": (("team", "application"),)}),
        ("Names and documents", {"classes": ("tab",), "fields": ("names", "overload", "documents")}),
        (
            "Screening",
            {
                "classes": ("tab",),
                "description": "Prompt injection, by where a text comes from, and answers that leak the system prompt.",
                "fields": (("screen_user", "screen_document", "screen_tool"), ("flag_at", "block_at"), ("delimit", "delimit_outside"), "canary", ("leak", "links")),
            },
        ),
        ("Answers", {"classes": ("tab",), "fields": ("other_model",)}),
        ("Storage", {"classes": ("tab",), "fields": ("bodies", "sample_percent")}),
        (
            "Bedrock guardrail",
            {"classes": ("tab",), "fields": (("guardrail", "guardrail_version"), "guardrail_failure")},
        ),
    )  # fmt: skip

    @display(description="For", header=True)
    def owner_label(self, policy: PrivacyPolicy) -> list[str]:
        if policy.application is not None:
            return [str(policy.application.name), f"Application of {policy.team}"]
        return (
            [str(policy.team), "Team"] if policy.team is not None else ["Everybody", "The whole organisation"]
        )

    @display(description="State", label={"in_force": "success", "draft": "warning"})
    def state_label(self, policy: PrivacyPolicy) -> tuple[str, str]:
        if policy.in_force is None:
            return "draft", "Not in force"
        return "in_force", f"Version {policy.in_force.number} in force"

    @admin.display(description="Looks for")
    def looks_for(self, policy: PrivacyPolicy) -> str:
        document = policy.in_force.document if policy.in_force is not None else None
        if document is None:
            return "Nothing yet"
        kinds = {rule["entity"] for rule in document.get("rules", ())}
        return f"{len(kinds)} kinds{', names in text' if document.get('names') else ''}"

    @admin.display(description="Published")
    def published(self, policy: PrivacyPolicy) -> str:
        version = policy.in_force
        if version is None:
            return ""
        return f"{version.created_at:%Y-%m-%d} by {version.created_by or 'deleted user'}"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is not None and obj.in_force_id is not None:
            return False  # it is taken out of force first, with a reason
        return super().has_delete_permission(request, obj)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fieldsets[1:] if obj is not None else self.fieldsets[:1]

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            start_with_default(obj)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        messages.success(
            request, "Here is its draft. Change it, try it, then publish it: until then it holds for nobody."
        )
        return self.to_page(obj)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        messages.success(request, "The draft is saved. It holds once it is published.")
        return self.to_page(obj)

    # --- pages of its own ---

    def get_urls(self) -> list[URLPattern]:
        own = self.pages_of_one(
            "policy_id",
            **{"try": self.try_view},
            dry_run=self.dry_run_view,
            publish=self.publish_view,
            versions=self.versions_view,
            presets=self.presets_view,
        )
        return [*own, *super().get_urls()]

    def beside(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        return {"state": self._state(request, obj)}

    def try_view(self, request: HttpRequest, policy_id: int) -> HttpResponse:
        """A text under the draft: findings marked, what the model sees, what each rule costs."""
        policy = self._policy(request, policy_id)
        form = TryForm(request.POST if request.method == "POST" else None)
        context: dict[str, Any] = {}
        if request.method == "POST" and form.is_valid():
            with told(request):
                rules = RuleSet(Policies().with_draft(policy, policy_document(policy)))
                (trial,) = try_texts(rules, [form.cleaned_data["text"]])
                context = {
                    "trial": trial,
                    "pieces": marked(trial.text, trial.found.to_model),
                    "findings": [(title(hit.entity), hit) for hit in trial.found.to_model],
                    "blocked": [title(kind) for kind in trial.blocked],
                    "timings": timings(rules, trial.text),
                    "verdict": screen_whole(
                        trial.text, role=form.cleaned_data["role"], thresholds=_thresholds(rules)
                    ),
                }
        return self._render(request, "privacy_try", policy, title="Try the draft", form=form, **context)

    def dry_run_view(self, request: HttpRequest, policy_id: int) -> HttpResponse:
        """What the draft would change of calls that were made, or of texts that are pasted."""
        policy = self._policy(request, policy_id)
        if not self._may_read(request, policy):
            raise PermissionDenied
        form = DryRunForm(request.POST if request.method == "POST" else None)
        context: dict[str, Any] = {}
        if request.method == "POST" and form.is_valid():
            texts = form.lines() or stored_texts(
                policy, now=utc_now(), days=form.cleaned_data.get("days") or 7, most=_MAX_REPLAYED
            )
            with told(request):
                policies = Policies()
                draft = RuleSet(policies.with_draft(policy, policy_document(policy)))
                run = dry_run(
                    policies.of(policy.team_id, policy.application_id),
                    draft,
                    texts,
                    is_stored=not form.lines(),
                )
                kinds = sorted(
                    {*run.now.findings, *run.then.findings}, key=lambda kind: -run.then.findings[kind]
                )
                context = {
                    "run": run,
                    "kinds": [
                        (title(kind), run.now.findings[kind], run.then.findings[kind]) for kind in kinds
                    ],
                    "is_pasted": bool(form.lines()),
                }
        return self._render(
            request, "privacy_dry_run", policy, title="Dry run of the draft", form=form, **context
        )

    def publish_view(self, request: HttpRequest, policy_id: int) -> HttpResponse:
        """Puts the draft in force, or takes the policy out of it, with a reason."""
        policy = self._policy(request, policy_id)
        if not self.may_change(request, policy):
            raise PermissionDenied
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            with told(request):
                if request.POST.get("action") == "withdraw":
                    withdraw_policy(policy, by=person(request), reason=form.cleaned_data["reason"])
                    messages.success(request, "Taken out of force. What stands above it still holds.")
                else:
                    version = publish(policy, by=person(request), reason=form.cleaned_data["reason"])
                    messages.success(
                        request, f"Version {version.number} is in force, on every process within a second."
                    )
                    for line in Policies().overruled(policy, decode_policy(version.document)):
                        messages.warning(request, line)
                return self.to_page(policy)
        return self._render(
            request,
            "privacy_publish",
            policy,
            title="Publish the draft",
            form=form,
            differences=_differences(policy),
            overruled=Policies().overruled(policy, policy_document(policy)),
        )

    def versions_view(self, request: HttpRequest, policy_id: int) -> HttpResponse:
        """Every version with who and why, and what changed; any can be made the draft again."""
        policy = self._policy(request, policy_id)
        versions = list(policy.versions.select_related("created_by"))
        if request.method == "POST":
            if not self.may_change(request, policy):
                raise PermissionDenied
            chosen = next((each for each in versions if str(each.number) == request.POST.get("number")), None)
            if chosen is None:
                raise Http404("There is no such version.")
            take_up(policy, decode_policy(chosen.document))
            messages.success(
                request, f"The draft is now as version {chosen.number} was. Publish it to put it in force."
            )
            return self.to_page(policy)
        before = [*versions[1:], None][: len(versions)]
        rows = [
            (version, changes(earlier.document if earlier else None, version.document))
            for version, earlier in zip(versions, before, strict=True)
        ]
        return self._render(request, "privacy_versions", policy, title="Versions", rows=rows)

    def presets_view(self, request: HttpRequest, policy_id: int) -> HttpResponse:
        """What a policy can begin with, and what each costs and misses; one is made the draft."""
        policy = self._policy(request, policy_id)
        if not self.may_change(request, policy):
            raise PermissionDenied
        if request.method == "POST":
            chosen = PRESETS.get(request.POST.get("preset", ""))
            if chosen is None:
                raise Http404("There is no such preset.")
            take_up(policy, chosen.document)
            messages.success(request, f"The draft is now {chosen.title}. Publish it to put it in force.")
            return self.to_page(policy)
        return self._render(
            request,
            "privacy_presets",
            policy,
            title="Presets",
            presets=PRESETS.values(),
            default=preset().name,
        )

    def _policy(self, request: HttpRequest, policy_id: int) -> PrivacyPolicy:
        policy: PrivacyPolicy | None = self.get_queryset(request).filter(pk=policy_id).first()
        if policy is None:
            raise Http404("There is no such policy, or it is another team's.")
        return policy

    def _may_read(self, request: HttpRequest, policy: PrivacyPolicy) -> bool:
        return self.allows(request, Capability.VIEW_CONTENT, policy)

    def _state(self, request: HttpRequest, policy: PrivacyPolicy) -> dict[str, Any]:
        effective = Policies().of(policy.team_id, policy.application_id).effective
        return {
            "policy": policy,
            "version": policy.in_force,
            "differences": _differences(policy),
            "may_change": self.may_change(request, policy),
            "may_read": self._may_read(request, policy),
            "sources": [owner for owner, number in effective.sources if owner != policy.owner and number],
        }

    def _render(self, request: HttpRequest, page: str, policy: PrivacyPolicy, **context: Any) -> HttpResponse:
        page_of = {"original": policy, "policy": policy, "may_change": self.may_change(request, policy)}
        return without_store(self.render_page(request, f"governance/privacy/{page}", **page_of, **context))


def _thresholds(rules: RuleSet) -> Thresholds:
    screening = rules.effective.screening
    return Thresholds(flag=screening.flag_at, block=screening.block_at)


def _differences(policy: PrivacyPolicy) -> list[str]:
    """How the draft differs from what is in force; what can't be published says so."""
    try:
        draft = policy_document(policy)
    except UnusablePolicyError as error:
        return [str(error)]
    return changes(policy.in_force.document if policy.in_force is not None else None, draft)
