CREATE TRIGGER notify_snapshot AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON governance_privacypolicy
    FOR EACH STATEMENT EXECUTE FUNCTION gatehouse_notify_snapshot();
