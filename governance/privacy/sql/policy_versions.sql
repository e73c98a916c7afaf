-- A version says what held when, so nothing changes it; only with its policy it goes.
CREATE OR REPLACE FUNCTION gatehouse_keep_policy_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.number <> OLD.number OR NEW.document <> OLD.document OR NEW.reason <> OLD.reason
        OR NEW.policy_id <> OLD.policy_id OR NEW.created_at <> OLD.created_at
        OR (NEW.created_by_id IS DISTINCT FROM OLD.created_by_id AND NEW.created_by_id IS NOT NULL)
    THEN
        RAISE EXCEPTION 'a published version of a privacy policy is never changed';
    END IF;
    RETURN NEW;
END $$;
