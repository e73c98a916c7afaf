-- For tables that say what happened: nothing in them is rewritten.

CREATE OR REPLACE FUNCTION gatehouse_refuse_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
