-- Corrections of what calls cost, each an entry of its own: nothing that was posted is changed.

-- Posts corrections: [{call_id, amount_nanos, note, kind?}, …], each to the windows its call was charged in. Returns how many
-- were posted: of calls that are on record, and other than zero.
CREATE OR REPLACE FUNCTION gatehouse_correct(corrections jsonb)
RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
    posted int;
BEGIN
    PERFORM FROM governance_budgetwindow win
    WHERE win.id IN (
        SELECT unnest(entry.window_ids) FROM governance_ledgerentry entry
        JOIN jsonb_to_recordset(corrections) AS x(call_id uuid) USING (call_id)
        WHERE entry.kind <> 'correction')
    ORDER BY win.id
    FOR UPDATE;

    WITH entries AS (
        INSERT INTO governance_ledgerentry (
            call_id, window_ids, amount_nanos, kind, is_estimated, note, created_at, xact_id)
        SELECT x.call_id, coalesce(first.window_ids, '{}'), x.amount_nanos, coalesce(x.kind, 'correction'), false,
               x.note, now(), pg_current_xact_id()::text::bigint
        FROM jsonb_to_recordset(corrections) AS x(call_id uuid, amount_nanos bigint, note text, kind text)
        JOIN governance_auditrecord USING (call_id)
        LEFT JOIN governance_ledgerentry first ON first.call_id = x.call_id AND first.kind IN ('charge', 'expiry')
        WHERE x.amount_nanos <> 0
        RETURNING window_ids, amount_nanos
    ), sums AS (
        SELECT id, sum(amount_nanos) AS spent FROM (
            SELECT unnest(window_ids) AS id, amount_nanos FROM entries) AS changes
        GROUP BY id
    ), updated AS (
        UPDATE governance_budgetwindow win SET spent_nanos = win.spent_nanos + sums.spent
        FROM sums WHERE win.id = sums.id
    )
    SELECT count(*) INTO posted FROM entries;
    RETURN posted;
END $$;


-- Makes calls cost what they turned out to: [{call_id, cost_nanos, note}, …]. What their entries come to is looked at under
-- the windows' locks, so that whoever else corrects, or settles late, is neither lost nor doubled. Returns what was posted.
CREATE OR REPLACE FUNCTION gatehouse_correct_to(targets jsonb)
RETURNS TABLE (call_id uuid, amount_nanos bigint)
LANGUAGE plpgsql AS $$
DECLARE
    corrections jsonb;
BEGIN
    PERFORM FROM governance_budgetwindow win
    WHERE win.id IN (
        SELECT unnest(entry.window_ids) FROM governance_ledgerentry entry
        JOIN jsonb_to_recordset(targets) AS x(call_id uuid) ON x.call_id = entry.call_id
        WHERE entry.kind <> 'correction')
    ORDER BY win.id
    FOR UPDATE;

    -- A statement of its own: it sees what others committed while the locks were waited for.
    SELECT jsonb_agg(jsonb_build_object('call_id', late.call_id, 'amount_nanos', late.amount, 'note', late.note))
    INTO corrections
    FROM (
        SELECT x.call_id, x.note, x.cost_nanos - coalesce(sum(entry.amount_nanos), 0)::bigint AS amount
        FROM jsonb_to_recordset(targets) AS x(call_id uuid, cost_nanos bigint, note text)
        JOIN governance_auditrecord record ON record.call_id = x.call_id
        LEFT JOIN governance_ledgerentry entry ON entry.call_id = x.call_id
        GROUP BY x.call_id, x.note, x.cost_nanos) AS late
    WHERE late.amount <> 0;

    IF corrections IS NOT NULL THEN
        PERFORM gatehouse_correct(corrections);
        RETURN QUERY SELECT y.call_id, y.amount_nanos
        FROM jsonb_to_recordset(corrections) AS y(call_id uuid, amount_nanos bigint);
    END IF;
END $$;
