"""Context sources: checked before they are kept."""

from django.conf import settings
from django.core.exceptions import ValidationError

from accounts.access.principals import may_manage_shared
from accounts.models import User
from prompts.knowledge.models import ContextSource
from prompts.knowledge.policy.context import check_source_entry
from prompts.knowledge.selectors import source_entry


def check_source(source: ContextSource, *, by: User) -> None:
    """BadSourceError where the source can't be used, ValidationError where it can't by this person."""
    if source.kind == ContextSource.Kind.SQL and not may_manage_shared(by):
        raise ValidationError(
            {
                "kind": "Views are for superusers to name: whoever names one sees what every team's prompts may see."
            }
        )
    check_source_entry(
        source_entry(source),
        hosts=tuple(settings.CONTEXT_HOSTS),
        has_database=bool(settings.CONTEXT_DATABASE_URL),
    )
