-- Usage, summed up. Records commit long after they begin, so no time tells which are in the sums already: the number of
-- the writing transaction does. All below pg_snapshot_xmin() have ended, so what they wrote is complete and will not grow.

-- Records and corrections written by transactions from one number up to, not including, another. A correction counts
-- where its call does: with its cost, and no call. Repairs are not here: the records they repair say the cost already.
CREATE FUNCTION gatehouse_usage_facts(from_xact bigint, to_xact bigint)
RETURNS TABLE (
    started_at timestamptz, team_id bigint, application_id bigint, api_key_id bigint, feature text, end_user text,
    route text, model text, region text, status text, calls int, input_tokens int, output_tokens int,
    cache_read_tokens int, cache_write_tokens int, cost_nanos bigint, duration_us bigint)
LANGUAGE sql STABLE AS $$
    SELECT r.started_at, coalesce(r.team_id, 0), coalesce(r.application_id, 0), coalesce(r.api_key_id, 0), r.feature,
           r.end_user, coalesce(nullif(r.route, ''), r.requested_model), r.model, r.region, r.status, 1, r.input_tokens,
           r.output_tokens, r.cache_read_tokens, r.cache_write_tokens, r.cost_nanos, (r.duration_ms * 1000)::bigint
    FROM governance_auditrecord r
    WHERE r.xact_id >= from_xact AND r.xact_id < to_xact
    UNION ALL
    SELECT r.started_at, coalesce(r.team_id, 0), coalesce(r.application_id, 0), coalesce(r.api_key_id, 0), r.feature,
           r.end_user, coalesce(nullif(r.route, ''), r.requested_model), r.model, r.region, r.status, 0, 0, 0, 0, 0,
           e.amount_nanos, 0
    FROM governance_ledgerentry e JOIN governance_auditrecord r ON r.call_id = e.call_id
    WHERE e.kind = 'correction' AND e.xact_id >= from_xact AND e.xact_id < to_xact
$$;


-- Takes into the sums what has been written since. Returns how many records and corrections. One at a time.
CREATE FUNCTION gatehouse_roll_up(zone text, most_features int, most_end_users int)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    low bigint;
    high bigint;
    taken bigint;
