"""Decisions of routing by use case, and dry runs."""

from django.urls import path

from gateway.decisions.api import DecisionsView, DryRunView

urlpatterns = [
    path("routing/decisions/", DecisionsView.as_view(), name="routing-decisions"),
    path("routing/dry-run/", DryRunView.as_view(), name="routing-dry-run"),
]
