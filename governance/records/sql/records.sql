-- Records are let go by the month, but never rewritten. Only the number of a transaction of another cluster means nothing once a
-- dump has been restored, and gives way to 0.
CREATE OR REPLACE FUNCTION gatehouse_refuse_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.xact_id >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint THEN
        OLD.xact_id := 0;
        IF NEW IS NOT DISTINCT FROM OLD THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;


-- Who has looked at raw text stays on record.
CREATE OR REPLACE FUNCTION gatehouse_refuse_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is never deleted from', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;


-- A key's bytes never change but when they are erased, after which nothing changes, or when the key that they are encrypted
-- under gives way to another, by the function below. Its marker is of the transaction alone, so that it works through a pooler.
CREATE OR REPLACE FUNCTION gatehouse_guard_team_key() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_rewrapped boolean := OLD.erased_at IS NULL AND NEW.erased_at IS NULL AND NEW.wrapped IS NOT NULL
        AND coalesce(current_setting('gatehouse.rewrap', true), '') = 'team key ' || OLD.id;
BEGIN
    IF OLD.erased_at IS NOT NULL AND (NEW.wrapped, NEW.erased_at, NEW.erased_reason, NEW.erased_by_email)
        IS DISTINCT FROM (OLD.wrapped, OLD.erased_at, OLD.erased_reason, OLD.erased_by_email)
        OR NEW.wrapped IS DISTINCT FROM OLD.wrapped AND NEW.wrapped IS NOT NULL AND NOT v_rewrapped
        OR (NEW.team_id, NEW.generation) IS DISTINCT FROM (OLD.team_id, OLD.generation)
    THEN
        RAISE EXCEPTION 'a team key is only ever erased' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;


-- Whether it was done: not where the key was erased, or its bytes are others, meanwhile.
CREATE OR REPLACE FUNCTION gatehouse_rewrap_team_key(
    p_id bigint, p_before bytea, p_provider text, p_kms_key_id text, p_after bytea
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_done boolean;
BEGIN
    PERFORM set_config('gatehouse.rewrap', 'team key ' || p_id, true);
    UPDATE governance_teamkey
        SET wrapped = p_after, provider = p_provider, kms_key_id = p_kms_key_id, rewrapped_at = now()
        WHERE id = p_id AND wrapped = p_before AND erased_at IS NULL;
    v_done := FOUND;
    PERFORM set_config('gatehouse.rewrap', '', true);
    RETURN v_done;
END $$;
