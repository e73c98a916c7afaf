-- The end of calls: settling a batch, and expiring what was left behind. Windows are locked first, in the order of their ids.

-- Writes the records of a batch with their contents, releases the holds, and charges the windows that reserved. A batch sent
-- again does nothing twice. Where it comes after `late_at`, the moment from which on callers are told that their records are late,
-- the records say so, too: returned is whose.
DROP FUNCTION IF EXISTS gatehouse_settle(uuid[], json, jsonb);
CREATE OR REPLACE FUNCTION gatehouse_settle(call_ids uuid[], records json, contents jsonb, late_at timestamptz DEFAULT NULL)
RETURNS uuid[]
LANGUAGE plpgsql AS $$
DECLARE
    locked bigint[];
    held int;
    late uuid[];
BEGIN
    IF clock_timestamp() > late_at THEN
        SELECT array_agg((item ->> 'call_id')::uuid) INTO late FROM json_array_elements(records) AS item
        WHERE (item ->> 'late_at')::timestamptz < clock_timestamp();
        SELECT json_agg(CASE WHEN (item ->> 'call_id')::uuid = ANY (late) THEN (item::jsonb || jsonb_build_object(
            'status', 'failed', 'http_status', 503, 'code', 'not_auditable',
            'message', 'The call was made, but its record could not be written in time.'))::json ELSE item END)
        INTO records FROM json_array_elements(records) AS item;
    END IF;

    SELECT array_agg(DISTINCT id), count(DISTINCT hold.call_id) INTO locked, held
    FROM governance_hold hold LEFT JOIN unnest(hold.window_ids) AS id ON true WHERE hold.call_id = ANY (call_ids);
    PERFORM FROM governance_budgetwindow win WHERE win.id = ANY (locked) ORDER BY win.id FOR UPDATE;

    WITH fresh AS (  -- a batch sent again after a lost answer finds its records there, and does nothing
        INSERT INTO governance_auditrecord SELECT * FROM json_populate_recordset(gatehouse_blank_record(), records)
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
    RETURN late;
END $$;


-- Posts the difference for calls that were settled after their hold had expired: the record of that stays as it is.
CREATE OR REPLACE FUNCTION gatehouse_correct_expired(records json)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM governance_budgetwindow win
    WHERE win.id IN (
        SELECT unnest(entry.window_ids) FROM governance_ledgerentry entry
        JOIN json_to_recordset(records) AS x(call_id uuid) USING (call_id)
        WHERE entry.kind = 'expiry')
    ORDER BY win.id
    FOR UPDATE;

    WITH late AS (
        SELECT entry.call_id, x.cost_nanos - sum(entry.amount_nanos) AS amount
        FROM json_to_recordset(records) AS x(call_id uuid, cost_nanos bigint)
        JOIN governance_ledgerentry entry USING (call_id)
        GROUP BY entry.call_id, x.cost_nanos
        HAVING bool_or(entry.kind = 'expiry') AND x.cost_nanos <> sum(entry.amount_nanos)
    ), entries AS (
        INSERT INTO governance_ledgerentry (
            call_id, window_ids, amount_nanos, kind, is_estimated, note, created_at, xact_id)
        SELECT late.call_id, expiry.window_ids, late.amount, 'correction', false, 'settled after its hold expired', now(),
               pg_current_xact_id()::text::bigint
        FROM late JOIN governance_ledgerentry expiry ON expiry.call_id = late.call_id AND expiry.kind = 'expiry'
        RETURNING window_ids, amount_nanos
    ), changes AS (
        SELECT unnest(window_ids) AS id, amount_nanos FROM entries
    ), sums AS (
        SELECT id, sum(amount_nanos) AS spent FROM changes GROUP BY id
    )
    UPDATE governance_budgetwindow win SET spent_nanos = win.spent_nanos + sums.spent
    FROM sums WHERE win.id = sums.id;
END $$;


-- Puts on the holds of streams what they have come to: [{call_id, progress}, …]. It waits for none: a hold that is locked is being
-- ended. So it needs no lock of a window, and holds up nobody.
CREATE OR REPLACE FUNCTION gatehouse_note_progress(notes jsonb) RETURNS void LANGUAGE sql AS $$
    WITH open AS (
        SELECT hold.call_id, x.progress
        FROM jsonb_to_recordset(notes) AS x(call_id uuid, progress jsonb)
        JOIN governance_hold hold ON hold.call_id = x.call_id
        FOR UPDATE OF hold SKIP LOCKED
    )
    UPDATE governance_hold hold SET progress = open.progress FROM open WHERE hold.call_id = open.call_id
$$;


-- Ends holds whose time is over, or whose process has been silent for so long, `at_most` at once: each call is charged what its
-- stream was noted to have come to, else its whole hold; as estimated, and never more than the hold. What batches hold is no
-- process's, and is let go of by who tends them: nothing was asked under it (governance/limits/sql/batches.sql).
CREATE OR REPLACE FUNCTION gatehouse_expire(silent_seconds float8, at_most int)
RETURNS TABLE (call_id uuid, amount_nanos bigint)
LANGUAGE plpgsql AS $$
DECLARE
    due uuid[];
BEGIN
    SELECT array_agg(candidate.call_id) INTO due FROM (
        SELECT hold.call_id FROM governance_hold hold
        LEFT JOIN governance_gatewayinstance instance ON instance.id = hold.instance_id
        WHERE hold.instance_id <> '00000000-0000-0000-0000-000000000000'
          AND (hold.expires_at < now()
               OR instance.heartbeat_at IS NULL
               OR instance.heartbeat_at < now() - make_interval(secs => silent_seconds))
        ORDER BY hold.call_id
        LIMIT at_most) AS candidate;
    IF due IS NULL THEN
        RETURN;
    END IF;

    PERFORM FROM governance_budgetwindow win
    WHERE win.id IN (SELECT unnest(hold.window_ids) FROM governance_hold hold WHERE hold.call_id = ANY (due))
    ORDER BY win.id
    FOR UPDATE;

    RETURN QUERY
    WITH released AS (
        DELETE FROM governance_hold hold WHERE hold.call_id = ANY (due)
        RETURNING hold.*, greatest(0, least(hold.amount_nanos,
            coalesce((hold.progress ->> 'cost_nanos')::bigint, hold.amount_nanos))) AS charge
    ), recorded AS (
        INSERT INTO governance_auditrecord
        SELECT filled.* FROM released,
        LATERAL jsonb_populate_record(gatehouse_blank_record(), released.record || coalesce(released.progress, '{}') || jsonb_build_object(
            'call_id', released.call_id, 'started_at', released.started_at, 'status', 'expired',
            'reserved_nanos', released.amount_nanos, 'cost_nanos', released.charge, 'is_estimated', true,
            'duration_ms', extract(epoch FROM now() - released.started_at) * 1000)) AS filled
        ON CONFLICT ON CONSTRAINT governance_auditrecord_pkey DO NOTHING
        RETURNING governance_auditrecord.call_id
    ), entries AS (
        INSERT INTO governance_ledgerentry (
            call_id, window_ids, amount_nanos, kind, is_estimated, note, created_at, xact_id)
        SELECT released.call_id, released.window_ids, released.charge, 'expiry', true, '', now(),
               pg_current_xact_id()::text::bigint
        FROM released JOIN recorded ON recorded.call_id = released.call_id
        RETURNING governance_ledgerentry.call_id, governance_ledgerentry.window_ids, governance_ledgerentry.amount_nanos
    ), changes AS (
        SELECT id, sum(spent) AS spent, sum(freed) AS freed FROM (
            SELECT unnest(entries.window_ids) AS id, entries.amount_nanos AS spent, 0 AS freed FROM entries
            UNION ALL
            SELECT unnest(released.window_ids), 0, released.amount_nanos FROM released) AS every_change
        GROUP BY id
    ), updated AS (
        UPDATE governance_budgetwindow win
        SET spent_nanos = win.spent_nanos + changes.spent, reserved_nanos = win.reserved_nanos - changes.freed
        FROM changes WHERE win.id = changes.id
    )
    SELECT released.call_id, released.charge FROM released;
END $$;
