-- What has been submitted is what was read, approved and run: nothing of it changes after.
CREATE OR REPLACE FUNCTION gatehouse_guard_prompt_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.prompt_id, NEW.number) IS DISTINCT FROM (OLD.prompt_id, OLD.number)
        OR OLD.state <> 'draft' AND NEW.state <> 'draft'
            AND (NEW.document, NEW.digest, NEW.note, NEW.goal)
                IS DISTINCT FROM (OLD.document, OLD.digest, OLD.note, OLD.goal)
        OR OLD.state IN ('approved', 'withdrawn') AND NEW.state IN ('draft', 'in_review')
    THEN
        RAISE EXCEPTION 'a submitted version of a prompt never changes' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
