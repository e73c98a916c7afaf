DROP FUNCTION gatehouse_correct(jsonb);
DROP FUNCTION gatehouse_locked_windows(jsonb);
DROP FUNCTION gatehouse_open_windows(jsonb);
DROP FUNCTION gatehouse_other_windows(jsonb, bigint[], bigint[]);
DROP FUNCTION gatehouse_reserve(jsonb, jsonb, uuid);
CREATE FUNCTION gatehouse_reserve(windows jsonb, holds jsonb, instance uuid)
RETURNS TABLE (n int, admitted boolean, budget_id bigint, remaining_nanos bigint)
LANGUAGE plpgsql AS $$
DECLARE
    ids bigint[];
    budgets bigint[];
    used bigint[];
    limits bigint[];
    added bigint[];
    accepted int[] := '{}';
    item record;
    w int;
    short int;
BEGIN
    INSERT INTO governance_budgetwindow (budget_id, starts_at, ends_at, spent_nanos, reserved_nanos)
    SELECT x.b, x.s, x.e, 0, 0
    FROM jsonb_to_recordset(windows) AS x(n int, b bigint, s timestamptz, e timestamptz)
    JOIN governance_budget ON governance_budget.id = x.b
    WHERE NOT EXISTS (
        SELECT FROM governance_budgetwindow old WHERE old.budget_id = x.b AND old.starts_at = x.s)
    ORDER BY x.b, x.s
    ON CONFLICT DO NOTHING;

    PERFORM FROM governance_budgetwindow win
    JOIN jsonb_to_recordset(windows) AS x(b bigint, s timestamptz) ON win.budget_id = x.b AND win.starts_at = x.s
    ORDER BY win.id
    FOR UPDATE OF win;

    -- A statement of its own: it sees what others committed while the locks were waited for, and the limits of now.
    SELECT array_agg(win.id ORDER BY x.n), array_agg(x.b ORDER BY x.n),
           array_agg(win.spent_nanos + win.reserved_nanos ORDER BY x.n),
           array_agg(budget.limit_nanos ORDER BY x.n), array_agg(0::bigint ORDER BY x.n)
    INTO ids, budgets, used, limits, added
    FROM jsonb_to_recordset(windows) AS x(n int, b bigint, s timestamptz)
    LEFT JOIN governance_budgetwindow win ON win.budget_id = x.b AND win.starts_at = x.s
    LEFT JOIN governance_budget budget ON budget.id = x.b;

    -- In the order of arrival: what fits goes in, what does not is refused, whoever comes after may still fit.
    FOR item IN SELECT h.n, h.a, h.w FROM jsonb_to_recordset(holds) AS h(n int, a bigint, w int[]) ORDER BY h.n
    LOOP
        short := NULL;
        FOREACH w IN ARRAY item.w LOOP
            IF used[w] + item.a > limits[w] THEN  -- NULL, so not short, where the budget has been deleted
                short := w;
                EXIT;
            END IF;
        END LOOP;
        n := item.n;
        admitted := short IS NULL;
        budget_id := budgets[short];
        remaining_nanos := limits[short] - used[short];
        RETURN NEXT;
        IF admitted THEN
            accepted := accepted || item.n;
            FOREACH w IN ARRAY item.w LOOP
                used[w] := used[w] + item.a;
                added[w] := added[w] + item.a;
            END LOOP;
        END IF;
    END LOOP;

    INSERT INTO governance_hold (call_id, instance_id, amount_nanos, window_ids, started_at, expires_at, record)
    SELECT h.c, instance, h.a,
           ARRAY(SELECT ids[position] FROM unnest(h.w) AS position WHERE ids[position] IS NOT NULL),
           h.s, now() + make_interval(secs => h.t), h.r
    FROM jsonb_to_recordset(holds) AS h(n int, c uuid, a bigint, w int[], s timestamptz, t float8, r jsonb)
    WHERE h.n = ANY (accepted);

    UPDATE governance_budgetwindow win SET reserved_nanos = win.reserved_nanos + x.amount
    FROM unnest(ids, added) AS x(id, amount)
    WHERE win.id = x.id AND x.amount > 0;
END $$;

