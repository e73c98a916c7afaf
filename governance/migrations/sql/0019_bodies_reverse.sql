ALTER TABLE governance_contentindex DROP CONSTRAINT goes_with_content;
DROP TRIGGER only_marked_to_stay ON governance_sealedcontent;
DROP TRIGGER only_marked_to_stay ON governance_auditcontent;
DROP TRIGGER append_only ON governance_sealedcontent;
DROP TRIGGER append_only ON governance_auditcontent;
CREATE TRIGGER append_only BEFORE UPDATE ON governance_auditcontent
    FOR EACH STATEMENT EXECUTE FUNCTION gatehouse_refuse_update();
DROP FUNCTION gatehouse_store_bodies(jsonb);
