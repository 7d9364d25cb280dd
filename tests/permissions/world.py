"""One of everything, what can be somebody's is Rita's; and the address of each route in that world."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from handoff.models import Absence
from leads.models import Hit, HitRule, OutreachTask
from leads.services import forms, imports, person_requests, submissions
from leads.services.merges import merge_leads
from leads.services.submissions import Posted
from nurturing import tokens
from nurturing.models import WebhookCall
from nurturing.services import webhooks
from nurturing.services.audiences import create_audience
from scoring.models import Backtest
from tests.handoff.factories import (
    make_cycle,
    make_deal,
    make_offer,
    make_request,
    open_around_the_clock,
    reason,
)
from tests.nurturing import factories as nurture
from tests.permissions.routes import Route


def build(mara: User, rita: User) -> dict[str, Any]:
    """{route or parameter: value of its parameter}; a route's own entry wins."""
    open_around_the_clock()
    reason()
    offered = make_offer(rita, mara, name="Priya Raman")
    deal = make_deal(rita, mara)
    draft = nurture.draft()
    step, message = nurture.email(draft), nurture.queued(owner=rita)
    file = imports.create_import(name="people.csv", file=ContentFile(b"email\na@b.example\n"), actor=mara)
    token = {
        use: tokens.sign(use, message.key) for use in (tokens.UNSUBSCRIBE, tokens.OPEN, tokens.PREFERENCES)
    }
    task = OutreachTask.objects.create(
        lead=offered.lead, key="test", source="Guide", title="Call", due_at=timezone.now()
    )
    endpoint = webhooks.save_endpoint(
        endpoint=None, name="Planning", url="https://hooks.example/", actor=mara
    )
    call = WebhookCall.objects.create(
        endpoint=endpoint, enrolment=message.enrolment, step=message.step, payload={}
    )
    audience = create_audience(name="Energy ops", actor=mara)
    copy = person_requests.ask_for_copy(lead=nurture.lead(), by=None)
    person_requests.work_on(copy.pk)
    merge = merge_leads(winner=nurture.lead(), loser=nurture.lead(), cause="Test")
    form = forms.create_form(name="Guide", slug="guide", actor=mara)
    posted = Posted(raw={"email": "x@y.example"}, key=uuid4())
    sent = submissions.keep_spam(version=forms.publish_form(form=form, actor=mara), posted=posted)
    return {
        "slug": form.slug,
        "leads:download": "forged",
        "leads:form": form.pk,
        "leads:form_replay": sent.pk,
        "leads:parted": merge.pk,
        "leads:person_download": person_requests.link(copy),
        "leads:hit_decision": Hit.objects.create(
            lead=message.enrolment.lead, kind="view", at=timezone.now()
        ).pk,
        "leads:hit_rule_removal": HitRule.objects.create(kind="agent", pattern="Monitor").pk,
        "leads:outreach_settle": task.pk,
        "leads:outreach_snooze": task.pk,
        "nurturing:webhook": endpoint.pk,
        "nurturing:webhook_secret": endpoint.pk,
        "nurturing:webhook_again": endpoint.pk,
        "call_id": call.pk,
        "nurturing:audience": audience.pk,
        "nurturing:audience_export": audience.pk,
        "network": "google",
        "lead_pk": offered.lead_id,
        "cycle_pk": make_cycle(name="Ingrid Solheim").pk,
        "leads": offered.lead_id,
        "leads:company": offered.lead.company_id,
        "leads:import": file.pk,
        "api:lead-detail": offered.lead_id,
        "api:score": offered.lead.score.pk,
        "api:handoff": offered.pk,
        "handoff": offered.pk,
        "handoff:absence": Absence.objects.create(rep=rita, starts_at=timezone.now()).pk,
        "handoff:feedback": make_request(make_offer(rita, mara)).pk,
        "rep_pk": rita.pk,
        "handoff:deal": deal.pk,
        "api:opportunity": deal.pk,
        "api:nothing_here": f"leads/{10**20}",
        "nurturing": draft.pk,
        "nurturing:step": step.pk,
        "nurturing:preview": step.pk,
        "nurturing:content": step.pk,
        "nurturing:checks": step.pk,
        "nurturing:picture": "2f189770-0193-4de3-b1b5-000000000000",
        "nurturing:steps": draft.pk,
        "nurturing:stop": message.enrolment_id,
        "nurturing:trail": message.enrolment_id,
        "nurturing:resolution": message.pk,
        "nurturing:segment": draft.segment_id,
        "nurturing:list_removal": draft.segment_id,
        "nurturing:mail_hook": "sendgrid",
        "nurturing:sending_resume": "complaints",
        "nurturing:unsubscribe": token[tokens.UNSUBSCRIBE],
        "nurturing:preferences": token[tokens.PREFERENCES],
        "nurturing:open": token[tokens.OPEN],
        "nurturing:click": "forged",
        "nurturing:mail": "none",
        "scoring:backtest": Backtest.objects.create(draft={"version": 1}, until=timezone.now()).pk,
        "scoring:suggestion_draft": 1,  # there is none yet
        "verb": "publish",
        "call": "track",
        "key": "forged",
        "uidb36": "forged",
    }


def address(route: Route, world: dict[str, Any]) -> str:
    if route.name.startswith("/"):
        return route.name
    return reverse(route.name, kwargs={param: _value(route.name, param, world) for param in route.params})


def _value(route: str, param: str, world: dict[str, Any]) -> Any:
    """The entry with the longest name that the route begins with, or the parameter's own."""
    if param in world:
        return world[param]
    fitting = [name for name in world if route.startswith(name)]
    assert fitting, f"{route} takes {param}: say in tests/permissions/world.py what it is there."
    return world[max(fitting, key=len)]
