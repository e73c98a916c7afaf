-- What the tables of contents need, in whichever database they are.

-- Writes contents: [{call_id, team_id, request, answer, kept_until, generation?, sealed?}, …], `sealed` in base64. What is
-- there already is left as it is, so a batch can be sent again.
CREATE OR REPLACE FUNCTION gatehouse_store_bodies(contents jsonb) RETURNS void LANGUAGE plpgsql AS $$
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


-- Whoever deletes a content deletes the words that it is searched by. A foreign key would do the same, and keep a month from being
-- dropped without a look at every word of every other.
CREATE OR REPLACE FUNCTION gatehouse_forget_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM governance_contentindex WHERE call_id = OLD.call_id;
    RETURN NULL;
END $$;
