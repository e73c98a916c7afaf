DROP FUNCTION gatehouse_search_knowledge(bigint[], bigint, halfvec, text, int);
ALTER TABLE prompts_chunk DROP COLUMN words;
