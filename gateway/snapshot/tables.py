"""The tables that the snapshot is made of: a change in one of them tells every gateway process to make it anew.

A test compares them with what `build.py` reads.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Watched:
    """A table, and which columns of it matter, where not all do."""

    table: str
    columns: tuple[str, ...] = ()


TABLES = (
    Watched("accounts_team"),
    Watched("accounts_application"),
    Watched(  # not `last_used_at`, which the gateways write themselves
        "accounts_apikey",
        (
            "application_id",
            "key_id",
            "secret_hash",
            "allowed_models",
            "allowed_networks",
            "expires_at",
            "revoked_at",
        ),
    ),
    Watched("governance_budget"),
    Watched("governance_ratelimit"),
    Watched("governance_grant"),
    Watched("governance_privacypolicy"),
    Watched("governance_teamkey"),
    Watched("prompts_prompt"),
    Watched("prompts_label"),
    Watched("prompts_promptversion", ("state",)),  # not every save of a draft, which no label leads to
    Watched("prompts_experiment", ("state",)),  # not every look at its figures
    Watched("prompts_rollout", ("state", "step")),
    Watched("prompts_contextsource"),
    Watched(
        "prompts_knowledgebase",
        ("team_id", "name", "kind", "route", "dimensions", "bedrock_id", "region"),
    ),
    Watched("gateway_model"),
    Watched("gateway_deployment"),
    Watched(  # not `last_refused_at`, which the gateways write themselves
        "gateway_provideraccount",
        ("name", "provider", "base_url", "organisation", "is_enabled", "sealed_key", "public_id"),
    ),
    Watched("gateway_price"),
    Watched("gateway_route"),
    Watched("gateway_routetarget"),
    Watched("gateway_routingrule"),
    Watched("gateway_cacherule"),
    Watched("gateway_modelquality"),
    Watched("gateway_teaminferenceprofile"),
)

_NO_LONGER = """
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT tgrelid::regclass FROM pg_trigger
        WHERE tgname = 'notify_snapshot' AND pg_table_is_visible(tgrelid) AND tgrelid <> ALL ('{{{tables}}}'::regclass[])
    LOOP
        EXECUTE format('DROP TRIGGER notify_snapshot ON %s', name);
    END LOOP;
END $$;
"""


def notify_triggers() -> str:
    """SQL that makes these tables, and no others, notify."""
    made = "".join(_trigger(watched) for watched in TABLES)
    return made + _NO_LONGER.format(tables=",".join(watched.table for watched in TABLES))


def _trigger(watched: Watched) -> str:
    update = f"UPDATE OF {', '.join(watched.columns)}" if watched.columns else "UPDATE"
    return (
        f"DROP TRIGGER IF EXISTS notify_snapshot ON {watched.table};\n"
        f"CREATE TRIGGER notify_snapshot AFTER INSERT OR DELETE OR TRUNCATE OR {update} ON {watched.table}\n"
        "    FOR EACH STATEMENT EXECUTE FUNCTION gatehouse_notify_snapshot();\n"
    )
