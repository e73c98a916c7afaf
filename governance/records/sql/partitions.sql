-- Tables of calls are partitioned by the time in their key, a version 7 UUID: one partition a month of UTC, named after it, and a
-- default partition for keys of which there is none.

-- The least key of a moment.
CREATE OR REPLACE FUNCTION gatehouse_first_id(moment timestamptz) RETURNS uuid LANGUAGE sql STABLE STRICT AS $$
    SELECT (lpad(to_hex(greatest(0, floor(extract(epoch FROM moment) * 1000))::bigint), 12, '0') || repeat('0', 20))::uuid
$$;


-- Makes the partitions of a table from the month of one moment to that of another, those that are missing; how many. Whoever else
-- makes them at the same time is waited for.
CREATE OR REPLACE FUNCTION gatehouse_make_partitions(of_table text, since timestamptz, until timestamptz) RETURNS int
LANGUAGE plpgsql SET lock_timeout = '2s' AS $$  -- while this waits for a table's lock, calls wait behind it
DECLARE
    month timestamp := date_trunc('month', since AT TIME ZONE 'UTC');
    made int := 0;
BEGIN
    WHILE month <= until AT TIME ZONE 'UTC' LOOP
        IF NOT EXISTS (SELECT FROM pg_class WHERE relname = of_table || to_char(month, '_YYYY_MM')) THEN
            PERFORM pg_advisory_xact_lock(hashtext('gatehouse partitions'));
            -- Once more, in the catalogue as it is now: a name that was not there is remembered by to_regclass.
            IF NOT EXISTS (SELECT FROM pg_class WHERE relname = of_table || to_char(month, '_YYYY_MM')) THEN
                PERFORM gatehouse_make_partition(of_table, month);
                made := made + 1;
            END IF;
        END IF;
        month := month + interval '1 month';
    END LOOP;
    RETURN made;
END $$;


-- Makes one. It is attached, not made as a partition, so that readers and writers of other months go on. Rows of this month that
-- have come to the default partition move to it.
CREATE OR REPLACE FUNCTION gatehouse_make_partition(of_table text, month timestamp) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    made text := of_table || to_char(month, '_YYYY_MM');
    rest text := of_table || '_default';
    low uuid := gatehouse_first_id(month AT TIME ZONE 'UTC');
    high uuid := gatehouse_first_id((month + interval '1 month') AT TIME ZONE 'UTC');
    has_strays boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE call_id >= $1 AND call_id < $2)', rest)
        INTO has_strays USING low, high;
    IF has_strays THEN
        EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', of_table);
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', made, of_table);
    IF has_strays THEN  -- once it is detached, no trigger takes a row that moves for one that is deleted
        EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', of_table, rest);
        EXECUTE format('WITH moved AS (DELETE FROM %I WHERE call_id >= $1 AND call_id < $2 RETURNING *)
            INSERT INTO %I SELECT * FROM moved', rest, made) USING low, high;
    END IF;
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', of_table, made, low, high);
    IF has_strays THEN
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I DEFAULT', of_table, rest);
    END IF;
END $$;
