"""Addresses of scores and the definition."""

from django.urls import URLPattern

app_name = "scoring"
urlpatterns: list[URLPattern] = []
