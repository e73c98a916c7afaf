-- Whatever a gateway keeps in memory tells every gateway process when it changes, whoever changed it.
CREATE FUNCTION gatehouse_notify_snapshot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('gatehouse_snapshot', TG_TABLE_NAME);
    RETURN NULL;
END $$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['accounts_team', 'accounts_application', 'governance_budget', 'gateway_model',
        'gateway_deployment', 'gateway_price', 'gateway_route', 'gateway_routetarget']
    LOOP
        EXECUTE format('CREATE TRIGGER notify_snapshot AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %I
            FOR EACH STATEMENT EXECUTE FUNCTION gatehouse_notify_snapshot()', name);
    END LOOP;
END $$;

-- Not `last_used_at`, which the gateways write themselves.
CREATE TRIGGER notify_snapshot AFTER INSERT OR DELETE OR TRUNCATE
    OR UPDATE OF application_id, key_id, secret_hash, allowed_models, allowed_networks, expires_at, revoked_at
    ON accounts_apikey FOR EACH STATEMENT EXECUTE FUNCTION gatehouse_notify_snapshot();
