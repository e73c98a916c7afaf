"""URLs of the gateway: the unary entrances. Streams and WebSockets are Channels consumers (gateway/streams)."""

from django.urls import path, re_path

from gateway.api.feedback import FeedbackView
from gateway.api.views import CallView, ModelsView

urlpatterns = [
    path("v1/chat/completions", CallView.as_view()),
    path("v1/embeddings", CallView.as_view()),
    path("v1/prompts/<str:name>/run", CallView.as_view()),
    re_path(r"^bedrock/model/(?P<model>.+)/converse(?:-stream)?$", CallView.as_view()),
    path("v1/feedback", FeedbackView.as_view()),
    path("v1/models", ModelsView.as_view()),
    path("v1/models/<path:model>", ModelsView.as_view()),
]
