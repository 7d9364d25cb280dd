"""Addresses of scores and the definition."""

from django.urls import URLPattern, path

from scoring import views

app_name = "scoring"
urlpatterns: list[URLPattern] = [
    path("scoring/", views.definition, name="definition"),
    path("leads/<int:lead_pk>/score/", views.panel, name="panel"),
    path("leads/<int:lead_pk>/explanation/", views.explanation, name="explanation"),
]
