"""Leads that qualified, offers, and clocks moved in time: the database's clock cannot be set, so rows are."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count

from django.db.models import F
from django.db.models.functions import Now

from accounts.models import User
from handoff.models import (
    BusinessCalendar,
    CloseReason,
    FeedbackForm,
    FeedbackRequest,
    Handoff,
    Opportunity,
    PipelineStage,
    RejectReason,
    SlaClock,
    SlaPolicy,
)
from handoff.services import clocks
from handoff.services.answers import accept
from handoff.services.feedback import put_in_force
from handoff.services.offers import offer
from handoff.services.opportunities import Terms, open_opportunity
from leads.models import Company, Lead
from scoring.models import ModelVersion, QualificationCycle, Score

_numbers = count(1)
ALWAYS = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}


def open_around_the_clock() -> SlaPolicy:
    """A promise that does not depend on when the test runs."""
    policy = SlaPolicy.in_force()
    BusinessCalendar.objects.filter(pk=policy.calendar_id).update(weekly=ALWAYS)
    return SlaPolicy.in_force()


def make_version() -> ModelVersion:
    version, _ = ModelVersion.objects.get_or_create(number=1, defaults={"state": "published"})
    return version


def make_lead(
    name: str = "Ingrid Solheim", *, company: str = "Fjellheim", total: int = 70, **fields: object
) -> Lead:
    number = next(_numbers)
    first, _, last = name.partition(" ")
    lead = Lead.objects.create(
        first_name=first[:150],
        last_name=last[:150],
        email=f"lead{number}@example.com",
        company=Company.objects.get_or_create(name=company[:200], domain="")[0],
        created_at=datetime.now().astimezone(),
        **fields,
    )
    Score.objects.create(
        lead=lead,
        version=make_version(),
        total=total,
        fit=30,
        engagement=total - 30,
        band="A1",
        qualified=total >= 65,
        as_of=datetime.now().astimezone(),
    )
    return lead


def make_cycle(
    lead: Lead | None = None, *, band: str = "A1", n: int = 1, **fields: object
) -> QualificationCycle:
    """A lead that waits in the queue with marketing's clock running."""
    lead = lead or make_lead(**fields)
    Lead.objects.filter(pk=lead.pk).update(stage="mql")
    lead.stage = "mql"
    cycle = QualificationCycle.objects.create(
        lead=lead,
        n=n,
        version=make_version(),
        cause="threshold",
        reason="Pricing page, 3 visits; Attended a webinar",
        total=lead.score.total,
        band=band,
    )
    clocks.start_hand_off_clock(cycle)
    return cycle


def make_offer(rep: User, actor: User, cycle: QualificationCycle | None = None, **fields: object) -> Handoff:
    return offer(cycle=cycle or make_cycle(**fields), actor=actor, rep=rep, note="Asked for 120 seats.")


def reason(consequence: str = "recycle", **fields: object) -> RejectReason:
    found = RejectReason.objects.filter(consequence=consequence, needs_note=False, **fields).first()
    return found or RejectReason.objects.create(
        label=consequence, digit=len(consequence) % 9 + 1, consequence=consequence
    )


def clock(subject: Handoff | QualificationCycle, kind: str) -> SlaClock:
    if isinstance(subject, Handoff):
        return SlaClock.objects.get(handoff=subject, kind=kind)
    return SlaClock.objects.get(cycle=subject, kind=kind, handoff=None)


def let_time_pass(handoff: Handoff, by: timedelta) -> None:
    """As if the answer had been given that much earlier."""
    Handoff.objects.filter(pk=handoff.pk, settles_at__isnull=False).update(settles_at=F("settles_at") - by)


def overdue(row: SlaClock, by: timedelta = timedelta(minutes=5, seconds=30)) -> None:
    SlaClock.objects.filter(pk=row.pk).update(
        due_at=Now() - by, half_at=Now() - 3 * by, nearly_at=Now() - 2 * by
    )


def make_pipeline() -> dict[str, PipelineStage]:
    """The stages by name; a test that empties the tables has lost those of the migration."""
    names = (("Qualified", "open"), ("Proposal", "open"), ("Won", "won"), ("Lost", "lost"))
    for place, (name, kind) in enumerate(names):
        PipelineStage.objects.get_or_create(name=name, defaults={"kind": kind, "order": place * 20})
    CloseReason.objects.get_or_create(label="Price")
    return {stage.name: stage for stage in PipelineStage.objects.all()}


def make_deal(
    rep: User, actor: User, *, amount: int | None = 1000, currency: str = "EUR", **fields: object
) -> Opportunity:
    make_pipeline()
    handoff = accept(handoff=make_offer(rep, actor, **fields), actor=rep)
    name = handoff.lead.company.name
    return open_opportunity(
        handoff=handoff, actor=rep, terms=Terms(name, None if amount is None else Decimal(amount), currency)
    )


QUESTIONS = (
    ("How good was this lead?", "rating", [], True),
    ("What describes it best?", "choice", ["Right time", "Too early"], False),
    ("Another one like it?", "yes_no", [], False),
    ("Anything marketing should know?", "text", [], False),
)


def make_form(occasion: str = "accept") -> FeedbackForm:
    """The version in force; a test that empties the tables has lost that of the migration."""
    number = FeedbackForm.objects.filter(occasion=occasion).count() + 1
    form = FeedbackForm.objects.create(occasion=occasion, number=number, after_days=5)
    for place, (text, kind, choices, required) in enumerate(QUESTIONS):
        form.questions.create(position=place, text=text, kind=kind, choices=choices, required=required)
    put_in_force(form)
    return FeedbackForm.objects.get(pk=form.pk)


def make_request(handoff: Handoff, form: FeedbackForm | None = None) -> FeedbackRequest:
    """Accepted long enough ago, and asked since yesterday."""
    Handoff.objects.filter(pk=handoff.pk).update(
        accepted_at=Now() - timedelta(days=8), settles_at=None, answered_by=handoff.rep
    )
    form = form or make_form()
    return FeedbackRequest.objects.create(
        handoff=handoff, form=form, occasion=form.occasion, due_at=Now() - timedelta(days=1)
    )
