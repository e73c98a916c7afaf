DROP TRIGGER append_only ON governance_rawaccess;
DROP TRIGGER never_deleted ON governance_rawaccess;
DROP FUNCTION gatehouse_refuse_delete();
DROP TRIGGER only_erased ON governance_teamkey;
DROP FUNCTION gatehouse_guard_team_key();

CREATE OR REPLACE FUNCTION gatehouse_blank_record() RETURNS governance_auditrecord LANGUAGE sql STABLE AS $$
    SELECT jsonb_populate_record(NULL::governance_auditrecord, jsonb_build_object(
        'xact_id', pg_current_xact_id()::text::bigint, 'tier', '', 'cache_write_1h_tokens', 0, 'images', 0,
        'max_tokens', 0, 'prompt_digest', '', 'prefix_digest', '', 'prefix_tokens', 0,
        'checks', '{}'::jsonb, 'is_flagged', false))
$$;


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
    ), content AS (
        INSERT INTO governance_auditcontent
        SELECT * FROM jsonb_populate_recordset(NULL::governance_auditcontent, contents)
        ON CONFLICT (call_id) DO NOTHING
    )
    UPDATE governance_budgetwindow win
    SET spent_nanos = win.spent_nanos + changes.spent, reserved_nanos = win.reserved_nanos - changes.freed
    FROM changes WHERE win.id = changes.id;

    -- A call settled after its hold had expired (a process that hung, and came back): the estimate is corrected.
    IF held < cardinality(call_ids) AND EXISTS (
        SELECT FROM governance_ledgerentry entry WHERE entry.call_id = ANY (call_ids) AND entry.kind = 'expiry')
    THEN
        PERFORM gatehouse_correct_expired(records);
    END IF;
END $$;
