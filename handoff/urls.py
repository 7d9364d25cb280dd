"""Addresses of the queue, the inbox and their decisions."""

from django.urls import URLPattern

app_name = "handoff"
urlpatterns: list[URLPattern] = []
