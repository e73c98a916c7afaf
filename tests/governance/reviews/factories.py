"""What end users and reviewers say of calls. The call need not be on record."""

from typing import Any
from uuid import UUID

from accounts.models import Team
from governance.reviews.models import CallReview, Feedback


def make_feedback(team: Team, call_id: UUID, **fields: Any) -> Feedback:
    """Feedback to a call: `helpful`, `score`, or both."""
    return Feedback.objects.create(call_id=call_id, team=team, **fields)


def make_review(team: Team, call_id: UUID, *, verdict: str = "good", **fields: Any) -> CallReview:
    """An auditor's verdict on a call."""
    values = {"reviewer_id": 0, "email": "auditor@example.com", **fields}
    return CallReview.objects.create(call_id=call_id, team=team, verdict=verdict, **values)