CREATE OR REPLACE FUNCTION gatehouse_settle(call_ids uuid[], records jsonb, contents jsonb)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM governance_budgetwindow win
    WHERE win.id IN (
        SELECT unnest(hold.window_ids) FROM governance_hold hold WHERE hold.call_id = ANY (call_ids))
    ORDER BY win.id
    FOR UPDATE;

    WITH fresh AS (  -- a batch sent again after a lost answer finds its records there, and does nothing
        INSERT INTO governance_auditrecord SELECT * FROM jsonb_populate_recordset(NULL::governance_auditrecord, records)
        ON CONFLICT (call_id) DO NOTHING
        RETURNING call_id, cost_nanos, is_estimated
    ), released AS (
        DELETE FROM governance_hold hold WHERE hold.call_id = ANY (call_ids)
        RETURNING hold.call_id, hold.amount_nanos, hold.window_ids
    ), entries AS (
        INSERT INTO governance_ledgerentry (call_id, window_ids, amount_nanos, kind, is_estimated, created_at)
        SELECT fresh.call_id, coalesce(released.window_ids, '{}'), fresh.cost_nanos, 'charge', fresh.is_estimated, now()
        FROM fresh LEFT JOIN released USING (call_id)
        WHERE fresh.cost_nanos <> 0
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
    IF EXISTS (
        SELECT FROM governance_ledgerentry entry WHERE entry.call_id = ANY (call_ids) AND entry.kind = 'expiry')
    THEN
        PERFORM gatehouse_correct_expired(records);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION gatehouse_correct_expired(records jsonb)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM governance_budgetwindow win
    WHERE win.id IN (
        SELECT unnest(entry.window_ids) FROM governance_ledgerentry entry
        JOIN jsonb_to_recordset(records) AS x(call_id uuid) USING (call_id)
        WHERE entry.kind = 'expiry')
    ORDER BY win.id
    FOR UPDATE;

    WITH late AS (
        SELECT entry.call_id, x.cost_nanos - sum(entry.amount_nanos) AS amount
        FROM jsonb_to_recordset(records) AS x(call_id uuid, cost_nanos bigint)
        JOIN governance_ledgerentry entry USING (call_id)
        GROUP BY entry.call_id, x.cost_nanos
        HAVING bool_or(entry.kind = 'expiry') AND x.cost_nanos <> sum(entry.amount_nanos)
    ), entries AS (
        INSERT INTO governance_ledgerentry (call_id, window_ids, amount_nanos, kind, is_estimated, created_at)
        SELECT late.call_id, expiry.window_ids, late.amount, 'correction', false, now()
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

CREATE OR REPLACE FUNCTION gatehouse_expire(silent_seconds float8, at_most int)
RETURNS TABLE (call_id uuid, amount_nanos bigint)
LANGUAGE plpgsql AS $$
DECLARE
    due uuid[];
BEGIN
    SELECT array_agg(candidate.call_id) INTO due FROM (
        SELECT hold.call_id FROM governance_hold hold
        LEFT JOIN governance_gatewayinstance instance ON instance.id = hold.instance_id
        WHERE hold.expires_at < now()
           OR instance.heartbeat_at IS NULL
           OR instance.heartbeat_at < now() - make_interval(secs => silent_seconds)
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
        RETURNING hold.*
    ), recorded AS (
        INSERT INTO governance_auditrecord
        SELECT filled.* FROM released,
        LATERAL jsonb_populate_record(NULL::governance_auditrecord, released.record || jsonb_build_object(
            'call_id', released.call_id, 'started_at', released.started_at, 'status', 'expired',
            'reserved_nanos', released.amount_nanos, 'cost_nanos', released.amount_nanos, 'is_estimated', true,
            'duration_ms', extract(epoch FROM now() - released.started_at) * 1000)) AS filled
        ON CONFLICT ON CONSTRAINT governance_auditrecord_pkey DO NOTHING
        RETURNING governance_auditrecord.call_id
    ), entries AS (
        INSERT INTO governance_ledgerentry (call_id, window_ids, amount_nanos, kind, is_estimated, created_at)
        SELECT released.call_id, released.window_ids, released.amount_nanos, 'expiry', true, now()
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
    SELECT released.call_id, released.amount_nanos FROM released;
END $$;

DROP FUNCTION gatehouse_blank_record();
