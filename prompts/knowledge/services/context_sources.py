"""Context sources: checked before they are kept."""

from django.conf import settings
from django.core.exceptions import ValidationError

from accounts.models import User
from prompts.knowledge.models import ContextSource
from prompts.knowledge.policy.context import BadSourceError, check
from prompts.knowledge.selectors.context_sources import entry_of


def check_source(source: ContextSource, *, by: User) -> None:
    """ValidationError where the source can't be used, or not by this person."""
    if source.kind == ContextSource.Kind.SQL and not by.is_superuser:
        raise ValidationError(
            {
                "kind": "Views are for superusers to name: whoever names one sees what every team's prompts may see."
            }
        )
    try:
        check(
            entry_of(source),
            hosts=tuple(settings.CONTEXT_HOSTS),
            has_database=bool(settings.CONTEXT_DATABASE_URL),
        )
    except BadSourceError as error:
        raise ValidationError(str(error)) from error
