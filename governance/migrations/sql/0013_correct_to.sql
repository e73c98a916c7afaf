-- Makes calls cost what they turned out to: [{call_id, cost_nanos, note}, …]. What their entries come to is looked at under
-- the windows' locks, so that whoever else corrects, or settles late, is neither lost nor doubled. Returns what was posted.
CREATE FUNCTION gatehouse_correct_to(targets jsonb)
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
