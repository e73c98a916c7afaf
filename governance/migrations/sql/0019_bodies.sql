-- What the tables of bodies need, in whichever database they are.

-- Writes bodies: [{call_id, team_id, request, answer, kept_until, generation?, sealed?}, …], `sealed` in base64. What is
-- there already is left as it is, so a batch can be sent again.
CREATE FUNCTION gatehouse_store_bodies(contents jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO governance_auditcontent (call_id, team_id, request, answer, kept_until, xact_id)
    SELECT x.call_id, x.team_id, x.request, x.answer, x.kept_until, pg_current_xact_id()::text::bigint
    FROM jsonb_to_recordset(contents) AS x(
        call_id uuid, team_id bigint, request text, answer text, kept_until timestamptz)
    ON CONFLICT (call_id) DO NOTHING;

    IF jsonb_path_exists(contents, '$[*].sealed') THEN
        INSERT INTO governance_sealedcontent (call_id, team_id, kept_until, generation, sealed)
        SELECT x.call_id, x.team_id, x.kept_until, x.generation, decode(x.sealed, 'base64')
        FROM jsonb_to_recordset(contents) AS x(
            call_id uuid, team_id bigint, kept_until timestamptz, generation int, sealed text)
        WHERE x.sealed IS NOT NULL
        ON CONFLICT (call_id) DO NOTHING;
    END IF;
END $$;


-- Bodies are let go, but never rewritten. One thing changes: one that was to be let go may be marked to stay.
CREATE OR REPLACE FUNCTION gatehouse_refuse_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

DROP TRIGGER IF EXISTS append_only ON governance_auditcontent;
CREATE TRIGGER append_only BEFORE UPDATE OF call_id, team_id, request, answer, xact_id ON governance_auditcontent
    FOR EACH STATEMENT EXECUTE FUNCTION gatehouse_refuse_update();
CREATE TRIGGER append_only BEFORE UPDATE OF call_id, team_id, generation, sealed, created_at ON governance_sealedcontent
    FOR EACH STATEMENT EXECUTE FUNCTION gatehouse_refuse_update();
CREATE TRIGGER only_marked_to_stay BEFORE UPDATE ON governance_auditcontent
    FOR EACH ROW WHEN (NEW.kept_until IS NOT NULL) EXECUTE FUNCTION gatehouse_refuse_update();
CREATE TRIGGER only_marked_to_stay BEFORE UPDATE ON governance_sealedcontent
    FOR EACH ROW WHEN (NEW.kept_until IS NOT NULL) EXECUTE FUNCTION gatehouse_refuse_update();

-- Whoever deletes a body deletes the words that are searched by.
ALTER TABLE governance_contentindex ADD CONSTRAINT goes_with_content
    FOREIGN KEY (call_id) REFERENCES governance_auditcontent (call_id) ON DELETE CASCADE;
