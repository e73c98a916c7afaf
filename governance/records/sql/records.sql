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


-- A key's bytes never change but once: when they are erased. After that nothing changes.
CREATE OR REPLACE FUNCTION gatehouse_guard_team_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.erased_at IS NOT NULL AND (NEW.wrapped, NEW.erased_at, NEW.erased_reason, NEW.erased_by_email)
        IS DISTINCT FROM (OLD.wrapped, OLD.erased_at, OLD.erased_reason, OLD.erased_by_email)
        OR NEW.wrapped IS DISTINCT FROM OLD.wrapped AND NEW.wrapped IS NOT NULL
        OR (NEW.team_id, NEW.generation) IS DISTINCT FROM (OLD.team_id, OLD.generation)
    THEN
        RAISE EXCEPTION 'a team key is only ever erased' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
