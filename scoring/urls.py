"""Addresses of scores and the definition."""

from django.urls import URLPattern, path

from scoring.views import definition, holding, leads

app_name = "scoring"
urlpatterns: list[URLPattern] = [
    path("scoring/", definition.definition, name="definition"),
    path("scoring/held/", holding.held, name="held"),
    path("scoring/held/releases/", holding.release, name="release"),
    path("scoring/held/dismissals/", holding.dismiss, name="dismiss"),
    path("leads/<int:lead_pk>/score/", leads.panel, name="panel"),
    path("leads/<int:lead_pk>/explanation/", leads.explanation, name="explanation"),
]
