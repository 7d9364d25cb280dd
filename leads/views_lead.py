"""One lead: the page, its timeline, its details, and decisions about it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import roles
from leads import erased_addresses, standing, timeline
from leads.details import detail_rows, steps
from leads.forms import AssignForm, ConsentForm, DetailsForm, ReasonForm
from leads.models import Consent, Lead, Suppression
from leads.requests import PageRequest
from leads.services import confirmations, consent, consents, people
from leads.services.consents import Origin
from leads.services.people import AddressTaken, BadFields

PANELS = (
    ("score", "Score", "scoring:panel"),
    ("handoffs", "Hand-offs", "handoff:panel"),
    ("campaigns", "Campaigns", "nurturing:panel"),
)
COLLEAGUES = 5
NAMES = 20  # visitor ids and external ids shown


def visible_lead(request: PageRequest, pk: int) -> Lead:
    """404 for a stranger's lead as for none."""
    leads = Lead.objects.visible_to(request.user).with_score()
    return get_object_or_404(leads.select_related("company", "owner", "pulse", "disqualification__by"), pk=pk)


@login_required
@require_GET
def detail(request: PageRequest, pk: int) -> HttpResponse:
    merged = (
        Lead.objects.filter(pk=pk, merged_into__isnull=False).values_list("merged_into", flat=True).first()
    )
    if merged:
        return redirect("leads:detail", merged)
    return _page(request, visible_lead(request, pk), ConsentForm())


def _page(request: PageRequest, lead: Lead, note: ConsentForm) -> HttpResponse:
    context = {
        "lead": lead,
        "steps": steps(lead),
        "panels": _panels(lead),
        "rows": detail_rows(lead),
        "colleagues": _colleagues(request, lead),
        "names": lead.identities.exclude(kind="email", value=lead.email or "").order_by("kind", "pk")[:NAMES],
        "merges": lead.merges_won.select_related("loser").order_by("-pk")[:NAMES],
        "may_decide": not request.user.is_rep,
        "may_merge": request.user.works_in_marketing,
        "may_answer_for": request.user.role == "admin",
        "assign": AssignForm(initial={"owner": lead.owner_id}),
        "disqualify": ReasonForm(),
        "note": note,
        **_consent(lead),
        **_timeline(request, lead),
    }
    return render(request, "leads/detail.html", context, status=422 if note.errors else 200)


def _panels(lead: Lead) -> dict[str, dict[str, str]]:
    """Panels that other floors serve; one that is not installed is left out."""
    found = {}
    for key, title, name in PANELS:
        try:
            found[key] = {"title": title, "url": reverse(name, args=[lead.pk])}
        except NoReverseMatch:
            continue
    return found


def _colleagues(request: PageRequest, lead: Lead) -> list[Lead]:
    if not lead.company_id:
        return []
    same = Lead.objects.visible_to(request.user).filter(company=lead.company_id).exclude(pk=lead.pk)
    return list(same.with_score().order_by("-pk")[: COLLEAGUES + 1])


def _consent(lead: Lead) -> dict[str, Any]:
    address = (lead.email or "").lower()
    names = [address, *erased_addresses.all_disguises(address)] if address else []
    rows = Suppression.objects.filter(address__in=names)
    return {
        "suppression": rows.first(),
        "liftable": consent.NOT_OURS_TO_LIFT,
        "standing": standing.standing(lead),
        "said": standing.history(lead),
        "pause_ends": standing.pause(lead),
    }


def _timeline(request: PageRequest, lead: Lead) -> dict[str, Any]:
    channel = request.GET.get("channel", "")
    channel = channel if channel in timeline.CHANNELS else ""
    counts = timeline.counts(lead)
    tabs = [("", "All"), *timeline.CHANNELS.items()]
    return {
        "slice": timeline.timeline(lead, channel, request.GET.get("before", "")),
        "channel": channel,
        "channels": [{"key": key, "label": label, "count": counts.get(key)} for key, label in tabs],
    }


