"""URLs of the gateway: the unary entrances. Streams and WebSockets are Channels consumers (gateway/entrances)."""

from django.urls import path, re_path

from gateway.entrances.views.base import CallView
from gateway.entrances.views.count_tokens import CountTokensView
from gateway.entrances.views.feedback import FeedbackView
from gateway.entrances.views.models import ModelsView

urlpatterns = [
    path("v1/chat/completions", CallView.as_view()),
    path("v1/messages", CallView.as_view()),
    path("v1/messages/count_tokens", CountTokensView.as_view()),
    path("v1/embeddings", CallView.as_view()),
    path("v1/prompts/<str:name>/run", CallView.as_view()),
    re_path(r"^bedrock/model/(?P<model>.+)/converse(?:-stream)?$", CallView.as_view()),
    path("v1/feedback", FeedbackView.as_view()),
    path("v1/models", ModelsView.as_view()),
    path("v1/models/<path:model>", ModelsView.as_view()),
]
