"""Addresses of people, imports and capture."""

from django.urls import path, re_path

from leads import (
    views_companies,
    views_imports,
    views_lead,
    views_leads,
    views_merges,
    views_outreach,
    views_persons,
    views_quarantine,
)
from leads.capture.views import CALLS, capture

CALL = "|".join([*CALLS.values(), *CALLS])

app_name = "leads"
urlpatterns = [
    re_path(rf"^v1/(?P<call>{CALL})/?$", capture, name="capture"),
    path("leads/", views_leads.lead_list, name="list"),
    path("leads/owner/", views_leads.assign, name="assign"),
    path("leads/disqualification/", views_leads.disqualify, name="disqualify"),
    path("leads/<int:pk>/", views_lead.detail, name="detail"),
    path("leads/<int:pk>/timeline/", views_lead.lead_timeline, name="timeline"),
    path("leads/<int:pk>/details/", views_lead.details, name="details"),
    path("leads/<int:pk>/owner/", views_lead.owner, name="owner"),
    path("leads/<int:pk>/disqualification/", views_lead.disqualification, name="disqualification"),
    path("leads/<int:pk>/suppression/", views_lead.suppression, name="suppression"),
    path("leads/<int:pk>/consents/", views_lead.consent_note, name="consents"),
    path("leads/<int:pk>/merge/", views_merges.merge, name="merge"),
    path("leads/<int:pk>/person/", views_persons.held, name="person"),
    path("leads/<int:pk>/person/copy/", views_persons.copy, name="person_copy"),
    path("leads/<int:pk>/erasure/", views_persons.erasure, name="erasure"),
    path("people/requests/", views_persons.asked, name="persons"),
    path("people/copies/<str:token>/", views_persons.download, name="person_download"),
    path("merges/<int:pk>/", views_merges.parted, name="parted"),
    path("companies/", views_companies.company_list, name="companies"),
    path("companies/<int:pk>/", views_companies.company_detail, name="company"),
    path("search/", views_leads.search, name="search"),
    path("tasks/", views_outreach.task_list, name="outreach"),
    path("tasks/<int:pk>/", views_outreach.settle, name="outreach_settle"),
    path("tasks/<int:pk>/snooze/", views_outreach.snooze, name="outreach_snooze"),
    path("machines/", views_quarantine.quarantine, name="quarantine"),
    path("machines/<int:pk>/decision/", views_quarantine.decide, name="hit_decision"),
    path("machines/rules/new/", views_quarantine.rule_new, name="hit_rule_new"),
    path("machines/rules/<int:pk>/removal/", views_quarantine.rule_removal, name="hit_rule_removal"),
    path("imports/", views_imports.import_list, name="imports"),
    path("imports/<int:pk>/", views_imports.import_detail, name="import"),
    path("imports/<int:pk>/mapping/", views_imports.mapping, name="import_mapping"),
    path("imports/<int:pk>/confirmation/", views_imports.confirmation, name="import_confirmation"),
    path("imports/<int:pk>/removal/", views_imports.removal, name="import_removal"),
    path("imports/<int:pk>/progress/", views_imports.progress, name="import_progress"),
    path("imports/<int:pk>/rows-to-correct.csv", views_imports.errors, name="import_errors"),
]
