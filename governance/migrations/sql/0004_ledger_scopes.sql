-- The ledger, for budgets of any scope: a window per subject, soft budgets, grants; and what rollups tell records by.

-- A record in which everything is at its default, so that one made by an older process is complete, too.
CREATE FUNCTION gatehouse_blank_record() RETURNS governance_auditrecord LANGUAGE sql STABLE AS $$
    SELECT jsonb_populate_record(NULL::governance_auditrecord, jsonb_build_object(
        'xact_id', pg_current_xact_id()::text::bigint, 'tier', '', 'cache_write_1h_tokens', 0, 'images', 0,
        'max_tokens', 0, 'prompt_digest', '', 'prefix_digest', '', 'prefix_tokens', 0))
$$;

DROP FUNCTION gatehouse_reserve(jsonb, jsonb, uuid);

-- `remaining_nanos` is what is left in the first window that is short, `window_n` its number.
CREATE FUNCTION gatehouse_reserve(windows jsonb, holds jsonb, instance uuid)
RETURNS TABLE (n int, admitted boolean, window_n int, remaining_nanos bigint)
LANGUAGE plpgsql AS $$
DECLARE
    ids bigint[];
    slots int[];
    used bigint[];
    limits bigint[];
    added bigint[];
    accepted int[] := '{}';
    item record;
    w int;
    short int;
    missing int;
BEGIN
    SELECT found.ids, found.used, found.limits, found.missing INTO ids, used, limits, missing
    FROM gatehouse_locked_windows(windows) AS found;
    IF missing > 0 THEN  -- the first call of a period
        PERFORM gatehouse_open_windows(windows);
        SELECT found.ids, found.used, found.limits, found.missing INTO ids, used, limits, missing
        FROM gatehouse_locked_windows(windows) AS found;
    END IF;
    SELECT array_agg(number ORDER BY number), array_agg(0::bigint) INTO slots, added
    FROM generate_subscripts(ids, 1) AS number;
    IF missing > 0 THEN
        SELECT found.ids, found.slots, found.used INTO ids, slots, used
        FROM gatehouse_other_windows(windows, ids, used) AS found;
    END IF;

    -- In the order of arrival: what fits goes in, what does not is refused, whoever comes after may still fit.
    FOR item IN SELECT h.n, h.a, h.w FROM jsonb_to_recordset(holds) AS h(n int, a bigint, w int[]) ORDER BY h.n
    LOOP
        short := NULL;
        FOREACH w IN ARRAY item.w LOOP
            IF used[slots[w]] + item.a > limits[w] THEN
                short := w;
                EXIT;
            END IF;
        END LOOP;
        n := item.n;
        admitted := short IS NULL;
        window_n := short;
        remaining_nanos := limits[short] - used[slots[short]];
        RETURN NEXT;
        IF admitted THEN
            accepted := accepted || item.n;
            FOREACH w IN ARRAY item.w LOOP
                used[slots[w]] := used[slots[w]] + item.a;
                added[slots[w]] := added[slots[w]] + item.a;
            END LOOP;
        END IF;
    END LOOP;

    INSERT INTO governance_hold (call_id, instance_id, amount_nanos, window_ids, started_at, expires_at, record)
    SELECT h.c, instance, h.a,
           ARRAY(SELECT ids[position] FROM unnest(h.w) AS position WHERE ids[position] IS NOT NULL),
           h.s, now() + make_interval(secs => h.t), h.r
    FROM jsonb_to_recordset(holds) AS h(n int, c uuid, a bigint, w int[], s timestamptz, t float8, r jsonb)
    WHERE h.n = ANY (accepted);

    UPDATE governance_budgetwindow win
    SET reserved_nanos = win.reserved_nanos + x.amount,
        limit_nanos = CASE WHEN x.most IS NOT NULL THEN greatest(win.limit_nanos, x.most) END
    FROM unnest(ids, added, limits) AS x(id, amount, most)
    WHERE win.id = x.id AND x.amount > 0;
END $$;


-- Locks windows in the order of their ids, and says of each, by its number, what it is, what is used of it, and its limit:
-- none where the budget is soft or has been deleted. A locked row is read as it is when the lock is had.
CREATE FUNCTION gatehouse_locked_windows(
    windows jsonb, OUT ids bigint[], OUT used bigint[], OUT limits bigint[], OUT missing int)
LANGUAGE plpgsql AS $$  -- which keeps its plan
BEGIN
    WITH asked AS MATERIALIZED (
        SELECT x.n, x.b, x.u, x.s, budget.id AS budget_id, CASE WHEN budget.is_hard THEN budget.limit_nanos + (
            SELECT coalesce(sum(g.amount), 0) FROM governance_grant g
            WHERE g.budget_id = x.b AND g.subject IN ('', x.u) AND g.revoked_at IS NULL
              AND g.starts_at <= now() AND now() < g.ends_at)::bigint END AS most
        FROM jsonb_to_recordset(windows) AS x(n int, b bigint, u text, s timestamptz)
        LEFT JOIN governance_budget budget ON budget.id = x.b
    ), locked AS MATERIALIZED (
        SELECT win.id, win.budget_id, win.subject, win.starts_at, win.spent_nanos + win.reserved_nanos AS used
        FROM governance_budgetwindow win
        WHERE EXISTS (
            SELECT FROM asked WHERE win.budget_id = asked.b AND win.starts_at = asked.s
            AND win.subject IN (asked.u, '(other)'))
        ORDER BY win.id
        FOR UPDATE OF win
    )
    SELECT array_agg(locked.id ORDER BY asked.n), array_agg(locked.used ORDER BY asked.n),
           array_agg(asked.most ORDER BY asked.n),
           (count(*) FILTER (WHERE asked.budget_id IS NOT NULL AND locked.id IS NULL))::int
    INTO ids, used, limits, missing
    FROM asked
    LEFT JOIN locked ON locked.budget_id = asked.b AND locked.starts_at = asked.s AND locked.subject = asked.u;
