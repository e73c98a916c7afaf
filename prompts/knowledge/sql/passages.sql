-- The full text of a passage: its headings weigh more. A generated column has to be immutable, and a text is no regconfig
-- immutably, so the languages are spelt out (prompts.models.Language).
ALTER TABLE prompts_chunk ADD COLUMN IF NOT EXISTS words tsvector GENERATED ALWAYS AS (
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
