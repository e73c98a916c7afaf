"""URLs of the web side: the admin and the management API."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(url="/admin/")),
    path("favicon.ico", RedirectView.as_view(url=static("gatehouse/favicon.svg"))),
    path("admin/", admin.site.urls),
]
