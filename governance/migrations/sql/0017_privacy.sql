-- The record's new columns, where a caller's JSON does not name them.
CREATE OR REPLACE FUNCTION gatehouse_blank_record() RETURNS governance_auditrecord LANGUAGE sql STABLE AS $$
    SELECT jsonb_populate_record(NULL::governance_auditrecord, jsonb_build_object(
        'xact_id', pg_current_xact_id()::text::bigint, 'tier', '', 'cache_write_1h_tokens', 0, 'images', 0,
        'max_tokens', 0, 'prompt_digest', '', 'prefix_digest', '', 'prefix_tokens', 0,
        'checks', '{}'::jsonb, 'is_flagged', false))
$$;

-- A version says what held when, so nothing changes it; only with its policy it goes.
CREATE FUNCTION gatehouse_keep_policy_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.number <> OLD.number OR NEW.document <> OLD.document OR NEW.reason <> OLD.reason
        OR NEW.policy_id <> OLD.policy_id OR NEW.created_at <> OLD.created_at
        OR (NEW.created_by_id IS DISTINCT FROM OLD.created_by_id AND NEW.created_by_id IS NOT NULL)
    THEN
        RAISE EXCEPTION 'a published version of a privacy policy is never changed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_version BEFORE UPDATE ON governance_privacypolicyversion
    FOR EACH ROW EXECUTE FUNCTION gatehouse_keep_policy_version();
