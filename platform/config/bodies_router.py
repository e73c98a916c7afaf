"""Where bodies have a database of their own: which tables are in it."""

from typing import Any

BODIES = "bodies"
_MODELS = frozenset({"auditcontent", "sealedcontent", "contentindex", "contentindexstate"})


class BodiesRouter:
    """Bodies are read and written there. Their tables stay in the first database too: older bodies are in it."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return self._database(model)

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        return self._database(model)

    def allow_migrate(
        self, db: str, app_label: str, model_name: str | None = None, **hints: Any
    ) -> bool | None:
        if db != BODIES:
            return None
        if model_name is None:
            return bool(hints.get("bodies"))
        return app_label == "governance" and model_name in _MODELS

    @staticmethod
    def _database(model: Any) -> str | None:
        is_of_bodies = model._meta.app_label == "governance" and model._meta.model_name in _MODELS
        return BODIES if is_of_bodies else None
