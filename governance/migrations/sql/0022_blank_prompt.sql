-- Records say which prompt was run, if one was.
CREATE OR REPLACE FUNCTION gatehouse_blank_record() RETURNS governance_auditrecord LANGUAGE sql STABLE AS $$
    SELECT jsonb_populate_record(NULL::governance_auditrecord, jsonb_build_object(
        'xact_id', pg_current_xact_id()::text::bigint, 'tier', '', 'cache_write_1h_tokens', 0, 'images', 0,
        'max_tokens', 0, 'prompt_digest', '', 'prefix_digest', '', 'prefix_tokens', 0,
        'checks', '{}'::jsonb, 'is_flagged', false, 'body', '',
        'prompt_name', '', 'prompt_label', '', 'prompt_run', '{}'::jsonb))
$$;
