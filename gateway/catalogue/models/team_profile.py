from django.db import models

from accounts.models import Team
from gateway.catalogue.models.deployment import Deployment


class TeamInferenceProfile(models.Model):
    """An application inference profile in AWS: a team's calls to a deployment go through it, and AWS's bill names the team."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="inference_profiles")
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="team_profiles")
    arn = models.CharField("ARN", max_length=300)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("team__name", "id")
        constraints = (models.UniqueConstraint(fields=("team", "deployment"), name="team_profile_once"),)

    def __str__(self) -> str:
        return f"{self.deployment} for {self.team}"
