-- Reserving for a batch of calls. What it promises is in governance/limits/services/ledger.py. Whoever locks windows locks them in the
-- order of their ids, before any hold: so nobody deadlocks over windows.

-- `windows` are [{number, budget_id, subject, starts_at, ends_at}, …], numbered from 1. `holds` are [{number, call_id,
-- amount_nanos, least_nanos, windows, started_at, lifetime_seconds, record}, …] in the order of arrival, `windows` being numbers
-- of those. A call holds the whole amount where that is no more than a tenth of what is left in each window; else that tenth, but
-- no less than its least amount, with which it begins (gatehouse_extend goes on from there). Soft windows limit nothing.
-- Of each call: whether it is admitted, and what it holds; if not, the number of the first window that is short, and what is left
-- in it.
CREATE OR REPLACE FUNCTION gatehouse_reserve(windows jsonb, holds jsonb, instance uuid)
RETURNS TABLE (number int, admitted boolean, short_window int, remaining_nanos bigint, held_nanos bigint)
LANGUAGE plpgsql AS $$
DECLARE
    ids bigint[];
    slots int[];
    used bigint[];
    limits bigint[];
    added bigint[];
    accepted int[] := '{}';
    amounts bigint[] := '{}';
    item record;
    place int;
    short int;
    missing int;
    room bigint;
BEGIN
    SELECT found.ids, found.used, found.limits, found.missing INTO ids, used, limits, missing
    FROM gatehouse_locked_windows(windows) AS found;
    IF missing > 0 THEN  -- the first call of a period
        PERFORM gatehouse_open_windows(windows);
        SELECT found.ids, found.used, found.limits, found.missing INTO ids, used, limits, missing
        FROM gatehouse_locked_windows(windows) AS found;
    END IF;
    SELECT array_agg(position ORDER BY position), array_agg(0::bigint) INTO slots, added
    FROM generate_subscripts(ids, 1) AS position;
    IF missing > 0 THEN
        SELECT found.ids, found.slots, found.used INTO ids, slots, used
        FROM gatehouse_other_windows(windows, ids, used) AS found;
    END IF;

    -- In the order of arrival: what fits goes in, what does not is refused, whoever comes after may still fit.
    FOR item IN
        SELECT hold.number, hold.amount_nanos, hold.least_nanos, hold.windows
        FROM jsonb_to_recordset(holds) AS hold(number int, amount_nanos bigint, least_nanos bigint, windows int[])
        ORDER BY hold.number
    LOOP
        short := NULL;
        room := NULL;
        FOREACH place IN ARRAY item.windows LOOP
            IF used[slots[place]] + item.least_nanos > limits[place] THEN
                short := place;
                EXIT;
            END IF;
            room := least(room, limits[place] - used[slots[place]]);
        END LOOP;
        number := item.number;
        admitted := short IS NULL;
        held_nanos := greatest(item.least_nanos, least(item.amount_nanos, room / 10));
        short_window := short;
        remaining_nanos := limits[short] - used[slots[short]];
        RETURN NEXT;
        IF admitted THEN
            accepted := accepted || item.number;
            amounts := amounts || held_nanos;
            FOREACH place IN ARRAY item.windows LOOP
                used[slots[place]] := used[slots[place]] + held_nanos;
                added[slots[place]] := added[slots[place]] + held_nanos;
            END LOOP;
        END IF;
    END LOOP;

    INSERT INTO governance_hold (call_id, instance_id, amount_nanos, window_ids, started_at, expires_at, record)
    SELECT hold.call_id, instance, accepted.amount,
           ARRAY(SELECT ids[position] FROM unnest(hold.windows) AS position WHERE ids[position] IS NOT NULL),
           hold.started_at, now() + make_interval(secs => hold.lifetime_seconds), hold.record
    FROM jsonb_to_recordset(holds) AS hold(
        number int, call_id uuid, windows int[], started_at timestamptz, lifetime_seconds float8, record jsonb)
    JOIN unnest(accepted, amounts) AS accepted(number, amount) USING (number);

    UPDATE governance_budgetwindow win
    SET reserved_nanos = win.reserved_nanos + change.amount,
        limit_nanos = CASE WHEN change.most IS NOT NULL THEN greatest(win.limit_nanos, change.most) END
    FROM unnest(ids, added, limits) AS change(id, amount, most)
    WHERE win.id = change.id AND change.amount > 0;
END $$;


