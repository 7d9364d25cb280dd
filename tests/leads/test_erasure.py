"""An erased person leaves no trace: canaries are planted wherever words about somebody may stand."""

from datetime import timedelta
from itertools import count

import pgtrigger
import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.core.files.base import ContentFile
from django.db import connection, models
from django.utils import timezone

from accounts.models import IdempotencyKey
from handoff.models import BantEvidence, FeedbackAnswer, Notification
from leads import holdings
from leads.erased_addresses import disguised
from leads.models import (
    Activity,
    Company,
    Import,
    Lead,
    LeadOutcome,
    OutreachTask,
    PersonRequest,
    ReEntry,
    StageChange,
    Suppression,
)
from leads.services import consent, consents, imports, person_requests
from leads.services.activities import NewActivity, record_activities
from leads.services.consents import Origin
from leads.services.merges import merge_leads
from leads.services.people import update_fields, upsert_lead
from leads.services.persons import person, rows
from nurturing import gates
from nurturing.models import MailEvent, ReturnedMail, Unsubscribe, WebhookCall
from nurturing.services import segments, webhooks
from scoring.models import Score
from scoring.services import checks, keeping
from tests.handoff.factories import make_deal, make_request, open_around_the_clock
from tests.nurturing import factories

pytestmark = pytest.mark.django_db
CANARY = "zyxcanary"
NUMBERS = count(1)
# Columns whose words are our own, never about a person: {table: columns}.
OURS = {
    "leads.Consent": {"version"},
    "leads.OutreachTask": {"key"},
    "leads.PersonRequest": {"words", "counts", "file"},
    "scoring.QualificationCycle": {"rule_key", "band"},
    "scoring.HeldLead": {"band"},
    "scoring.Alert": {"key", "band"},
    "handoff.SlaClock": {"policy", "calendar"},
    "handoff.ClockMove": {"calendar_before"},
    "handoff.Holding": {"waits_for"},
    "handoff.RoutingDecision": {"rule"},
    "handoff.ScoredBy": {"rule_key", "rule_name"},
    "handoff.Opportunity": {"currency", "first_source", "first_campaign", "last_source", "last_campaign"},
    "handoff.StageStep": {"currency"},
    "nurturing.ReturnedMail": {"status"},
    "nurturing.MailEvent": {"service", "kind", "reason"},
    "nurturing.GateNote": {"gate"},
    "nurturing.Visit": {"outcome"},
    "nurturing.SegmentTouch": {"cause"},
}


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


def canary(longest=None):
    return f"{CANARY}{next(NUMBERS)}"[:longest]


@pytest.fixture
def jane(mara, rita):
    """With something in nearly every table, and somebody else merged into her."""
    open_around_the_clock()
    deal = make_deal(rita, mara)
    lead = deal.lead
    address = f"jane.{CANARY}@{CANARY}.example"
    values = {"name": f"Jane {CANARY}", "phone": "+49 30 901820", "company": f"Firm {CANARY}"}
    update_fields(lead=lead, values=values | {"email": address}, source="typed", actor=mara)
    other = upsert_lead(
        values={"name": f"J {CANARY}"}, source="api", email=f"j@{CANARY}.example", external_id=f"x-{CANARY}"
    )[0]
    merge_leads(winner=lead, loser=other, cause=canary(), by=mara)
    props = {"path": f"/{CANARY}", "text": canary(), "form": CANARY}
    record_activities(
        [
            NewActivity(lead.pk, kind, timezone.now() - timedelta(days=days), props, message_id=canary())
            for days in (0, 40)
            for kind in ("form_submit", "note", "email_unsubscribe")
        ]
    )
    consents.give(lead=lead, topic=None, wording=canary(), origin=Origin("form", evidence={"a": canary()}))
    consent.suppress(address=address, reason="manual", lead=lead, detail=canary())
    OutreachTask.objects.create(lead=lead, key="k", source="S", title="Call", due_at=timezone.now())
    ReEntry.objects.create(lead=lead, campaign=1, key="k", reason=canary(), due_at=timezone.now())
    LeadOutcome.objects.create(lead=lead, result="won", source=canary())
    BantEvidence.objects.create(lead=lead, letter="budget", standing="yes", value=canary(), recorded_by=rita)
    Notification.objects.create(user=rita, kind="won", key="k", lead=lead, text=canary(), link="/")
    asked = make_request(deal.handoff)
    for question in asked.form.questions.all():
        FeedbackAnswer.objects.create(request=asked, question=question, value="3")
    _mails(lead, mara)
    return Lead.objects.get(pk=lead.pk)


