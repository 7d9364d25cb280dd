"""Addresses of segments, campaigns and what a mail links to."""

from django.urls import path, re_path

from nurturing.views import (
    campaigns,
    content,
    decisions,
    mailbox,
    people,
    public,
    returned,
    segments,
    steps,
    webhooks,
)

app_name = "nurturing"
urlpatterns = [
    path("campaigns/", campaigns.campaign_list, name="campaigns"),
    path("campaigns/new/", campaigns.campaign_new, name="campaign_new"),
    path("campaigns/enrolment/", people.enrol, name="enrol"),
    path("campaigns/decisions/", decisions.decisions, name="decisions"),
    path("campaigns/<int:pk>/", steps.editor, name="campaign"),
    path("campaigns/<int:pk>/settings/", campaigns.campaign_settings, name="settings"),
    path("campaigns/<int:pk>/report/", campaigns.report, name="report"),
    path("campaigns/<int:pk>/people/", campaigns.people, name="people"),
    path("campaigns/<int:pk>/draft/", steps.draft, name="draft"),
    path("campaigns/<int:pk>/steps/", steps.add, name="steps"),
    re_path(
        r"^campaigns/(?P<pk>[0-9]{1,18})/(?P<verb>publish|pause|resume|end|discard)/$",
        campaigns.campaign_state,
        name="state",
    ),
    path("steps/<int:pk>/", steps.step, name="step"),
    path("steps/<int:pk>/content/", content.edit, name="content"),
    path("steps/<int:pk>/content/preview/", content.preview, name="preview"),
    path("steps/<int:pk>/up/", steps.move, {"way": "up"}, name="step_up"),
    path("steps/<int:pk>/down/", steps.move, {"way": "down"}, name="step_down"),
    path("steps/<int:pk>/removal/", steps.remove, name="step_removal"),
    path("enrolments/<int:pk>/stop/", campaigns.stop, name="stop"),
    path("messages/<int:pk>/resolution/", decisions.resolution, name="resolution"),
    path("webhooks/", webhooks.endpoint_list, name="webhooks"),
    path("webhooks/new/", webhooks.endpoint_new, name="webhook_new"),
    path("webhooks/<int:pk>/", webhooks.endpoint, name="webhook"),
    path("webhooks/<int:pk>/secret/", webhooks.secret, name="webhook_secret"),
    path("webhooks/<int:pk>/calls/<uuid:call_id>/", webhooks.call_again, name="webhook_again"),
    path("segments/", segments.segment_list, name="segments"),
    path("segments/new/", segments.segment_new, name="segment_new"),
    path("segments/<int:pk>/", segments.segment_edit, name="segment"),
    path("leads/<int:lead_pk>/campaigns/", people.panel, name="panel"),
    path("returned/", returned.returned, name="returned"),
    path("mail/", mailbox.box, name="mailbox"),
    path("mail/<str:name>/", mailbox.mail, name="mail"),
    path("mail/<str:name>/html/", mailbox.html, name="mail_html"),
    path("u/<str:token>/", public.unsubscribe, name="unsubscribe"),
    path("c/<str:token>/", public.click, name="click"),
    path("o/<str:token>.gif", public.opened, name="open"),
]
