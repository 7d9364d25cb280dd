"""Addresses of the reports; each has its file beside it."""

from django.urls import URLPattern, path

from reports import views, views_promises

app_name = "reports"
urlpatterns: list[URLPattern] = [
    path("", views.funnel_page, name="funnel"),
    path("funnel.csv", views.funnel_file, name="funnel_file"),
    path("in-and-out/", views.flow_page, name="flow"),
    path("promises/", views_promises.promises_page, name="promises"),
    path("promises/clocks/", views_promises.clocks_page, name="clocks"),
    path("leads/", views.behind_page, name="behind"),
    path("leads.csv", views.behind_file, name="behind_file"),
]
