from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Organisation"

    def ready(self) -> None:
        from kernel import checks  # noqa: F401 - registers them; the kernel is no app of Django's