END $$;


-- Makes the windows that are not there. Values are told apart up to a number: MOST_SUBJECTS of governance/policy/scopes.py.
CREATE FUNCTION gatehouse_open_windows(windows jsonb) RETURNS void LANGUAGE sql AS $$
    INSERT INTO governance_budgetwindow (budget_id, subject, starts_at, ends_at, spent_nanos, reserved_nanos)
    SELECT x.b, x.u, x.s, x.e, 0, 0
    FROM jsonb_to_recordset(windows) AS x(n int, b bigint, u text, s timestamptz, e timestamptz)
    JOIN governance_budget ON governance_budget.id = x.b
    WHERE NOT EXISTS (
        SELECT FROM governance_budgetwindow old WHERE old.budget_id = x.b AND old.starts_at = x.s AND old.subject = x.u)
      AND (x.u = '' OR (
        SELECT count(*) FROM governance_budgetwindow old WHERE old.budget_id = x.b AND old.starts_at = x.s) < 10000)
    ORDER BY x.b, x.s, x.u
    ON CONFLICT DO NOTHING
$$;


-- The windows of subjects beyond those that are told apart: one per budget and period, which they share. `slots` says
-- which of several numbers that mean one window is counted on.
CREATE FUNCTION gatehouse_other_windows(windows jsonb, INOUT ids bigint[], INOUT used bigint[], OUT slots int[])
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO governance_budgetwindow (budget_id, subject, starts_at, ends_at, spent_nanos, reserved_nanos)
    SELECT DISTINCT x.b, '(other)', x.s, x.e, 0, 0
    FROM jsonb_to_recordset(windows) AS x(n int, b bigint, s timestamptz, e timestamptz)
    JOIN governance_budget ON governance_budget.id = x.b
    WHERE ids[x.n] IS NULL
    ON CONFLICT DO NOTHING;

    PERFORM FROM governance_budgetwindow win
    JOIN jsonb_to_recordset(windows) AS x(n int, b bigint, s timestamptz)
    ON ids[x.n] IS NULL AND win.budget_id = x.b AND win.starts_at = x.s AND win.subject = '(other)'
    ORDER BY win.id
    FOR UPDATE OF win;

    WITH found AS (
        SELECT x.n, coalesce(ids[x.n], win.id) AS id,
               CASE WHEN ids[x.n] IS NULL THEN win.spent_nanos + win.reserved_nanos ELSE used[x.n] END AS used
        FROM jsonb_to_recordset(windows) AS x(n int, b bigint, s timestamptz)
        LEFT JOIN governance_budgetwindow win
        ON ids[x.n] IS NULL AND win.budget_id = x.b AND win.starts_at = x.s AND win.subject = '(other)'
    ), numbered AS (
        SELECT n, id, found.used, coalesce(min(n) OVER (PARTITION BY id), n) AS slot FROM found WHERE id IS NOT NULL
        UNION ALL
        SELECT n, id, found.used, n FROM found WHERE id IS NULL
    )
    SELECT array_agg(numbered.id ORDER BY n), array_agg(numbered.used ORDER BY n), array_agg(slot ORDER BY n)
    INTO ids, used, slots FROM numbered;
END $$;


-- As before, with the writing transaction beside each record and entry.
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
        LATERAL jsonb_populate_record(gatehouse_blank_record(), released.record || jsonb_build_object(
            'call_id', released.call_id, 'started_at', released.started_at, 'status', 'expired',
            'reserved_nanos', released.amount_nanos, 'cost_nanos', released.amount_nanos, 'is_estimated', true,
            'duration_ms', extract(epoch FROM now() - released.started_at) * 1000)) AS filled
        ON CONFLICT ON CONSTRAINT governance_auditrecord_pkey DO NOTHING
        RETURNING governance_auditrecord.call_id
    ), entries AS (
        INSERT INTO governance_ledgerentry (
            call_id, window_ids, amount_nanos, kind, is_estimated, note, created_at, xact_id)
        SELECT released.call_id, released.window_ids, released.amount_nanos, 'expiry', true, '', now(), pg_current_xact_id()::text::bigint
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


-- Posts corrections: [{call_id, amount_nanos, note, kind?}, …], each to the windows its call was charged in, as an entry of its
-- own. Returns how many were posted: of calls that are on record, and other than zero.
CREATE FUNCTION gatehouse_correct(corrections jsonb)
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
        SELECT x.call_id, coalesce(first.window_ids, '{}'), x.amount_nanos, coalesce(x.kind, 'correction'), false, x.note, now(), pg_current_xact_id()::text::bigint
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
