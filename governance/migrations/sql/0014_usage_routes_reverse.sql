DROP TRIGGER append_only ON governance_auditrecord;
DROP TRIGGER append_only ON governance_ledgerentry;
CREATE TRIGGER append_only BEFORE UPDATE ON governance_auditrecord
    FOR EACH STATEMENT EXECUTE FUNCTION gatehouse_refuse_update();
CREATE TRIGGER append_only BEFORE UPDATE ON governance_ledgerentry
    FOR EACH STATEMENT EXECUTE FUNCTION gatehouse_refuse_update();
DROP FUNCTION gatehouse_refuse_rewrite();
DROP FUNCTION gatehouse_rebuild_usage(text, int, int, boolean);
DROP FUNCTION gatehouse_roll_up(text, int, int);
DROP FUNCTION gatehouse_add_usage(bigint, bigint, timestamptz, text, int, int);
DROP FUNCTION gatehouse_usage_tail(bigint, text, int, int);
DROP FUNCTION gatehouse_new_end_users(bigint, bigint, timestamptz, text, int);
DROP FUNCTION gatehouse_new_features(bigint, bigint, timestamptz, int);
DROP FUNCTION gatehouse_usage_facts(bigint, bigint);
