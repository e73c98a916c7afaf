"""URLs of the web side: the admin and the management API."""

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

admin.autodiscover()


def nowhere(request: HttpRequest, row: str) -> HttpResponse:
    """In place of Django's links from any row of any table to its page on the site: ours have none, whoever's they are."""
    raise Http404


urlpatterns = [
    path("", RedirectView.as_view(url="/admin/")),
    path("favicon.ico", RedirectView.as_view(url=static("gatehouse/favicon.svg"))),
    path("admin/r/<path:row>", nowhere),
    path("admin/", admin.site.urls),
    path("api/v1/", include("accounts.api.urls")),
    path("api/v1/", include("governance.urls")),
    path("api/v1/", include("prompts.urls")),
    path("api/v1/", include("gateway.catalogue.urls")),
    path("api/v1/", include("gateway.cache.urls")),
    path("api/v1/", include("gateway.costs.urls")),
    path("api/v1/", include("gateway.decisions.urls")),
    path("api/v1/", include("gateway.discovery.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="api-docs"),
]

handler500 = "accounts.outages.server_error"
