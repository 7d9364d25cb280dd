"""Addresses of the ground floor: home, the shell's fragments, the component page."""

from django.urls import URLPattern, path

from accounts import views

urlpatterns: list[URLPattern] = [
    path("", views.home, name="home"),
]