-- Takes back what was reserved for calls, as if it never was: of a batch that is sent again, since nobody knows whether Postgres
-- took it before the connection was lost.
CREATE OR REPLACE FUNCTION gatehouse_unreserve(call_ids uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM governance_budgetwindow win
    WHERE win.id IN (
        SELECT unnest(hold.window_ids) FROM governance_hold hold WHERE hold.call_id = ANY (call_ids))
    ORDER BY win.id
    FOR UPDATE;

    WITH released AS (
        DELETE FROM governance_hold hold WHERE hold.call_id = ANY (call_ids)
        RETURNING hold.amount_nanos, hold.window_ids
    ), freed AS (
        SELECT id, sum(amount_nanos) AS amount FROM released, unnest(window_ids) AS id GROUP BY id
    )
    UPDATE governance_budgetwindow win
    SET reserved_nanos = win.reserved_nanos - freed.amount
    FROM freed WHERE win.id = freed.id;
END $$;


-- Adds to holds that are open: `asks` are [{number, call_id, amount_nanos}, …], in the order of arrival. Of each: what it holds more
-- now, which is as much of the amount as is left in every window; 0 where nothing is, or where the hold is gone.
CREATE OR REPLACE FUNCTION gatehouse_extend(asks jsonb)
RETURNS TABLE (number int, more_nanos bigint)
LANGUAGE plpgsql AS $$
DECLARE
    item record;
BEGIN
    PERFORM FROM governance_budgetwindow win
    WHERE win.id IN (
        SELECT unnest(hold.window_ids) FROM governance_hold hold
        JOIN jsonb_to_recordset(asks) AS x(call_id uuid) ON x.call_id = hold.call_id)
    ORDER BY win.id
    FOR UPDATE;

    FOR item IN
        SELECT x.number, x.call_id, x.amount_nanos
        FROM jsonb_to_recordset(asks) AS x(number int, call_id uuid, amount_nanos bigint) ORDER BY x.number
    LOOP
        number := item.number;
        SELECT greatest(0, least(item.amount_nanos, min(
            gatehouse_limit(win.budget_id, win.subject) - win.spent_nanos - win.reserved_nanos))) INTO more_nanos
        FROM governance_hold hold JOIN governance_budgetwindow win ON win.id = ANY (hold.window_ids)
        WHERE hold.call_id = item.call_id;

        UPDATE governance_hold hold SET amount_nanos = hold.amount_nanos + more_nanos WHERE hold.call_id = item.call_id;
        IF FOUND THEN
            UPDATE governance_budgetwindow win
            SET reserved_nanos = win.reserved_nanos + more_nanos,
                limit_nanos = greatest(win.limit_nanos, gatehouse_limit(win.budget_id, win.subject))
            FROM governance_hold hold
            WHERE hold.call_id = item.call_id AND win.id = ANY (hold.window_ids);
        ELSE
            more_nanos := 0;  -- it has expired
        END IF;
        RETURN NEXT;
    END LOOP;
END $$;


-- What a subject may spend of a budget now, with what has been granted for a time: none where the budget is soft or deleted.
CREATE OR REPLACE FUNCTION gatehouse_limit(budget bigint, whose text) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT b.limit_nanos + (
        SELECT coalesce(sum(g.amount), 0) FROM governance_grant g
        WHERE g.budget_id = b.id AND g.subject IN ('', whose) AND g.revoked_at IS NULL
          AND g.starts_at <= now() AND now() < g.ends_at)::bigint
    FROM governance_budget b WHERE b.id = budget AND b.is_hard
$$;


-- Locks windows in the order of their ids, and says of each, by its number, what it is, what is used of it, and its limit:
-- none where the budget is soft or has been deleted. A locked row is read as it is when the lock is had.
CREATE OR REPLACE FUNCTION gatehouse_locked_windows(
    windows jsonb, OUT ids bigint[], OUT used bigint[], OUT limits bigint[], OUT missing int)
LANGUAGE plpgsql AS $$  -- which keeps its plan
BEGIN
    WITH asked AS MATERIALIZED (
        SELECT x.number, x.budget_id, x.subject, x.starts_at, budget.id IS NOT NULL AS has_budget,
               CASE WHEN budget.is_hard THEN budget.limit_nanos + (
                   SELECT coalesce(sum(g.amount), 0) FROM governance_grant g
                   WHERE g.budget_id = x.budget_id AND g.subject IN ('', x.subject) AND g.revoked_at IS NULL
                     AND g.starts_at <= now() AND now() < g.ends_at)::bigint END AS most
        FROM jsonb_to_recordset(windows) AS x(number int, budget_id bigint, subject text, starts_at timestamptz)
        LEFT JOIN governance_budget budget ON budget.id = x.budget_id
    ), locked AS MATERIALIZED (
        SELECT win.id, win.budget_id, win.subject, win.starts_at, win.spent_nanos + win.reserved_nanos AS used
        FROM governance_budgetwindow win
        WHERE EXISTS (
            SELECT FROM asked WHERE win.budget_id = asked.budget_id AND win.starts_at = asked.starts_at
            AND win.subject IN (asked.subject, '(other)'))
        ORDER BY win.id
        FOR UPDATE OF win
    )
    SELECT array_agg(locked.id ORDER BY asked.number), array_agg(locked.used ORDER BY asked.number),
           array_agg(asked.most ORDER BY asked.number),
           (count(*) FILTER (WHERE asked.has_budget AND locked.id IS NULL))::int
    INTO ids, used, limits, missing
    FROM asked
    LEFT JOIN locked ON locked.budget_id = asked.budget_id AND locked.starts_at = asked.starts_at
        AND locked.subject = asked.subject;
END $$;


-- Makes the windows that are not there. Values are told apart up to a number, which governance/limits/policy/scopes.py names.
CREATE OR REPLACE FUNCTION gatehouse_open_windows(windows jsonb) RETURNS void LANGUAGE sql AS $$
    INSERT INTO governance_budgetwindow (budget_id, subject, starts_at, ends_at, spent_nanos, reserved_nanos)
    SELECT x.budget_id, x.subject, x.starts_at, x.ends_at, 0, 0
    FROM jsonb_to_recordset(windows) AS x(budget_id bigint, subject text, starts_at timestamptz, ends_at timestamptz)
    JOIN governance_budget ON governance_budget.id = x.budget_id
    WHERE NOT EXISTS (
        SELECT FROM governance_budgetwindow old
        WHERE old.budget_id = x.budget_id AND old.starts_at = x.starts_at AND old.subject = x.subject)
      AND (x.subject = '' OR (
        SELECT count(*) FROM governance_budgetwindow old
        WHERE old.budget_id = x.budget_id AND old.starts_at = x.starts_at) < 10000)
    ORDER BY x.budget_id, x.starts_at, x.subject
    ON CONFLICT DO NOTHING
$$;


-- The windows of subjects beyond those that are told apart: one per budget and period, which they share. `slots` says
-- which of several numbers that mean one window is counted on.
CREATE OR REPLACE FUNCTION gatehouse_other_windows(
    windows jsonb, INOUT ids bigint[], INOUT used bigint[], OUT slots int[])
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO governance_budgetwindow (budget_id, subject, starts_at, ends_at, spent_nanos, reserved_nanos)
    SELECT DISTINCT x.budget_id, '(other)', x.starts_at, x.ends_at, 0, 0
    FROM jsonb_to_recordset(windows) AS x(
        number int, budget_id bigint, starts_at timestamptz, ends_at timestamptz)
    JOIN governance_budget ON governance_budget.id = x.budget_id
    WHERE ids[x.number] IS NULL
    ON CONFLICT DO NOTHING;

    PERFORM FROM governance_budgetwindow win
    JOIN jsonb_to_recordset(windows) AS x(number int, budget_id bigint, starts_at timestamptz)
    ON ids[x.number] IS NULL AND win.budget_id = x.budget_id AND win.starts_at = x.starts_at
        AND win.subject = '(other)'
    ORDER BY win.id
    FOR UPDATE OF win;

    WITH found AS (
        SELECT x.number, coalesce(ids[x.number], win.id) AS id,
               CASE WHEN ids[x.number] IS NULL THEN win.spent_nanos + win.reserved_nanos ELSE used[x.number] END AS used
        FROM jsonb_to_recordset(windows) AS x(number int, budget_id bigint, starts_at timestamptz)
        LEFT JOIN governance_budgetwindow win
        ON ids[x.number] IS NULL AND win.budget_id = x.budget_id AND win.starts_at = x.starts_at
            AND win.subject = '(other)'
    ), numbered AS (
        SELECT number, id, found.used, coalesce(min(number) OVER (PARTITION BY id), number) AS slot
        FROM found WHERE id IS NOT NULL
        UNION ALL
        SELECT number, id, found.used, number FROM found WHERE id IS NULL
    )
    SELECT array_agg(numbered.id ORDER BY number), array_agg(numbered.used ORDER BY number),
           array_agg(slot ORDER BY number)
    INTO ids, used, slots FROM numbered;
END $$;