def _mails(lead, mara):
    message = factories.queued()
    message.enrolment.lead = lead
    message.enrolment.save()
    Unsubscribe.objects.create(message=message, address=lead.email, how="page")
    ReturnedMail.objects.create(digest=b"1", message=message, kind="reply", source="file", subject=canary())
    ReturnedMail.objects.create(digest=b"2", kind="none", source="file", recipients=[lead.email.lower()])
    MailEvent.objects.create(digest=b"1", service="s", kind="opened", message=message, agent=canary())
    endpoint = webhooks.save_endpoint(endpoint=None, name="P", url="https://hooks.example/", actor=mara)
    WebhookCall.objects.create(
        endpoint=endpoint, enrolment=message.enrolment, step=message.step, payload={"who": canary()}
    )
    segments.put_on_list(segment=segments.make_list(name="L", actor=mara), leads=[lead.pk], actor=mara)


def plant(whose):
    """A word of its own into every column of text in every row about the person, and into former states."""
    with pgtrigger.ignore():
        for holding in holdings.holdings():
            found = rows(holding, whose).filter(**holding.only)
            keys = list(found.values_list("pk", flat=True))
            skip = OURS.get(holding.model, set()) | set(holding.addresses) | {"recipients"}
            for field in holding.rows._meta.concrete_fields:
                if field.name in skip or field.choices or field.primary_key or field.is_relation:
                    continue
                for key in keys:
                    if (value := _word(field)) is not None:
                        holding.rows._base_manager.filter(pk=key).update(**{field.name: value})


def _word(field):
    if isinstance(field, models.JSONField):
        return {"said": canary()}
    if isinstance(field, models.CharField | models.TextField):
        return canary(field.max_length)
    return None


