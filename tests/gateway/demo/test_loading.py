"""Loading the demonstration: once, wholly or not at all."""

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Team
from governance.records.models import AuditRecord

pytestmark = pytest.mark.django_db


def test_it_is_loaded_once(tmp_path, capsys):
    call_command("load_demo", data_dir=tmp_path)
    before = (tmp_path / "demo.json").read_text()
    call_command("load_demo", data_dir=tmp_path)
    assert "loaded already" in capsys.readouterr().out
    assert (tmp_path / "demo.json").read_text() == before
    assert AuditRecord.objects.count() == 3000


def test_nothing_is_left_where_the_access_cannot_be_written(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(CommandError):
        call_command("load_demo", data_dir=blocked)
    assert not Team.objects.exists()
    assert not AuditRecord.objects.exists()


def test_seeding_needs_the_demonstration():
    with pytest.raises(CommandError, match="load_demo"):
        call_command("seed_calls", count=5)
