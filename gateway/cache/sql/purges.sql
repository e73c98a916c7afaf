-- What a document says, and who may be given it, has changed: answers that used it end, and so does what searches of its base
-- found. The row is seen by whoever looks for an answer as soon as the change itself is (gateway/cache/store.py).
CREATE OR REPLACE FUNCTION gatehouse_purge_document() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    whose bigint;
BEGIN
    SELECT team_id INTO whose FROM prompts_knowledgebase WHERE id = old.base_id;
    IF whose IS NOT NULL THEN  -- else its base goes with it, and says so itself
        INSERT INTO gateway_cachepurge (team_id, uses, reason)
        VALUES (whose, 'document:' || old.id, 'The document changed.'),
               (whose, 'search:' || old.base_id, 'A document of the knowledge base changed.');
    END IF;
    RETURN NULL;
END $$;

-- How a base is searched has changed, or there is none any more: what was answered from it ends, too.
CREATE OR REPLACE FUNCTION gatehouse_purge_base() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO gateway_cachepurge (team_id, uses, reason)
    SELECT old.team_id, 'base:' || old.id, 'The knowledge base changed.' FROM accounts_team WHERE id = old.team_id;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION gatehouse_purge_context() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO gateway_cachepurge (team_id, uses, reason)
    SELECT old.team_id, 'context:' || old.id, 'The context source changed.' FROM accounts_team WHERE id = old.team_id;
    RETURN NULL;
END $$;
