"""Addresses of people, imports and capture."""

from django.urls import URLPattern

app_name = "leads"
urlpatterns: list[URLPattern] = []