@login_required
@require_GET
def lead_timeline(request: PageRequest, pk: int) -> HttpResponse:
    """The timeline alone: for its tabs, and to read on. Without JavaScript it is a page of its own."""
    lead = visible_lead(request, pk)
    context = {"lead": lead, **_timeline(request, lead)}
    if not request.wants_fragment:
        return render(request, "leads/timeline.html", context)
    older = "before" in request.GET
    return render(request, "leads/_entries.html" if older else "leads/_timeline.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def details(request: PageRequest, pk: int) -> HttpResponse:
    """The fields as a form. A refused one keeps what was typed; 409 when somebody else was faster."""
    lead = visible_lead(request, pk)
    if request.method == "GET" and "edit" not in request.GET and request.wants_fragment:
        return render(request, "leads/_details.html", {"lead": lead, "rows": detail_rows(lead)})
    form = DetailsForm(request.POST if request.method == "POST" else None, lead=lead)
    status = 200
    if request.method == "POST":
        if form.is_valid() and _save(request, lead, form):
            return _saved(request, lead)
        status = 409 if form.taken_over else 422
        form.data = request.POST.dict() | {"seen": form.renewed()}
    template = "leads/_details_form.html" if request.wants_fragment else "leads/details.html"
    return render(request, template, {"lead": lead, "form": form}, status=status)


def _save(request: PageRequest, lead: Lead, form: DetailsForm) -> bool:
    try:
        people.update_fields(lead=lead, values=form.changes, source="typed", actor=request.user)
    except AddressTaken as refusal:
        visible = Lead.objects.visible_to(request.user).filter(pk=refusal.lead.pk).exists()
        form.add_error("email", f"{refusal.errors['email'] if visible else 'Another lead has this address.'}")
        return False
    except BadFields as refusal:
        for key, words in refusal.errors.items():
            form.add_error(key if key in form.fields else None, words)
        return False
    return True


def _saved(request: PageRequest, lead: Lead) -> HttpResponse:
    if not request.wants_fragment:
        messages.success(request, "Saved.")
        return redirect("leads:detail", lead.pk)
    lead = visible_lead(request, lead.pk)
    return render(request, "leads/_details.html", {"lead": lead, "rows": detail_rows(lead), "saved": True})


@roles("marketer", "manager")
@require_POST
def owner(request: PageRequest, pk: int) -> HttpResponse:
    lead, form = visible_lead(request, pk), AssignForm(request.POST)
    if form.is_valid():
        people.assign_many(leads=[lead], owner=form.cleaned_data["owner"], actor=request.user)
        messages.success(request, f"{lead} is now with {form.cleaned_data['owner'] or 'nobody'}.")
    else:
        messages.error(request, f"Nothing was changed. {form.errors['owner'][0]}")
    return redirect("leads:detail", pk)


@roles("marketer", "manager")
@require_POST
def disqualification(request: PageRequest, pk: int) -> HttpResponse:
    """Excludes the lead; with `back` takes that back."""
    lead, form = visible_lead(request, pk), ReasonForm(request.POST)
    if "back" in request.POST:
        people.requalify(lead=lead, actor=request.user)
        messages.success(request, f"{lead} is scored again.")
    elif form.is_valid():
        people.disqualify(lead=lead, actor=request.user, reason=form.cleaned_data["reason"])
        messages.success(request, f"{lead} is disqualified: no longer scored or mailed.")
    else:
        messages.error(request, f"Nothing was changed. {form.errors['reason'][0]}")
    return redirect("leads:detail", pk)


@roles("marketer")
@require_POST
def suppression(request: PageRequest, pk: int) -> HttpResponse:
    """Never mail this address again; with `lift`, mail it again because the person asked for it."""
    lead = visible_lead(request, pk)
    if not lead.email:
        messages.error(request, "Nothing was changed: this lead has no e-mail address.")
    elif "lift" in request.POST:
        _lift(request, lead)
    else:
        consent.suppress(
            address=lead.email, reason=Suppression.Reason.MANUAL, lead=lead, detail=f"By {request.user}"
        )
        messages.success(request, f"{lead.email} is never mailed again.")
    return redirect(f"{reverse('leads:detail', args=[pk])}#consent")


@roles("marketer")
@require_POST
def consent_note(request: PageRequest, pk: int) -> HttpResponse:
    """What a person told a colleague: agreed, refused, or to be asked by mail; about what, in which words."""
    lead, form = visible_lead(request, pk), ConsentForm(request.POST)
    if not form.is_valid():
        return _page(request, lead, form)
    typed, origin = form.cleaned_data, Origin(Consent.Source.PERSON, by=request.user)
    topic, wording = typed["topic"], typed["wording"]
    if typed["state"] == Consent.State.ASKED:
        asked = confirmations.ask_to_confirm(lead=lead, topics=[topic], wording=wording, origin=origin)
        messages.info(request, asked.outcome.label)
        return redirect(f"{reverse('leads:detail', args=[pk])}#consent")
    verb = consents.give if typed["state"] == Consent.State.GIVEN else consents.withdraw
    verb(lead=lead, topic=topic, wording=wording, origin=origin)
    messages.success(request, "Recorded. It counts from now on.")
    return redirect(f"{reverse('leads:detail', args=[pk])}#consent")


def _lift(request: PageRequest, lead: Lead) -> None:
    try:
        consent.lift(address=lead.email or "", origin=Origin(Consent.Source.PERSON, by=request.user))
        messages.success(request, f"{lead.email} may be mailed again.")
    except consent.CannotLift as refusal:
        messages.error(request, f"Nothing was changed. {refusal}")
