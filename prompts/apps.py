from django.apps import AppConfig

from kernel.migration_history import guard


class PromptsConfig(AppConfig):
    name = "prompts"

    def ready(self) -> None:
        guard(self)
