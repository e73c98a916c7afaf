-- What a batch holds for all its calls before the first is made, and how each call takes its part of it
-- (docs/decisions/0040). It is a hold like any other, under the batch's id and of no process: it is never charged.

-- Reserves for one call, out of what its batch holds as far as that goes, and of what is free beyond: in one transaction, so that
-- nobody comes between. `windows` and `holds` are those of gatehouse_reserve, for one call. What was taken comes back where the
-- call is not admitted.
CREATE OR REPLACE FUNCTION gatehouse_draw(batch uuid, windows jsonb, holds jsonb, instance uuid)
RETURNS TABLE (admitted boolean, short_window int, remaining_nanos bigint, held_nanos bigint, drawn_nanos bigint)
LANGUAGE plpgsql AS $$
DECLARE
    wanted bigint := (holds -> 0 ->> 'amount_nanos')::bigint;
    least_wanted bigint := (holds -> 0 ->> 'least_nanos')::bigint;
    places bigint[];
    found record;
BEGIN
    -- All windows first, in the order of their ids, the batch's own and the call's.
    PERFORM FROM governance_budgetwindow win
    WHERE win.id IN (SELECT unnest(hold.window_ids) FROM governance_hold hold WHERE hold.call_id = batch)
       OR EXISTS (
            SELECT FROM jsonb_to_recordset(windows) AS x(budget_id bigint, subject text, starts_at timestamptz)
            WHERE win.budget_id = x.budget_id AND win.starts_at = x.starts_at AND win.subject IN (x.subject, '(other)'))
    ORDER BY win.id
    FOR UPDATE;

    SELECT least(hold.amount_nanos, wanted), hold.window_ids INTO drawn_nanos, places
    FROM governance_hold hold WHERE hold.call_id = batch FOR UPDATE;
    drawn_nanos := coalesce(drawn_nanos, 0);  -- none where the batch has ended
    PERFORM gatehouse_move_hold(batch, places, -drawn_nanos);

    -- What was held for it is held on: no less than that.
    SELECT r.admitted, r.short_window, r.remaining_nanos, r.held_nanos INTO found
    FROM gatehouse_reserve(
        windows, jsonb_set(holds, '{0,least_nanos}', to_jsonb(greatest(least_wanted, drawn_nanos))), instance) AS r;
    IF NOT found.admitted THEN
        PERFORM gatehouse_move_hold(batch, places, drawn_nanos);
        drawn_nanos := 0;
    END IF;
    admitted := found.admitted;
    short_window := found.short_window;
    remaining_nanos := found.remaining_nanos;
    held_nanos := found.held_nanos;
    RETURN NEXT;
END $$;


-- Moves a batch's hold by so much, and what is reserved in its windows, which are locked.
CREATE OR REPLACE FUNCTION gatehouse_move_hold(batch uuid, places bigint[], change bigint) RETURNS void LANGUAGE sql AS $$
    UPDATE governance_hold SET amount_nanos = amount_nanos + change WHERE call_id = batch AND change <> 0;
    UPDATE governance_budgetwindow SET reserved_nanos = reserved_nanos + change
    WHERE id = ANY (places) AND change <> 0;
$$;
