"""Addresses of scores and the definition."""

from django.urls import URLPattern, path

from scoring.views import definition, leads

app_name = "scoring"
urlpatterns: list[URLPattern] = [
    path("scoring/", definition.definition, name="definition"),
    path("leads/<int:lead_pk>/score/", leads.panel, name="panel"),
    path("leads/<int:lead_pk>/explanation/", leads.explanation, name="explanation"),
]
