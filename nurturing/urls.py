"""Addresses of segments, campaigns and what a mail links to."""

from django.urls import URLPattern

app_name = "nurturing"
urlpatterns: list[URLPattern] = []
