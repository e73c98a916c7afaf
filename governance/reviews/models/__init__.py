from governance.reviews.models.call_review import CallReview
from governance.reviews.models.feedback import Feedback

__all__ = ["CallReview", "Feedback"]
