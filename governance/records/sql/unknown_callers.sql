-- Counts calls without a valid key, from [{minute, address, calls, sample}]: nine addresses a minute have a row of their own, the
-- rest share one, however many processes count.
CREATE OR REPLACE FUNCTION gatehouse_note_unknown_callers(items jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    item record;
    whose text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('gatehouse_note_unknown_callers'));
    FOR item IN SELECT * FROM jsonb_to_recordset(items) AS x(minute timestamptz, address text, calls bigint, sample jsonb) LOOP
        whose := item.address;
        IF NOT EXISTS (SELECT FROM governance_unknowncaller WHERE minute = item.minute AND address = whose)
           AND (SELECT count(*) FROM governance_unknowncaller WHERE minute = item.minute AND address <> '') >= 9 THEN
            whose := '';
        END IF;
        INSERT INTO governance_unknowncaller AS found (minute, address, calls, sample)
        VALUES (item.minute, whose, item.calls, item.sample)
        ON CONFLICT (minute, address) DO UPDATE SET calls = found.calls + excluded.calls;
    END LOOP;
END $$;
