"""Addresses of the ground floor: home, the shell's fragments, the component page."""

from django.conf import settings
from django.urls import URLPattern, path

from accounts import appearance, design, views

urlpatterns: list[URLPattern] = [
    path("", views.home, name="home"),
    path("appearance/", appearance.appearance, name="appearance"),
]
if settings.TANDEM_SHOW_DESIGN:
    urlpatterns.append(path("design/", design.components, name="design"))
