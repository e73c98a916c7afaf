-- Usage, summed up by the quarter of an hour, of which the days of all time zones are made; one at a time, and nobody waits for
-- another. Records commit long after they begin, so no time tells which are in the sums already: the number of the writing
-- transaction does. All below pg_snapshot_xmin() have ended, so what they wrote is complete and will not grow.

-- The first moment of a day in a zone, as platform/kernel/local_days.py has it. Postgres by itself takes the second of two
-- midnights; the first is what the offset of the day before makes of it.
CREATE OR REPLACE FUNCTION gatehouse_day_begins(day date, zone text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN (earlier AT TIME ZONE zone)::date = day THEN least(earlier, later) ELSE later END
    FROM (SELECT day::timestamp AT TIME ZONE zone AS later) AS usual,
    LATERAL (SELECT later - interval '24 hours' AS eve) AS before,
    LATERAL (SELECT (day::timestamp - ((eve AT TIME ZONE zone) - (eve AT TIME ZONE 'UTC'))) AT TIME ZONE 'UTC' AS earlier) AS former
$$;


-- Records and corrections written by transactions from one number up to, not including, another. A correction counts
-- where its call does: with its cost, and no call. Repairs are not here: the records they repair say the cost already.
CREATE OR REPLACE FUNCTION gatehouse_usage_facts(from_xact bigint, to_xact bigint)
RETURNS TABLE (
    started_at timestamptz, team_id bigint, application_id bigint, api_key_id bigint, feature text, end_user text,
    route text, model text, region text, status text, calls int, input_tokens int, output_tokens int,
    cache_read_tokens int, cache_write_tokens int, cost_nanos bigint, cache_saved_nanos bigint, duration_us bigint, prompt text)
LANGUAGE sql STABLE AS $$
    SELECT r.started_at, coalesce(r.team_id, 0), coalesce(r.application_id, 0), coalesce(r.api_key_id, 0), r.feature,
           r.end_user, r.route, r.model, r.region, r.status, 1, r.input_tokens, r.output_tokens, r.cache_read_tokens,
           r.cache_write_tokens, r.cost_nanos, r.cache_saved_nanos, (r.duration_ms * 1000)::bigint,
           r.prompt_name
    FROM governance_auditrecord r
    WHERE r.xact_id >= from_xact AND r.xact_id < to_xact
    UNION ALL
    SELECT r.started_at, coalesce(r.team_id, 0), coalesce(r.application_id, 0), coalesce(r.api_key_id, 0), r.feature,
           r.end_user, r.route, r.model, r.region, r.status, 0, 0, 0, 0, 0, e.amount_nanos, 0, 0, r.prompt_name
    FROM governance_ledgerentry e JOIN governance_auditrecord r ON r.call_id = e.call_id
    WHERE e.kind = 'correction' AND e.xact_id >= from_xact AND e.xact_id < to_xact
$$;


-- Features that are not known yet and are to be told apart: those that came first, while there is room in their team.
CREATE OR REPLACE FUNCTION gatehouse_new_features(from_xact bigint, to_xact bigint, since timestamptz, most int)
RETURNS TABLE (team_id bigint, name text)
LANGUAGE sql STABLE AS $$
    SELECT found.team_id, found.feature FROM (
        SELECT f.team_id, f.feature, row_number() OVER (
            PARTITION BY f.team_id ORDER BY min(f.started_at), f.feature) AS place
        FROM gatehouse_usage_facts(from_xact, to_xact) f
        WHERE f.started_at >= since AND f.feature <> '' AND NOT EXISTS (
            SELECT FROM governance_usagefeature known WHERE known.team_id = f.team_id AND known.name = f.feature)
        GROUP BY f.team_id, f.feature) AS found
    CROSS JOIN LATERAL (
        SELECT count(*) AS number FROM governance_usagefeature known WHERE known.team_id = found.team_id) AS known
    WHERE known.number + found.place <= most
$$;


-- The same of end users, of whom there is room for so many in a team on one day.
CREATE OR REPLACE FUNCTION gatehouse_new_end_users(from_xact bigint, to_xact bigint, since timestamptz, zone text, most int)
RETURNS TABLE (day date, team_id bigint, name text)
LANGUAGE sql STABLE AS $$
    SELECT found.day, found.team_id, found.end_user FROM (
        SELECT f.day, f.team_id, f.end_user, row_number() OVER (
            PARTITION BY f.day, f.team_id ORDER BY min(f.started_at), f.end_user) AS place
        FROM (
            SELECT (facts.started_at AT TIME ZONE zone)::date AS day, facts.team_id, facts.end_user, facts.started_at
            FROM gatehouse_usage_facts(from_xact, to_xact) facts
            WHERE facts.started_at >= since AND facts.end_user <> '') AS f
        WHERE NOT EXISTS (
            SELECT FROM governance_usageenduserday known
            WHERE known.day = f.day AND known.team_id = f.team_id AND known.end_user = f.end_user)
        GROUP BY f.day, f.team_id, f.end_user) AS found
    CROSS JOIN LATERAL (
        SELECT count(*) AS number FROM governance_usageenduserday known
        WHERE known.day = found.day AND known.team_id = found.team_id
        AND known.end_user NOT IN ('', '(other)')) AS known
    WHERE known.number + found.place <= most
$$;


-- What no sum has taken in yet, with the features and end users that it will tell apart.
CREATE OR REPLACE FUNCTION gatehouse_usage_tail(from_xact bigint, zone text, most_features int, most_end_users int)
RETURNS TABLE (
    started_at timestamptz, team_id bigint, application_id bigint, api_key_id bigint, feature text, end_user text,
    route text, model text, region text, status text, calls int, input_tokens int, output_tokens int,
    cache_read_tokens int, cache_write_tokens int, cost_nanos bigint, cache_saved_nanos bigint, duration_us bigint, prompt text)
LANGUAGE sql STABLE AS $$
    SELECT f.started_at, f.team_id, f.application_id, f.api_key_id,
           CASE WHEN f.feature = '' OR EXISTS (
                    SELECT FROM governance_usagefeature known
                    WHERE known.team_id = f.team_id AND known.name = f.feature)
                OR (f.team_id, f.feature) IN (
                    SELECT new.team_id, new.name
                    FROM gatehouse_new_features(from_xact, 9223372036854775807, '-infinity', most_features) new)
                THEN f.feature ELSE '(other)' END,
           CASE WHEN f.end_user = '' OR EXISTS (
                    SELECT FROM governance_usageenduserday known
                    WHERE known.day = (f.started_at AT TIME ZONE zone)::date AND known.team_id = f.team_id
                    AND known.end_user = f.end_user)
                OR ((f.started_at AT TIME ZONE zone)::date, f.team_id, f.end_user) IN (
                    SELECT new.day, new.team_id, new.name
                    FROM gatehouse_new_end_users(
                        from_xact, 9223372036854775807, '-infinity', zone, most_end_users) new)
                THEN f.end_user ELSE '(other)' END,
           f.route, f.model, f.region, f.status, f.calls, f.input_tokens, f.output_tokens, f.cache_read_tokens,
           f.cache_write_tokens, f.cost_nanos, f.cache_saved_nanos, f.duration_us, f.prompt
    FROM gatehouse_usage_facts(from_xact, 9223372036854775807) f
$$;


-- Adds to the sums what transactions from one number up to, not including, another wrote of calls that began at `since`
-- or later. Returns how many records and corrections. For the two functions below, which see to it that nothing is
-- added twice.
CREATE OR REPLACE FUNCTION gatehouse_add_usage(
    from_xact bigint, to_xact bigint, since timestamptz, zone text, most_features int, most_end_users int)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    taken bigint;
BEGIN
    -- Not "CREATE TEMP TABLE": a catalogue that grows with every minute is no good.
    WITH facts AS MATERIALIZED (
        SELECT date_bin('15 minutes', f.started_at, '2000-01-01Z') AS quarter,
               (f.started_at AT TIME ZONE zone)::date AS day,
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
               sum(f.cache_saved_nanos) AS cache_saved_nanos, sum(f.duration_us) AS duration_us, count(*) AS number
        FROM gatehouse_usage_facts(from_xact, to_xact) f
        WHERE f.started_at >= since
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
    ), new_features AS (
        INSERT INTO governance_usagefeature (team_id, name)
        SELECT team_id, name FROM gatehouse_new_features(from_xact, to_xact, since, most_features)
        RETURNING team_id, name
    ), named AS MATERIALIZED (
        SELECT facts.*, CASE WHEN facts.feature = '' OR known.name IS NOT NULL OR new.name IS NOT NULL
                             THEN facts.feature ELSE '(other)' END AS known_feature
        FROM facts
        LEFT JOIN governance_usagefeature known ON known.team_id = facts.team_id AND known.name = facts.feature
        LEFT JOIN new_features new ON new.team_id = facts.team_id AND new.name = facts.feature
    ), quarters AS (
        INSERT INTO governance_usagequarterhour AS old (
            starts_at, team_id, application_id, api_key_id, feature, route, model, region,
            calls, succeeded, failed, refused, cancelled, input_tokens, output_tokens, cache_read_tokens,
            cache_write_tokens, cost_nanos, failed_cost_nanos, cancelled_cost_nanos, cache_saved_nanos, duration_us)
        SELECT quarter, team_id, application_id, api_key_id, known_feature, route, model, region,
               coalesce(sum(calls), 0), coalesce(sum(succeeded), 0), coalesce(sum(failed), 0),
               coalesce(sum(refused), 0), coalesce(sum(cancelled), 0), coalesce(sum(input_tokens), 0),
               coalesce(sum(output_tokens), 0), coalesce(sum(cache_read_tokens), 0),
               coalesce(sum(cache_write_tokens), 0), coalesce(sum(cost_nanos), 0),
               coalesce(sum(failed_cost_nanos), 0), coalesce(sum(cancelled_cost_nanos), 0),
               coalesce(sum(cache_saved_nanos), 0), coalesce(sum(duration_us), 0)
        FROM named GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
        ON CONFLICT (starts_at, team_id, application_id, api_key_id, feature, route, model, region)
        DO UPDATE SET
            calls = old.calls + excluded.calls, succeeded = old.succeeded + excluded.succeeded,
            failed = old.failed + excluded.failed, refused = old.refused + excluded.refused,
            cancelled = old.cancelled + excluded.cancelled, input_tokens = old.input_tokens + excluded.input_tokens,
            output_tokens = old.output_tokens + excluded.output_tokens,
            cache_read_tokens = old.cache_read_tokens + excluded.cache_read_tokens,
            cache_write_tokens = old.cache_write_tokens + excluded.cache_write_tokens,
            cost_nanos = old.cost_nanos + excluded.cost_nanos,
            failed_cost_nanos = old.failed_cost_nanos + excluded.failed_cost_nanos,
            cancelled_cost_nanos = old.cancelled_cost_nanos + excluded.cancelled_cost_nanos,
            cache_saved_nanos = old.cache_saved_nanos + excluded.cache_saved_nanos,
            duration_us = old.duration_us + excluded.duration_us
    ), days AS (
        INSERT INTO governance_usageday AS old (
            day, team_id, application_id, api_key_id, feature, route, model, region,
            calls, succeeded, failed, refused, cancelled, input_tokens, output_tokens, cache_read_tokens,
            cache_write_tokens, cost_nanos, failed_cost_nanos, cancelled_cost_nanos, cache_saved_nanos, duration_us)
        SELECT day, team_id, application_id, api_key_id, known_feature, route, model, region,
               coalesce(sum(calls), 0), coalesce(sum(succeeded), 0), coalesce(sum(failed), 0),
               coalesce(sum(refused), 0), coalesce(sum(cancelled), 0), coalesce(sum(input_tokens), 0),
               coalesce(sum(output_tokens), 0), coalesce(sum(cache_read_tokens), 0),
               coalesce(sum(cache_write_tokens), 0), coalesce(sum(cost_nanos), 0),
               coalesce(sum(failed_cost_nanos), 0), coalesce(sum(cancelled_cost_nanos), 0),
               coalesce(sum(cache_saved_nanos), 0), coalesce(sum(duration_us), 0)
        FROM named GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
        ON CONFLICT (day, team_id, application_id, api_key_id, feature, route, model, region)
        DO UPDATE SET
            calls = old.calls + excluded.calls, succeeded = old.succeeded + excluded.succeeded,
            failed = old.failed + excluded.failed, refused = old.refused + excluded.refused,
            cancelled = old.cancelled + excluded.cancelled, input_tokens = old.input_tokens + excluded.input_tokens,
            output_tokens = old.output_tokens + excluded.output_tokens,
            cache_read_tokens = old.cache_read_tokens + excluded.cache_read_tokens,
            cache_write_tokens = old.cache_write_tokens + excluded.cache_write_tokens,
            cost_nanos = old.cost_nanos + excluded.cost_nanos,
            failed_cost_nanos = old.failed_cost_nanos + excluded.failed_cost_nanos,
            cancelled_cost_nanos = old.cancelled_cost_nanos + excluded.cancelled_cost_nanos,
            cache_saved_nanos = old.cache_saved_nanos + excluded.cache_saved_nanos,
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
               sum(f.cache_saved_nanos) AS cache_saved_nanos, sum(f.duration_us) AS duration_us
        FROM gatehouse_usage_facts(from_xact, to_xact) f
        WHERE f.started_at >= since
        GROUP BY 1, 2, 3
    ), new_end_users AS MATERIALIZED (
        SELECT * FROM gatehouse_new_end_users(from_xact, to_xact, since, zone, most_end_users)
    ), told_apart AS (
        SELECT e.*, CASE WHEN e.end_user = '' OR known.end_user IS NOT NULL OR new.name IS NOT NULL
                         THEN e.end_user ELSE '(other)' END AS known_end_user
        FROM end_users e
        LEFT JOIN governance_usageenduserday known
            ON known.day = e.day AND known.team_id = e.team_id AND known.end_user = e.end_user
        LEFT JOIN new_end_users new ON new.day = e.day AND new.team_id = e.team_id AND new.name = e.end_user
    ), people AS (
        INSERT INTO governance_usageenduserday AS old (
            day, team_id, end_user,
            calls, succeeded, failed, refused, cancelled, input_tokens, output_tokens, cache_read_tokens,
            cache_write_tokens, cost_nanos, failed_cost_nanos, cancelled_cost_nanos, cache_saved_nanos, duration_us)
        SELECT day, team_id, known_end_user,
               coalesce(sum(calls), 0), coalesce(sum(succeeded), 0), coalesce(sum(failed), 0),
               coalesce(sum(refused), 0), coalesce(sum(cancelled), 0), coalesce(sum(input_tokens), 0),
               coalesce(sum(output_tokens), 0), coalesce(sum(cache_read_tokens), 0),
               coalesce(sum(cache_write_tokens), 0), coalesce(sum(cost_nanos), 0),
               coalesce(sum(failed_cost_nanos), 0), coalesce(sum(cancelled_cost_nanos), 0),
               coalesce(sum(cache_saved_nanos), 0), coalesce(sum(duration_us), 0)
        FROM told_apart GROUP BY 1, 2, 3
        ON CONFLICT (day, team_id, end_user)
        DO UPDATE SET
            calls = old.calls + excluded.calls, succeeded = old.succeeded + excluded.succeeded,
            failed = old.failed + excluded.failed, refused = old.refused + excluded.refused,
            cancelled = old.cancelled + excluded.cancelled, input_tokens = old.input_tokens + excluded.input_tokens,
            output_tokens = old.output_tokens + excluded.output_tokens,
            cache_read_tokens = old.cache_read_tokens + excluded.cache_read_tokens,
            cache_write_tokens = old.cache_write_tokens + excluded.cache_write_tokens,
            cost_nanos = old.cost_nanos + excluded.cost_nanos,
            failed_cost_nanos = old.failed_cost_nanos + excluded.failed_cost_nanos,
            cancelled_cost_nanos = old.cancelled_cost_nanos + excluded.cancelled_cost_nanos,
            cache_saved_nanos = old.cache_saved_nanos + excluded.cache_saved_nanos,
            duration_us = old.duration_us + excluded.duration_us
    ), runs AS MATERIALIZED (
        SELECT (f.started_at AT TIME ZONE zone)::date AS day, f.team_id, f.prompt,
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
               sum(f.cache_saved_nanos) AS cache_saved_nanos, sum(f.duration_us) AS duration_us
        FROM gatehouse_usage_facts(from_xact, to_xact) f
        WHERE f.started_at >= since
        GROUP BY 1, 2, 3
    ), prompts AS (
        INSERT INTO governance_usagepromptday AS old (
            day, team_id, prompt,
            calls, succeeded, failed, refused, cancelled, input_tokens, output_tokens, cache_read_tokens,
            cache_write_tokens, cost_nanos, failed_cost_nanos, cancelled_cost_nanos, cache_saved_nanos, duration_us)
        SELECT day, team_id, prompt,
               coalesce(sum(calls), 0), coalesce(sum(succeeded), 0), coalesce(sum(failed), 0),
               coalesce(sum(refused), 0), coalesce(sum(cancelled), 0), coalesce(sum(input_tokens), 0),
               coalesce(sum(output_tokens), 0), coalesce(sum(cache_read_tokens), 0),
               coalesce(sum(cache_write_tokens), 0), coalesce(sum(cost_nanos), 0),
               coalesce(sum(failed_cost_nanos), 0), coalesce(sum(cancelled_cost_nanos), 0),
               coalesce(sum(cache_saved_nanos), 0), coalesce(sum(duration_us), 0)
        FROM runs GROUP BY 1, 2, 3
        ON CONFLICT (day, team_id, prompt)
        DO UPDATE SET
            calls = old.calls + excluded.calls, succeeded = old.succeeded + excluded.succeeded,
            failed = old.failed + excluded.failed, refused = old.refused + excluded.refused,
            cancelled = old.cancelled + excluded.cancelled, input_tokens = old.input_tokens + excluded.input_tokens,
            output_tokens = old.output_tokens + excluded.output_tokens,
            cache_read_tokens = old.cache_read_tokens + excluded.cache_read_tokens,
            cache_write_tokens = old.cache_write_tokens + excluded.cache_write_tokens,
            cost_nanos = old.cost_nanos + excluded.cost_nanos,
            failed_cost_nanos = old.failed_cost_nanos + excluded.failed_cost_nanos,
            cancelled_cost_nanos = old.cancelled_cost_nanos + excluded.cancelled_cost_nanos,
            cache_saved_nanos = old.cache_saved_nanos + excluded.cache_saved_nanos,
            duration_us = old.duration_us + excluded.duration_us
    )
    SELECT coalesce(sum(number), 0) INTO taken FROM facts;
    RETURN taken;
END $$;


-- Takes into the sums what has been written since. Returns how many records and corrections; none at once where
-- somebody else is at it.
CREATE OR REPLACE FUNCTION gatehouse_roll_up(zone text, most_features int, most_end_users int)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    low bigint;
    high bigint;
    taken bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('gatehouse usage')) THEN
        RETURN 0;
    END IF;
    INSERT INTO governance_rollupstate (id, watermark, time_zone) VALUES (1, 0, zone) ON CONFLICT DO NOTHING;
    SELECT watermark INTO low FROM governance_rollupstate;
    high := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
    IF low > high THEN  -- of another cluster: for gatehouse_rebuild_usage
        RETURN 0;
    END IF;
    taken := gatehouse_add_usage(low, high, '-infinity', zone, most_features, most_end_users);
    UPDATE governance_rollupstate SET watermark = high, time_zone = zone, rolled_up_at = now();
    RETURN taken;
