DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['governance_ratelimit', 'governance_grant']
    LOOP
        EXECUTE format('CREATE TRIGGER notify_snapshot AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %I
            FOR EACH STATEMENT EXECUTE FUNCTION gatehouse_notify_snapshot()', name);
    END LOOP;
END $$;