def dump():
    """Everything in the database as text, with the table it stands in."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_ident(relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        for (table,) in cursor.fetchall():
            with cursor.copy(f"COPY {table} TO STDOUT") as copy:
                yield table, b"".join(bytes(part) for part in copy).decode().casefold()


def traces():
    return sorted(table for table, text in dump() if CANARY in text)


def erase(lead, by):
    request = person_requests.ask_for_erasure(lead=lead, by=by, typed=person_requests.phrase(lead))
    assert person_requests.work_on(request.pk)
    return PersonRequest.objects.get(pk=request.pk)


def test_nothing_of_an_erased_person_is_found_in_a_full_dump_or_in_files(jane, mara, ada, settings):
    text = f'email;name\nother@b.example;Otto\n{jane.email};x\n"q";Jane {CANARY}\nlast@b.example;Last\n'
    run = imports.create_import(name=f"Jane {CANARY}.csv", file=ContentFile(text.encode()), actor=mara)
    Import.objects.filter(pk=run.pk).update(state="done", report={"kept": [{"value": jane.email}]})
    run.bad_rows.create(line=3, reason=f"{jane.email} is wrong")
    LogEntry.objects.create(user=ada, action_flag=2, object_id=str(jane.pk), object_repr=f"Jane {CANARY}")
    IdempotencyKey.objects.create(owner="token:1", key="k", fingerprint=b"1", answer={"email": jane.email})
    whose = person(jane)
    plant(whose)
    copy = person_requests.ask_for_copy(lead=jane, by=ada)
    person_requests.work_on(copy.pk)
    assert len(traces()) > 25, "the canaries sing"

    done = erase(jane, ada)

    assert traces() == []
    files = [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]
    assert [path for path in files if CANARY in path.read_bytes().decode("latin-1").casefold()] == []
    assert [path for path in files if CANARY in path.name.casefold()] == []
    run.refresh_from_db()
    assert run.file.read().decode().splitlines() == [
        "email;name",
        "other@b.example;Otto",
        "",
        "",
        "last@b.example;Last",
    ]
    assert done.state == "done"
    assert dict(done.counts)["mails"] == 1


def test_counts_stay_and_the_person_is_gone_from_every_page(jane, mara, ada, client_of):
    tables = (
        "Activity",
        "Enrolment",
        "Message",
        "QualificationCycle",
        "Handoff",
        "Opportunity",
        "StageChange",
    )
    found = [model for model in apps.get_models() if model.__name__ in tables]
    before = {model.__name__: model._base_manager.count() for model in found}
    page = f"/leads/{jane.pk}/"

    erase(jane, ada)

    assert {model.__name__: model._base_manager.count() for model in found} == before
    assert client_of(ada).get(page).status_code == 404
    assert not Lead.objects.visible_to(mara).filter(pk=jane.pk).exists()
    assert set(StageChange.objects.filter(lead=jane).values_list("reason", flat=True)) <= {""}
    assert set(Activity.objects.values_list("lead_id", flat=True)) == {0}


def test_the_address_is_never_mailed_again_and_nobody_can_read_it(jane, ada):
    address = jane.email

    erase(jane, ada)
    again = upsert_lead(values={}, source="import", email=address)[0]

    assert not Suppression.objects.filter(address=address).exists()
    assert Suppression.objects.filter(address=disguised(address), reason="erased").exists()
    assert consent.is_suppressed(address.upper())
    assert not gates.mailable().filter(pk=again.pk).exists()
    assert dict(gates.blocked(Lead.objects.filter(pk=again.pk)).values_list("pk", "blocker")) == {
        again.pk: "unsubscribed"
    }


def test_others_are_left_alone(jane, ada):
    colleague = upsert_lead(values={"first_name": "Otto"}, source="form", email="otto@b.example")[0]
    Lead.objects.filter(pk=colleague.pk).update(company=jane.company)
    record_activities([NewActivity(colleague.pk, "page_view", timezone.now(), {"path": "/pricing"})])
    firm = jane.company

    erase(jane, ada)

    assert Company.objects.filter(pk=firm.pk).exists()
    colleague.refresh_from_db()
    assert (colleague.first_name, colleague.company) == ("Otto", firm)
    assert Activity.objects.get(lead=colleague).shape.props == {"path": "/pricing"}


def test_scores_are_those_of_a_replay_afterwards(jane, ada):
    erase(jane, ada)
    keeping.score_touched(limit=100)
    keeping.rescore_all()

    assert checks.check_shadow(share=1).details == []
    assert not Score.objects.filter(lead=0).exists()


def test_an_import_at_work_is_waited_for(jane, mara, ada):
    text = f"email\n{jane.email}\n"
    run = imports.create_import(name="people.csv", file=ContentFile(text.encode()), actor=mara)
    Import.objects.filter(pk=run.pk).update(state="running")
    request = person_requests.ask_for_erasure(lead=jane, by=ada, typed=jane.email)

    assert not person_requests.work_on(request.pk)

    request.refresh_from_db()
    assert (request.state, request.pk in person_requests.waiting()) == ("asked", True)
    assert f"import {run.pk}" in request.words
    Import.objects.filter(pk=run.pk).update(state="done")
    assert person_requests.work_on(request.pk)


def test_what_hangs_on_a_person_or_holds_an_address_is_registered():
    known = {one.model for one in holdings.holdings()} | set(holdings.anonymous())
    personal = {Lead}
    while True:
        more = {
            model
            for model in ours()
            if model not in personal and any(_hangs(field, personal) for field in model._meta.concrete_fields)
        }
        if not more:
            break
        personal |= more
    found = {model._meta.label for model in personal}
    found |= {
        model._meta.label
        for model in ours()
        if any(_addressed(field) for field in model._meta.concrete_fields)
    }

    assert found - known - OF_COLLEAGUES == set()
    assert known - found == set()


OF_COLLEAGUES = {"accounts.User", "accounts.Organisation"}


def ours():
    """Tables of our apps; former states come with their table."""
    for model in apps.get_models():
        here = model.__module__.partition(".")[0] in ("accounts", "leads", "scoring", "nurturing", "handoff")
        if here and not model._meta.proxy and not hasattr(model, "pgh_tracked_model"):
            yield model


def _hangs(field, personal):
    if field.name in ("lead_id", "subject_id"):
        return True
    return field.is_relation and field.related_model in personal and field.name != "merged_into"


def _addressed(field):
    return isinstance(field, models.EmailField) or field.name in (
        "address",
        "recipient",
        "recipients",
        "sender",
    )
