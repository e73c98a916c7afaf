-- The full text of a passage: its headings weigh more. A generated column has to be immutable, and a text is no regconfig
-- immutably, so the languages are spelt out (prompts.models.Language).
ALTER TABLE prompts_chunk ADD COLUMN words tsvector GENERATED ALWAYS AS (
    CASE language
        WHEN 'english' THEN setweight(to_tsvector('english', headings), 'A') || to_tsvector('english', text)
        WHEN 'german' THEN setweight(to_tsvector('german', headings), 'A') || to_tsvector('german', text)
        WHEN 'french' THEN setweight(to_tsvector('french', headings), 'A') || to_tsvector('french', text)
        WHEN 'spanish' THEN setweight(to_tsvector('spanish', headings), 'A') || to_tsvector('spanish', text)
        WHEN 'italian' THEN setweight(to_tsvector('italian', headings), 'A') || to_tsvector('italian', text)
        WHEN 'dutch' THEN setweight(to_tsvector('dutch', headings), 'A') || to_tsvector('dutch', text)
        WHEN 'portuguese' THEN setweight(to_tsvector('portuguese', headings), 'A') || to_tsvector('portuguese', text)
        ELSE setweight(to_tsvector('simple', headings), 'A') || to_tsvector('simple', text)
    END
) STORED;

-- Vectors stay in the row: a small base is searched by reading all of its vectors, which must not be fetched one by one.
ALTER TABLE prompts_chunk ALTER COLUMN vector SET STORAGE PLAIN;

-- Candidates of a search, by meaning and by words, each at most p_most a base, with the rank in each list.
-- Bases of another team than the application's, versions that are not in force and documents that the application may
-- not be given are not there. p_application NULL: a person who may read all documents of these bases.
CREATE FUNCTION gatehouse_search_knowledge(
    p_bases bigint[], p_application bigint, p_vector halfvec, p_text text, p_most int
) RETURNS TABLE (
    chunk_id bigint, base_id bigint, document_id bigint, document text, version int, headings text, body text,
    tokens int, similarity double precision, by_vector int, by_words int
) LANGUAGE plpgsql AS $function$
DECLARE
    base record;
    asked tsquery;
    may_be_given text;
BEGIN
    -- For this statement alone. An index scan goes on until enough passages have passed the conditions.
    PERFORM set_config('hnsw.ef_search', '100', true), set_config('hnsw.iterative_scan', 'relaxed_order', true),
        set_config('hnsw.max_scan_tuples', '50000', true);
    FOR base IN
        SELECT k.id, k.language, k.common_words, k.is_indexed FROM prompts_knowledgebase k
        WHERE k.id = ANY (p_bases) AND k.kind = 'local' AND k.dimensions = vector_dims(p_vector)
            AND (p_application IS NULL
                OR EXISTS (SELECT FROM accounts_application a WHERE a.id = p_application AND a.team_id = k.team_id))
    LOOP
        -- Any of the words will do: a long question would hardly find a passage that has all of them.
        SELECT string_agg('''' || replace(replace(lexeme, '\', '\\'), '''', '''''') || '''', ' | ')::tsquery INTO asked
        FROM unnest(tsvector_to_array(to_tsvector(base.language::regconfig, p_text))) AS lexeme
        WHERE lexeme <> ALL (base.common_words);
        -- In force, and open to the application. Where there are indexes it is asked of each passage that they yield; where
        -- all passages are read, of all documents at once. Neither is written as a join: planners guess those wrong, and
        -- leave the index of vectors aside.
        may_be_given := CASE WHEN base.is_indexed THEN
            '(SELECT true FROM prompts_knowledgedocument d WHERE d.id = c.document_id AND d.current_id = c.version_id
                AND ($2 IS NULL OR d.application_ids = ''{}'' OR $2 = ANY (d.application_ids)))'
        ELSE
            '(c.version_id IN (SELECT d.current_id FROM prompts_knowledgedocument d WHERE d.base_id = %1$s
                AND d.current_id IS NOT NULL
                AND ($2 IS NULL OR d.application_ids = ''{}'' OR $2 = ANY (d.application_ids)))) IS TRUE'
        END;
        -- The number of the base is written out, so that the planner finds the indexes of that base alone.
        RETURN QUERY EXECUTE format(replace($query$
            WITH near AS MATERIALIZED (
                SELECT c.id, c.vector::halfvec(%2$s) <=> $1 AS distance FROM prompts_chunk c
                WHERE c.base_id = %1$s AND c.vector IS NOT NULL AND <may be given>
                ORDER BY c.vector::halfvec(%2$s) <=> $1 LIMIT $3
            ), said AS MATERIALIZED (
                SELECT c.id, ts_rank(c.words, $4) AS weight FROM prompts_chunk c
                WHERE c.base_id = %1$s AND c.vector IS NOT NULL AND c.words @@ $4 AND <may be given>
                ORDER BY weight DESC, c.id LIMIT $3
            ), ranked AS (
                SELECT id, min(v) AS v, min(w) AS w FROM (
                    SELECT id, row_number() OVER (ORDER BY distance, id) AS v, NULL AS w FROM near
                    UNION ALL SELECT id, NULL, row_number() OVER (ORDER BY weight DESC, id) FROM said
                ) lists GROUP BY id
            )
            SELECT c.id, c.base_id, c.document_id, d.name::text, n.number, c.headings, c.text, c.tokens,
                1 - (c.vector <=> $1), ranked.v::int, ranked.w::int
            FROM ranked JOIN prompts_chunk c USING (id) JOIN prompts_knowledgedocument d ON d.id = c.document_id
                JOIN prompts_documentversion n ON n.id = c.version_id
            $query$, '<may be given>', may_be_given), base.id, vector_dims(p_vector)) USING p_vector, p_application, p_most, asked;
    END LOOP;
END $function$;
