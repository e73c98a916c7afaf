-- Whatever a gateway keeps in memory tells every gateway process when it changes, whoever changed it. Which tables those are is in
-- gateway/snapshot/tables.py.
CREATE OR REPLACE FUNCTION gatehouse_notify_snapshot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('gatehouse_snapshot', TG_TABLE_NAME);
    RETURN NULL;
END $$;