BEGIN
    INSERT INTO governance_rollupstate (id, watermark, time_zone) VALUES (1, 0, zone) ON CONFLICT DO NOTHING;
    SELECT watermark INTO low FROM governance_rollupstate FOR UPDATE;
    high := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;

    -- Not "CREATE TEMP TABLE": a catalogue that grows with every minute is no good.
    WITH facts AS MATERIALIZED (
        SELECT date_trunc('hour', f.started_at) AS hour, (f.started_at AT TIME ZONE zone)::date AS day,
               f.team_id, f.application_id, f.api_key_id, f.feature, f.route, f.model, f.region,
               sum(f.calls) AS calls,
               sum(f.calls) FILTER (WHERE f.status = 'succeeded') AS succeeded,
               sum(f.calls) FILTER (WHERE f.status IN ('failed', 'expired')) AS failed,
               sum(f.calls) FILTER (WHERE f.status = 'refused') AS refused,
               sum(f.calls) FILTER (WHERE f.status = 'cancelled') AS cancelled,
               sum(f.input_tokens) AS input_tokens, sum(f.output_tokens) AS output_tokens,
               sum(f.cache_read_tokens) AS cache_read_tokens, sum(f.cache_write_tokens) AS cache_write_tokens,
               sum(f.cost_nanos) AS cost_nanos,
               sum(f.cost_nanos) FILTER (WHERE f.status IN ('failed', 'expired')) AS failed_cost_nanos,
               sum(f.cost_nanos) FILTER (WHERE f.status = 'cancelled') AS cancelled_cost_nanos,
               sum(f.duration_us) AS duration_us, count(*) AS number
        FROM gatehouse_usage_facts(low, high) f
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
    ), new_features AS (
        INSERT INTO governance_usagefeature (team_id, name)
        SELECT team_id, feature FROM (
            SELECT f.team_id, f.feature, row_number() OVER (PARTITION BY f.team_id ORDER BY min(f.hour), f.feature) + (
                SELECT count(*) FROM governance_usagefeature known WHERE known.team_id = f.team_id) AS place
            FROM facts f
            WHERE f.feature <> '' AND NOT EXISTS (
                SELECT FROM governance_usagefeature known WHERE known.team_id = f.team_id AND known.name = f.feature)
            GROUP BY f.team_id, f.feature) AS found
        WHERE place <= most_features
        RETURNING team_id, name
    ), named AS MATERIALIZED (
        SELECT facts.*, CASE WHEN facts.feature = '' OR known.name IS NOT NULL OR new.name IS NOT NULL
                             THEN facts.feature ELSE '(other)' END AS known_feature
        FROM facts
        LEFT JOIN governance_usagefeature known ON known.team_id = facts.team_id AND known.name = facts.feature
        LEFT JOIN new_features new ON new.team_id = facts.team_id AND new.name = facts.feature
    ), hours AS (
        INSERT INTO governance_usagehour AS old (
            starts_at, team_id, application_id, api_key_id, feature, route, model, region, calls, succeeded, failed, refused, cancelled, input_tokens, output_tokens, cache_read_tokens,
            cache_write_tokens, cost_nanos, failed_cost_nanos, cancelled_cost_nanos, duration_us)
        SELECT hour, team_id, application_id, api_key_id, known_feature, route, model, region, coalesce(sum(calls), 0), coalesce(sum(succeeded), 0), coalesce(sum(failed), 0),
               coalesce(sum(refused), 0), coalesce(sum(cancelled), 0), coalesce(sum(input_tokens), 0),
               coalesce(sum(output_tokens), 0), coalesce(sum(cache_read_tokens), 0),
               coalesce(sum(cache_write_tokens), 0), coalesce(sum(cost_nanos), 0), coalesce(sum(failed_cost_nanos), 0),
               coalesce(sum(cancelled_cost_nanos), 0), coalesce(sum(duration_us), 0)
        FROM named GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
        ON CONFLICT (starts_at, team_id, application_id, api_key_id, feature, route, model, region)
        DO UPDATE SET calls = old.calls + excluded.calls, succeeded = old.succeeded + excluded.succeeded,
            failed = old.failed + excluded.failed, refused = old.refused + excluded.refused,
            cancelled = old.cancelled + excluded.cancelled, input_tokens = old.input_tokens + excluded.input_tokens,
            output_tokens = old.output_tokens + excluded.output_tokens,
            cache_read_tokens = old.cache_read_tokens + excluded.cache_read_tokens,
            cache_write_tokens = old.cache_write_tokens + excluded.cache_write_tokens,
            cost_nanos = old.cost_nanos + excluded.cost_nanos,
            failed_cost_nanos = old.failed_cost_nanos + excluded.failed_cost_nanos,
            cancelled_cost_nanos = old.cancelled_cost_nanos + excluded.cancelled_cost_nanos,
            duration_us = old.duration_us + excluded.duration_us
    ), days AS (
        INSERT INTO governance_usageday AS old (
            day, team_id, application_id, api_key_id, feature, route, model, region, calls, succeeded, failed, refused, cancelled, input_tokens, output_tokens, cache_read_tokens,
            cache_write_tokens, cost_nanos, failed_cost_nanos, cancelled_cost_nanos, duration_us)
        SELECT day, team_id, application_id, api_key_id, known_feature, route, model, region, coalesce(sum(calls), 0), coalesce(sum(succeeded), 0), coalesce(sum(failed), 0),
               coalesce(sum(refused), 0), coalesce(sum(cancelled), 0), coalesce(sum(input_tokens), 0),
               coalesce(sum(output_tokens), 0), coalesce(sum(cache_read_tokens), 0),
               coalesce(sum(cache_write_tokens), 0), coalesce(sum(cost_nanos), 0), coalesce(sum(failed_cost_nanos), 0),
               coalesce(sum(cancelled_cost_nanos), 0), coalesce(sum(duration_us), 0)
        FROM named GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
        ON CONFLICT (day, team_id, application_id, api_key_id, feature, route, model, region)
        DO UPDATE SET calls = old.calls + excluded.calls, succeeded = old.succeeded + excluded.succeeded,
            failed = old.failed + excluded.failed, refused = old.refused + excluded.refused,
            cancelled = old.cancelled + excluded.cancelled, input_tokens = old.input_tokens + excluded.input_tokens,
            output_tokens = old.output_tokens + excluded.output_tokens,
            cache_read_tokens = old.cache_read_tokens + excluded.cache_read_tokens,
            cache_write_tokens = old.cache_write_tokens + excluded.cache_write_tokens,
            cost_nanos = old.cost_nanos + excluded.cost_nanos,
            failed_cost_nanos = old.failed_cost_nanos + excluded.failed_cost_nanos,
            cancelled_cost_nanos = old.cancelled_cost_nanos + excluded.cancelled_cost_nanos,
            duration_us = old.duration_us + excluded.duration_us
    ), end_users AS MATERIALIZED (
        SELECT (f.started_at AT TIME ZONE zone)::date AS day, f.team_id, f.end_user,
               sum(f.calls) AS calls,
               sum(f.calls) FILTER (WHERE f.status = 'succeeded') AS succeeded,
               sum(f.calls) FILTER (WHERE f.status IN ('failed', 'expired')) AS failed,
               sum(f.calls) FILTER (WHERE f.status = 'refused') AS refused,
               sum(f.calls) FILTER (WHERE f.status = 'cancelled') AS cancelled,
               sum(f.input_tokens) AS input_tokens, sum(f.output_tokens) AS output_tokens,
               sum(f.cache_read_tokens) AS cache_read_tokens, sum(f.cache_write_tokens) AS cache_write_tokens,
               sum(f.cost_nanos) AS cost_nanos,
               sum(f.cost_nanos) FILTER (WHERE f.status IN ('failed', 'expired')) AS failed_cost_nanos,
               sum(f.cost_nanos) FILTER (WHERE f.status = 'cancelled') AS cancelled_cost_nanos,
               sum(f.duration_us) AS duration_us
        FROM gatehouse_usage_facts(low, high) f
        GROUP BY 1, 2, 3
    ), known_end_users AS (
        SELECT DISTINCT old.day, old.team_id, old.end_user FROM governance_usageenduserday old
        WHERE (old.day, old.team_id) IN (SELECT day, team_id FROM end_users)
    ), placed AS (
        SELECT e.day, e.team_id, e.end_user, k.end_user IS NOT NULL OR (
            row_number() OVER (PARTITION BY e.day, e.team_id, k.end_user IS NULL ORDER BY e.end_user) + (
                SELECT count(*) FROM known_end_users kk WHERE kk.day = e.day AND kk.team_id = e.team_id)
            <= most_end_users) AS is_told_apart
        FROM end_users e
        LEFT JOIN known_end_users k ON k.day = e.day AND k.team_id = e.team_id AND k.end_user = e.end_user
    ), people AS (
        INSERT INTO governance_usageenduserday AS old (day, team_id, end_user, calls, succeeded, failed, refused, cancelled, input_tokens, output_tokens, cache_read_tokens,
            cache_write_tokens, cost_nanos, failed_cost_nanos, cancelled_cost_nanos, duration_us)
        SELECT e.day, e.team_id, CASE WHEN placed.is_told_apart THEN e.end_user ELSE '(other)' END,
               coalesce(sum(calls), 0), coalesce(sum(succeeded), 0), coalesce(sum(failed), 0),
               coalesce(sum(refused), 0), coalesce(sum(cancelled), 0), coalesce(sum(input_tokens), 0),
               coalesce(sum(output_tokens), 0), coalesce(sum(cache_read_tokens), 0),
               coalesce(sum(cache_write_tokens), 0), coalesce(sum(cost_nanos), 0), coalesce(sum(failed_cost_nanos), 0),
               coalesce(sum(cancelled_cost_nanos), 0), coalesce(sum(duration_us), 0)
        FROM end_users e JOIN placed USING (day, team_id, end_user) GROUP BY 1, 2, 3
        ON CONFLICT (day, team_id, end_user)
        DO UPDATE SET calls = old.calls + excluded.calls, succeeded = old.succeeded + excluded.succeeded,
            failed = old.failed + excluded.failed, refused = old.refused + excluded.refused,
            cancelled = old.cancelled + excluded.cancelled, input_tokens = old.input_tokens + excluded.input_tokens,
            output_tokens = old.output_tokens + excluded.output_tokens,
            cache_read_tokens = old.cache_read_tokens + excluded.cache_read_tokens,
            cache_write_tokens = old.cache_write_tokens + excluded.cache_write_tokens,
            cost_nanos = old.cost_nanos + excluded.cost_nanos,
            failed_cost_nanos = old.failed_cost_nanos + excluded.failed_cost_nanos,
            cancelled_cost_nanos = old.cancelled_cost_nanos + excluded.cancelled_cost_nanos,
            duration_us = old.duration_us + excluded.duration_us
    )
    SELECT coalesce(sum(number), 0) INTO taken FROM facts;

    UPDATE governance_rollupstate SET watermark = high, time_zone = zone, rolled_up_at = now();
    RETURN taken;
END $$;
