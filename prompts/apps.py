from typing import Any

from django.apps import AppConfig

from kernel.migration_history import guard


class PromptsConfig(AppConfig):
    name = "prompts"

    def ready(self) -> None:
        guard(self)
        from prompts.evaluations.selectors.evaluations import proposal_holds, required_tests_passed
        from prompts.registry.signals import approval_asked, in_use_asked, label_moved, proposal_asked
        from prompts.rollout.receivers import end_what_runs, in_use

        def required_tests(*, version: Any, **_: Any) -> list[str]:
            return required_tests_passed(version)

        def tests_of_proposal(*, version: Any, **_: Any) -> list[str]:
            return proposal_holds(version)

        label_moved.connect(end_what_runs)
        in_use_asked.connect(in_use)
        approval_asked.connect(required_tests, weak=False)
        proposal_asked.connect(tests_of_proposal, weak=False)
