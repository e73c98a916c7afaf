from django.db import models

from accounts.models import Application, Team


class StoredResponse(models.Model):
    """A response of OpenAI's Responses API that a caller may go on from: masked, and sealed under the team's key.

    Written and read by gateways without the ORM (`governance.records.services.response_store`).
    """

    call_id = models.UUIDField(primary_key=True)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="+")
    previous_id = models.UUIDField(null=True, help_text="The response that it goes on from.")
    generation = models.PositiveIntegerField(help_text="Of the team's key.")
    sealed = models.BinaryField(
        help_text="The response, the items it answers, and what its placeholders stand for."
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"Response of call {self.call_id}"
