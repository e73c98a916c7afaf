"""The sidebar of the admin."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from accounts.access.principals import principal, sees_everything
from governance.limits.selectors.limit_requests import pending_count

_GROUPS = (
    (
        "",
        (
            ("Overview", "space_dashboard", "admin:index"),
            ("Calls", "receipt_long", "admin:governance_auditrecord_changelist"),
            ("Jobs", "schedule_send", "admin:gateway_job_changelist"),
            ("Batches", "stacks", "admin:gateway_batch_changelist"),
            ("Feedback", "thumbs_up_down", "admin:governance_feedback_changelist"),
        ),
    ),
    (
        "Organisation",
        (
            ("Teams", "groups", "admin:accounts_team_changelist"),
            ("Applications", "apps", "admin:accounts_application_changelist"),
            ("API keys", "key", "admin:accounts_apikey_changelist"),
            ("Callers without a key", "person_off", "admin:governance_unknowncaller_changelist"),
            ("People", "person", "admin:accounts_user_changelist"),
            ("Sign-ins", "login", "admin:accounts_signin_changelist"),
            ("Sign-in log", "policy", "admin:accounts_signinattempt_changelist"),
            ("Locked sign-ins", "lock_clock", "admin:accounts_signincount_changelist"),
            ("Set up a client", "terminal", "admin:accounts_apikey_set_up_any"),
        ),
    ),
    (
        "Spending and limits",
        (
            ("Usage", "monitoring", "admin:governance_usageday_changelist"),
            ("Cost analysis", "query_stats", "admin:gateway_costscenario_changelist"),
            ("Prompt caches", "cached", "admin:governance_volatilebeginning_changelist"),
            ("Budgets", "savings", "admin:governance_budget_changelist"),
            ("Rate limits", "speed", "admin:governance_ratelimit_changelist"),
            ("Requests", "approval", "admin:governance_limitrequest_changelist"),
            ("Alerts", "notifications", "admin:governance_alertchannel_changelist"),
            ("Deliveries", "outgoing_mail", "admin:governance_delivery_changelist"),
            ("Reconciliation", "balance", "admin:governance_awsimport_changelist"),
        ),
    ),
    (
        "Prompts",
        (
            ("Prompts", "edit_note", "admin:prompts_prompt_changelist"),
            ("Approval rules", "how_to_reg", "admin:prompts_reviewrule_changelist"),
            ("Test sets", "checklist", "admin:prompts_testset_changelist"),
            ("Test runs", "rule", "admin:prompts_evaluation_changelist"),
            ("Experiments", "science", "admin:prompts_experiment_changelist"),
            ("Rollouts", "stacked_line_chart", "admin:prompts_rollout_changelist"),
            ("Service contracts", "handshake", "admin:prompts_servicecontract_changelist"),
            ("Context", "category", "admin:prompts_contextsource_changelist"),
            ("Knowledge", "menu_book", "admin:prompts_knowledgebase_changelist"),
        ),
    ),
    (
        "Cache",
        (
            ("Savings", "bolt", "admin:gateway_cacheuse_changelist"),
            ("Cache rules", "rule_folder", "admin:gateway_cacherule_changelist"),
            ("Cache entries", "inventory_2", "admin:gateway_cacheentry_changelist"),
            ("Pairs to label", "compare", "admin:gateway_cachepair_label"),
            ("Purges", "delete_sweep", "admin:gateway_cachepurge_changelist"),
        ),
    ),
    (
        "Privacy",
        (
            ("Policies", "shield_lock", "admin:governance_privacypolicy_changelist"),
            ("People behind placeholders", "badge", "admin:governance_knownperson_changelist"),
            ("Encryption keys", "encrypted", "admin:governance_teamkey_changelist"),
            ("Raw-text access log", "visibility", "admin:governance_rawaccess_changelist"),
        ),
    ),
    (
        "Catalogue",
        (
            ("Routes", "alt_route", "admin:gateway_route_changelist"),
            ("Routing rules", "rule_settings", "admin:gateway_routingrule_changelist"),
            ("Routing decisions", "fork_right", "admin:gateway_routingdecision_changelist"),
            ("Model quality", "grade", "admin:gateway_modelquality_changelist"),
            ("Models", "neurology", "admin:gateway_model_changelist"),
            ("Deployments", "public", "admin:gateway_deployment_changelist"),
            ("Discovery", "travel_explore", "admin:gateway_discovered_changelist"),
            ("Ending models", "event_busy", "admin:gateway_discovered_endings"),
            ("Prices", "sell", "admin:gateway_price_changelist"),
            ("Provider accounts", "key_vertical", "admin:gateway_provideraccount_changelist"),
        ),
    ),
)

_WITHIN = {
    "API keys": "admin:accounts_apikey_set_up_any",
    "Discovery": "admin:gateway_discovered_endings",
}
"""Pages with an item of their own, below the address of another."""
_OF_SUPERUSERS = {
    "Callers without a key",
    "Provider accounts",
    "Reconciliation",
    "Sign-in log",
    "Locked sign-ins",
}


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups of links; every active person may open each page, and finds there what is theirs."""
    return [
        {
            "title": title,
            "separator": bool(title),
            "items": [
                _item(request, name, icon, url)
                for name, icon, url in items
                if name not in _OF_SUPERUSERS or sees_everything(principal(request))
            ],
        }
        for title, items in _GROUPS
    ]


def _item(request: HttpRequest, name: str, icon: str, url: str) -> dict[str, Any]:
    item: dict[str, Any] = {"title": name, "icon": icon, "link": reverse(url)}
    if (inner := _WITHIN.get(name)) and request.path == reverse(inner):
        item["active"] = False  # its address begins the same, and it has an item of its own
    if name == "Requests" and (waiting := pending_count(request)):
        item["badge"] = waiting
    return item
