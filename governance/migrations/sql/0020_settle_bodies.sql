-- Records say what is stored of their bodies; bodies are written by a function that another database has, too.
CREATE OR REPLACE FUNCTION gatehouse_blank_record() RETURNS governance_auditrecord LANGUAGE sql STABLE AS $$
    SELECT jsonb_populate_record(NULL::governance_auditrecord, jsonb_build_object(
        'xact_id', pg_current_xact_id()::text::bigint, 'tier', '', 'cache_write_1h_tokens', 0, 'images', 0,
        'max_tokens', 0, 'prompt_digest', '', 'prefix_digest', '', 'prefix_tokens', 0,
        'checks', '{}'::jsonb, 'is_flagged', false, 'body', ''))
$$;


-- As before, with the bodies by gatehouse_store_bodies.
CREATE OR REPLACE FUNCTION gatehouse_settle(call_ids uuid[], records jsonb, contents jsonb)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    locked bigint[];
    held int;
BEGIN
    SELECT array_agg(DISTINCT id), count(DISTINCT hold.call_id) INTO locked, held
    FROM governance_hold hold LEFT JOIN unnest(hold.window_ids) AS id ON true WHERE hold.call_id = ANY (call_ids);
    PERFORM FROM governance_budgetwindow win WHERE win.id = ANY (locked) ORDER BY win.id FOR UPDATE;

    WITH fresh AS (  -- a batch sent again after a lost answer finds its records there, and does nothing
        INSERT INTO governance_auditrecord SELECT * FROM jsonb_populate_recordset(gatehouse_blank_record(), records)
        ON CONFLICT (call_id) DO NOTHING
        RETURNING call_id, cost_nanos, is_estimated
    ), released AS (
        DELETE FROM governance_hold hold WHERE hold.call_id = ANY (call_ids)
        RETURNING hold.call_id, hold.amount_nanos, hold.window_ids
    ), entries AS (
        INSERT INTO governance_ledgerentry (
            call_id, window_ids, amount_nanos, kind, is_estimated, note, created_at, xact_id)
        SELECT fresh.call_id, coalesce(released.window_ids, '{}'), fresh.cost_nanos, 'charge', fresh.is_estimated, '',
               now(), pg_current_xact_id()::text::bigint
        FROM fresh LEFT JOIN released USING (call_id)
        WHERE fresh.cost_nanos <> 0 OR released.call_id IS NOT NULL  -- of nothing, too: it says where a correction goes
        RETURNING window_ids, amount_nanos
    ), changes AS (
        SELECT id, sum(spent) AS spent, sum(freed) AS freed FROM (
            SELECT unnest(window_ids) AS id, amount_nanos AS spent, 0 AS freed FROM entries
            UNION ALL
            SELECT unnest(window_ids), 0, amount_nanos FROM released) AS every_change
        GROUP BY id
    )
    UPDATE governance_budgetwindow win
    SET spent_nanos = win.spent_nanos + changes.spent, reserved_nanos = win.reserved_nanos - changes.freed
    FROM changes WHERE win.id = changes.id;

    IF jsonb_array_length(contents) > 0 THEN
        PERFORM gatehouse_store_bodies(contents);
    END IF;

    -- A call settled after its hold had expired (a process that hung, and came back): the estimate is corrected.
    IF held < cardinality(call_ids) AND EXISTS (
        SELECT FROM governance_ledgerentry entry WHERE entry.call_id = ANY (call_ids) AND entry.kind = 'expiry')
    THEN
        PERFORM gatehouse_correct_expired(records);
    END IF;
END $$;


-- A key's bytes never change but once: when they are erased. After that nothing changes.
CREATE FUNCTION gatehouse_guard_team_key() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE TRIGGER only_erased BEFORE UPDATE ON governance_teamkey
    FOR EACH ROW EXECUTE FUNCTION gatehouse_guard_team_key();

-- Who has looked stays on record.
CREATE FUNCTION gatehouse_refuse_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is never deleted from', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE ON governance_rawaccess
    FOR EACH STATEMENT EXECUTE FUNCTION gatehouse_refuse_update();
CREATE TRIGGER never_deleted BEFORE DELETE ON governance_rawaccess
    FOR EACH STATEMENT EXECUTE FUNCTION gatehouse_refuse_delete();
