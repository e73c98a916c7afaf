"""What has weights of scores of its own, or none: then others' hold."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

SHARE = (MinValueValidator(0.0), MaxValueValidator(1.0))


class Weighed(models.Model):
    weight_cost = models.FloatField("weight of cost", null=True, blank=True, validators=SHARE)
    weight_quality = models.FloatField("weight of quality", null=True, blank=True, validators=SHARE)
    weight_latency = models.FloatField("weight of latency", null=True, blank=True, validators=SHARE)

    class Meta:
        abstract = True

    def check_weights(self) -> None:
        """ValidationError for some of them without the others, and for nothing but 0."""
        weights = (self.weight_cost, self.weight_quality, self.weight_latency)
        given = [each for each in weights if each is not None]
        if given and (len(given) < len(weights) or not sum(given)):
            raise ValidationError("Give all three weights, not all of them 0, or none.")
