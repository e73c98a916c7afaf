DROP TRIGGER append_only ON governance_ledgerentry;
DROP TRIGGER append_only ON governance_auditcontent;
DROP TRIGGER append_only ON governance_auditrecord;
DROP FUNCTION gatehouse_refuse_update();
DROP FUNCTION gatehouse_expire(float8, int);
DROP FUNCTION gatehouse_correct_expired(jsonb);
DROP FUNCTION gatehouse_settle(uuid[], jsonb, jsonb);
DROP FUNCTION gatehouse_reserve(jsonb, jsonb, uuid);
