"""A database that another version made: told in a line, before anything in it is changed."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

pytestmark = pytest.mark.django_db


def execute(statement: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def refused(why: str) -> None:
    before = execute("SELECT app, name FROM django_migrations ORDER BY id")
    with pytest.raises(CommandError) as caught:
        call_command("migrate", verbosity=0)
    text = str(caught.value)
    assert text.startswith(f"This database was made by another version of Gatehouse: {why}")
    assert "move the data folder (.data) away" in text
    assert "\n" not in text
    assert execute("SELECT app, name FROM django_migrations ORDER BY id") == before


@pytest.mark.parametrize("app", ["accounts", "governance", "prompts", "gateway"])
def test_a_migration_that_is_not_known(app):
    execute(
        f"INSERT INTO django_migrations (app, name, applied) VALUES ('{app}', '0027_call_reviews', now())"
    )
    refused(f"it has the migration {app}.0027_call_reviews, which this version does not have")


def test_a_first_migration_that_was_another():
    execute("ALTER TABLE governance_tip DROP COLUMN team_id CASCADE")
    refused("it lacks the column governance_tip.team_id")


def test_a_table_that_was_not_there_yet():
    execute("DROP TABLE prompts_rolloutevent CASCADE")
    refused("it lacks the column prompts_rolloutevent.id")


def test_one_s_own_is_migrated():
    call_command("migrate", verbosity=0)


def test_other_packages_are_left_to_themselves():
    execute(
        "INSERT INTO django_migrations (app, name, applied) VALUES ('sessions', '0002_of_tomorrow', now())"
    )
    call_command("migrate", verbosity=0)
