"""One table of addresses; each app names its own below its prefix."""

from django.contrib import admin
from django.urls import include, path

from config import api, health

urlpatterns = [
    path("livez", health.livez),
    path("healthz", health.healthz),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("api/", include((api.urls(), "api"))),
    path("", include("accounts.urls")),
    path("", include("leads.urls")),
    path("", include("scoring.urls")),
    path("", include("handoff.urls")),
    path("", include("nurturing.urls")),
    path("reports/", include("reports.urls")),
]
