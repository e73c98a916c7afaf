from django.db import migrations

# What has been submitted is what was read, approved and run: nothing of it changes after.
GUARD = """
CREATE FUNCTION gatehouse_guard_prompt_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.prompt_id, NEW.number) IS DISTINCT FROM (OLD.prompt_id, OLD.number)
        OR OLD.state <> 'draft' AND NEW.state <> 'draft'
            AND (NEW.document, NEW.digest, NEW.note, NEW.goal) IS DISTINCT FROM (OLD.document, OLD.digest, OLD.note, OLD.goal)
        OR OLD.state IN ('approved', 'withdrawn') AND NEW.state IN ('draft', 'in_review')
    THEN
        RAISE EXCEPTION 'a submitted version of a prompt never changes' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER never_changed BEFORE UPDATE ON prompts_promptversion
    FOR EACH ROW EXECUTE FUNCTION gatehouse_guard_prompt_version();
"""


class Migration(migrations.Migration):
    """A version that was submitted never changes again, whoever tries."""

    dependencies = [("prompts", "0001_initial")]

    operations = [
        migrations.RunSQL(
            GUARD,
            "DROP TRIGGER never_changed ON prompts_promptversion; DROP FUNCTION gatehouse_guard_prompt_version();",
        ),
    ]
