"""Background work in tests, where there is no worker."""

import pytest

from kernel.background import app


def run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is queued by its name is done in the test's own process."""
    monkeypatch.setattr(app, "send_task", lambda name, args=(): app.tasks[name].run(*args))


def queue_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is queued by its name is done by nobody."""
    monkeypatch.setattr(app, "send_task", lambda name, args=(): None)