END $$;


-- Sums everything up anew that records still tell; `from_scratch`, and nothing else stays. The caller holds the lock.
CREATE OR REPLACE FUNCTION gatehouse_rebuild_usage(zone text, most_features int, most_end_users int, from_scratch boolean)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    low bigint;
    high bigint;
    former_zone text;
    since timestamptz;
    next_day timestamptz;
    taken bigint;
BEGIN
    INSERT INTO governance_rollupstate (id, watermark, time_zone) VALUES (1, 0, zone) ON CONFLICT DO NOTHING;
    SELECT watermark, coalesce(nullif(time_zone, ''), zone) INTO low, former_zone FROM governance_rollupstate;

    -- Numbers that this cluster has not come to are of the cluster that was dumped. What can be seen of them is
    -- complete, and later transactions of this cluster must not share them.
    UPDATE governance_auditrecord SET xact_id = 0
    WHERE xact_id >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
    UPDATE governance_ledgerentry SET xact_id = 0
    WHERE kind = 'correction' AND xact_id >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
    high := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;

    -- From which day on records tell everything. Of the oldest record's day, some may have been let go already.
    IF from_scratch THEN
        since := '-infinity';
    ELSE
        SELECT coalesce(min(r.started_at), 'infinity') INTO since FROM governance_auditrecord r;
        IF since < 'infinity' THEN
            next_day := gatehouse_day_begins((since AT TIME ZONE zone)::date + 1, zone);
            since := gatehouse_day_begins((since AT TIME ZONE zone)::date, zone);
            IF (SELECT sum(q.calls) FROM governance_usagequarterhour q
                WHERE q.starts_at >= since AND q.starts_at < next_day)
               > (SELECT count(*) FROM governance_auditrecord r
                  WHERE r.started_at >= since AND r.started_at < next_day AND r.xact_id < low) THEN
                since := next_day;
            END IF;
        END IF;
    END IF;
    IF low <= high AND EXISTS (SELECT FROM governance_usagequarterhour q WHERE q.starts_at < since) THEN
        PERFORM gatehouse_add_usage(low, high, '-infinity', zone, most_features, most_end_users);
    END IF;

    DELETE FROM governance_usagequarterhour WHERE starts_at >= since;
    -- Days of end users and of prompts can't be cut anew: of a former zone's, the one `since` is in goes, or it counted twice.
    DELETE FROM governance_usageenduserday WHERE gatehouse_day_begins(day + 1, former_zone) > since;
    DELETE FROM governance_usagepromptday WHERE gatehouse_day_begins(day + 1, former_zone) > since;
    DELETE FROM governance_usageday;
    DELETE FROM governance_usagefeature;
    INSERT INTO governance_usagefeature (team_id, name)
    SELECT DISTINCT team_id, feature FROM governance_usagequarterhour WHERE feature NOT IN ('', '(other)');
    -- Days of the zone there is now, which may be another than that of the days before.
    INSERT INTO governance_usageday (
        day, team_id, application_id, api_key_id, feature, route, model, region,
        calls, succeeded, failed, refused, cancelled, input_tokens, output_tokens, cache_read_tokens,
        cache_write_tokens, cost_nanos, failed_cost_nanos, cancelled_cost_nanos, cache_saved_nanos, duration_us)
    SELECT (starts_at AT TIME ZONE zone)::date, team_id, application_id, api_key_id, feature, route, model, region,
           sum(calls), sum(succeeded), sum(failed), sum(refused), sum(cancelled), sum(input_tokens),
           sum(output_tokens), sum(cache_read_tokens), sum(cache_write_tokens), sum(cost_nanos),
           sum(failed_cost_nanos), sum(cancelled_cost_nanos), sum(cache_saved_nanos), sum(duration_us)
    FROM governance_usagequarterhour GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;

    taken := gatehouse_add_usage(0, high, since, zone, most_features, most_end_users);
    UPDATE governance_rollupstate SET watermark = high, time_zone = zone, rolled_up_at = now();
    RETURN taken;
END $$;
