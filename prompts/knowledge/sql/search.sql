-- Candidates of a search, by meaning and by words, each at most p_most a base, with the rank in each list.
-- Bases of another team than the application's, versions that are not in force and documents that the application may
-- not be given are not there. p_application NULL: a person who may read all documents of these bases.
CREATE OR REPLACE FUNCTION gatehouse_search_knowledge(
    p_bases bigint[], p_application bigint, p_vector halfvec, p_text text, p_most int
) RETURNS TABLE (
    chunk_id bigint, base_id bigint, document_id bigint, document text, version int, headings text, body text,
    tokens int, similarity double precision, by_vector int, by_words int
) LANGUAGE plpgsql AS $function$
DECLARE
    base record;
    words tsquery[];
    asked tsquery;
    may_be_given text;
    distance text;
    few bigint[];
BEGIN
    -- For this statement alone. An index scan goes on until enough passages have passed the conditions.
    PERFORM set_config('hnsw.ef_search', '200', true), set_config('hnsw.iterative_scan', 'relaxed_order', true),
        set_config('hnsw.max_scan_tuples', '50000', true);
    FOR base IN
        SELECT k.id, k.language, k.common_words, k.is_indexed FROM prompts_knowledgebase k
        WHERE k.id = ANY (p_bases) AND k.kind = 'local' AND k.dimensions = vector_dims(p_vector)
            AND (p_application IS NULL
                OR EXISTS (SELECT FROM accounts_application a WHERE a.id = p_application AND a.team_id = k.team_id))
    LOOP
        -- Any of the words will do: a long question would hardly find a passage that has all of them.
        SELECT array_agg(word::tsquery), string_agg(word, ' | ')::tsquery INTO words, asked FROM (
            SELECT '''' || replace(replace(lexeme, '\', '\\'), '''', '''''') || '''' AS word
            FROM unnest(tsvector_to_array(to_tsvector(base.language::regconfig, p_text))) AS lexeme
            WHERE lexeme <> ALL (base.common_words)) lexemes;
        -- In force, and open to the application. Three ways to ask for it, each as fast as it can be without a miss:
        -- of each passage that the index of vectors yields, in a large base; of the few versions that the application may be
        -- given, where they are few, because an index would yield much else before; of all documents at once, in a small
        -- base. None is written as a join: planners guess those wrong, and leave the index of vectors aside.
        few := NULL;
        IF base.is_indexed AND p_application IS NOT NULL AND EXISTS (
            SELECT FROM prompts_knowledgedocument d WHERE d.base_id = base.id AND d.application_ids <> '{}')
        THEN
            -- Looked for until there are too many, which is soon where most documents are open.
            SELECT coalesce(array_agg(current_id), '{}') INTO few FROM (
                SELECT d.current_id FROM prompts_knowledgedocument d
                WHERE d.base_id = base.id AND d.current_id IS NOT NULL
                    AND (d.application_ids = '{}' OR p_application = ANY (d.application_ids)) LIMIT 2001) open;
            IF cardinality(few) > 2000
                OR (SELECT sum(n.chunk_count) FROM prompts_documentversion n WHERE n.id = ANY (few)) > 20000
            THEN
                few := NULL;
            END IF;
        END IF;
        distance := 'c.vector <=> $1';
        IF few IS NOT NULL THEN
            may_be_given := 'c.version_id = ANY ($6)';
        ELSIF base.is_indexed THEN
            distance := 'c.vector::halfvec(%2$s) <=> $1';
            may_be_given := '(SELECT true FROM prompts_knowledgedocument d WHERE d.id = c.document_id
                AND d.current_id = c.version_id
                AND ($2 IS NULL OR d.application_ids = ''{}'' OR $2 = ANY (d.application_ids)))';
        ELSE
            may_be_given := '(c.version_id IN (SELECT d.current_id FROM prompts_knowledgedocument d
                WHERE d.base_id = %1$s AND d.current_id IS NOT NULL
                AND ($2 IS NULL OR d.application_ids = ''{}'' OR $2 = ANY (d.application_ids)))) IS TRUE';
        END IF;
        -- By words: as BM25 weighs them (rare words more, short passages a little more), counting a word once a passage, and
        -- rarity among the passages that have any of the words. PostgreSQL's own ranks know nothing of rarity.
        -- The number of the base is written out, so that the planner finds the indexes of that base alone.
        RETURN QUERY EXECUTE format(replace(replace($query$
            WITH near AS MATERIALIZED (
                SELECT c.id, <distance> AS distance FROM prompts_chunk c
                WHERE c.base_id = %1$s AND c.vector IS NOT NULL AND <may be given>
                ORDER BY <distance> LIMIT $3
            ), matching AS MATERIALIZED (
                SELECT c.id, c.tokens, ARRAY(
                    SELECT n FROM unnest($5) WITH ORDINALITY AS w (word, n) WHERE c.words @@ word) AS has
                FROM prompts_chunk c
                WHERE c.base_id = %1$s AND c.vector IS NOT NULL AND c.words @@ $4 AND <may be given>
            ), every AS (
                SELECT count(*)::float8 AS number, avg(tokens)::float8 AS tokens FROM matching
            ), rarity AS MATERIALIZED (
                SELECT n, ln(1 + (SELECT number FROM every) / count(*)) AS weight
                FROM matching, unnest(has) AS n GROUP BY n
            ), said AS MATERIALIZED (
                SELECT id, sum(rarity.weight) / (1.3 + 0.9 * tokens / (SELECT tokens FROM every)) AS weight
                FROM matching, unnest(has) AS n JOIN rarity USING (n) GROUP BY id, tokens
                ORDER BY weight DESC, id LIMIT $3
            ), ranked AS (
                SELECT id, min(v) AS v, min(w) AS w FROM (
                    SELECT id, row_number() OVER (ORDER BY distance, id) AS v, NULL AS w FROM near
                    UNION ALL SELECT id, NULL, row_number() OVER (ORDER BY weight DESC, id) FROM said
                ) lists GROUP BY id
            )
            SELECT c.id, c.base_id, c.document_id, d.name::text, n.number, c.headings, c.text, c.tokens,
                coalesce(nullif(1 - (c.vector <=> $1), 'NaN'), -1), ranked.v::int, ranked.w::int
            FROM ranked JOIN prompts_chunk c USING (id) JOIN prompts_knowledgedocument d ON d.id = c.document_id
                JOIN prompts_documentversion n ON n.id = c.version_id
            $query$, '<may be given>', may_be_given), '<distance>', distance), base.id, vector_dims(p_vector))
        USING p_vector, p_application, p_most, asked, words, few;
    END LOOP;
END $function$;
