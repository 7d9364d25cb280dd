"""Addresses of the queue, the inbox and their decisions. Decisions are nouns."""

from django.urls import URLPattern, path

from handoff.views import (
    counts,
    deals,
    inbox,
    inbox_decisions,
    live,
    panel,
    pipeline,
    queue,
    queue_decisions,
    repairs,
    routing,
    withdrawal,
)

app_name = "handoff"
urlpatterns: list[URLPattern] = [
    path("queue/", queue.queue, name="queue"),
    path("queue/<int:cycle_pk>/", queue.detail, name="queue_detail"),
    path("queue/hand-off/", queue_decisions.hand_off, name="hand_off"),
    path("queue/recycling/", queue_decisions.recycle, name="recycle"),
    path("queue/disqualification/", queue_decisions.disqualify, name="disqualify"),
    path("queue/enrolment/", queue_decisions.enrol, name="enrol"),
    path("queue/<int:cycle_pk>/repair/", repairs.repair, name="repair"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/<int:pk>/", inbox.detail, name="inbox_detail"),
    path("handoffs/<int:pk>/acceptance/", inbox_decisions.acceptance, name="accept"),
    path("handoffs/<int:pk>/rejection/", inbox_decisions.rejection, name="reject"),
    path("handoffs/<int:pk>/undo/", inbox_decisions.undo, name="undo"),
    path("handoffs/<int:pk>/touches/", inbox_decisions.touches, name="touch"),
    path("handoffs/<int:pk>/transfer/", inbox_decisions.transfer, name="transfer"),
    path("handoffs/<int:pk>/withdrawal/", withdrawal.withdrawal, name="withdraw"),
    path("handoffs/<int:pk>/opportunity/", deals.opening, name="open_deal"),
    path("pipeline/", pipeline.pipeline, name="pipeline"),
    path("pipeline/won-by/", pipeline.won_by, name="won_by"),
    path("pipeline/<int:pk>/", deals.deal, name="deal"),
    path("pipeline/<int:pk>/details/", deals.details, name="deal_details"),
    path("pipeline/<int:pk>/stage/", deals.stage, name="deal_stage"),
    path("pipeline/<int:pk>/win/", deals.win, name="deal_win"),
    path("pipeline/<int:pk>/loss/", deals.loss, name="deal_loss"),
    path("pipeline/<int:pk>/reopening/", deals.reopening, name="deal_reopening"),
    path("handoffs/<int:pk>/routing/", routing.why, name="routing"),
    path("queue/<int:cycle_pk>/routing/", routing.look_ahead, name="look_ahead"),
    path("leads/<int:lead_pk>/handoffs/", panel.panel, name="panel"),
    path("counts/", counts.counts, name="counts"),
    path("live/", live.live, name="live"),
]
