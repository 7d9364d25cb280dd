"""Addresses of people, imports and capture."""

from django.urls import re_path

from leads.capture.views import CALLS, capture

CALL = "|".join([*CALLS.values(), *CALLS])

app_name = "leads"
urlpatterns = [
    re_path(rf"^v1/(?P<call>{CALL})/?$", capture, name="capture"),
]
