"""The audit record in which every column that has a default is at it, as a function of Postgres."""

import json
from typing import Any

from governance.records.models.audit_record import AuditRecord

_FUNCTION = """
-- A record made by an older process, which does not know the newest columns, is complete, too.
CREATE OR REPLACE FUNCTION gatehouse_blank_record() RETURNS governance_auditrecord LANGUAGE sql STABLE AS $$
    SELECT jsonb_populate_record(NULL::governance_auditrecord, jsonb_build_object(
        'xact_id', pg_current_xact_id()::text::bigint) || '{defaults}')
$$;
"""


def blank_record() -> str:
    """The SQL of `gatehouse_blank_record`: the model's defaults, so that a new column is named there alone."""
    defaults: dict[str, Any] = {
        str(field.column): field.get_default()
        for field in AuditRecord._meta.concrete_fields
        if not field.null and (field.has_default() or field.blank)
    }
    return _FUNCTION.format(defaults=json.dumps(defaults, sort_keys=True))
