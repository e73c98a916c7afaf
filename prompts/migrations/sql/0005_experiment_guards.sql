-- What was done to a rollout, and by which figures, is not changed afterwards.
CREATE TRIGGER append_only BEFORE UPDATE ON prompts_rolloutevent
    FOR EACH STATEMENT EXECUTE FUNCTION gatehouse_refuse_update();
