-- The root secret stays: it is only ever put under another master key, by the function below. Its marker is of the transaction
-- alone, so that it works through a pooler.
CREATE OR REPLACE FUNCTION gatehouse_guard_root_secret() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('gatehouse.rewrap', true) = 'root' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the root secret is only ever put under another master key' USING ERRCODE = 'restrict_violation';
END $$;


-- Whether it was done: not where the bytes are others meanwhile.
CREATE OR REPLACE FUNCTION gatehouse_rewrap_root(p_before bytea, p_after bytea) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_done boolean;
BEGIN
    PERFORM set_config('gatehouse.rewrap', 'root', true);
    UPDATE accounts_rootsecret SET sealed = p_after, rewrapped_at = now() WHERE id = 1 AND sealed = p_before;
    v_done := FOUND;
    PERFORM set_config('gatehouse.rewrap', '', true);
    RETURN v_done;
END $$;
