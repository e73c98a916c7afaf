from django.apps import AppConfig

from kernel.migration_history import guard


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Organisation"

    def ready(self) -> None:
        guard(self)
        from accounts.services import sign_in_signals  # noqa: F401 - connects them
        from kernel import checks  # noqa: F401 - registers them; the kernel is no app of Django's
