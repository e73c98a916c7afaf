from django.db import models

from accounts.access.models import Owned, OwnedBy
from accounts.models import Team
from accounts.policy.roles import Capability
from governance.records.models.team_key import TeamKey
from kernel.ids import new_id


class KnownPerson(Owned):
    """Whom a tag of a team's calls stands for. The name is sealed: its page, its history and the table have the tag alone."""

    owned_by = OwnedBy(see=Capability.KNOW_PEOPLE)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="known_people")
    placeholder = models.CharField(max_length=200, help_text="As calls keep it.")
    key = models.ForeignKey(
        TeamKey, on_delete=models.CASCADE, related_name="+", editable=False, help_text="What opens the name."
    )
    sealed = models.BinaryField(
        editable=False, help_text="A nonce of 12 bytes, then what AES-256-GCM made of the name."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "person behind a placeholder"
        verbose_name_plural = "people behind placeholders"
        ordering = ("team", "placeholder")
        constraints = (
            models.UniqueConstraint(fields=("team", "placeholder"), name="known_person_once_per_team"),
        )

    def __str__(self) -> str:
        return self.placeholder
