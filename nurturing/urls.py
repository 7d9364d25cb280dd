"""Addresses of segments, campaigns and what a mail links to."""

from django.urls import path

from nurturing.views import public

app_name = "nurturing"
urlpatterns = [
    path("u/<str:token>/", public.unsubscribe, name="unsubscribe"),
    path("c/<str:token>/", public.click, name="click"),
    path("o/<str:token>.gif", public.opened, name="open"),
]
