"""Gates: caps hold under any number of senders, nothing goes without a reason, what is said is what is done."""

import threading
from datetime import time, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django.asserts import assertContains

from leads.models import Disqualification, Lead
from leads.services import consents
from leads.services.confirmations import ask_to_confirm
from leads.services.consent import suppress
from nurturing import gates, ledger, quiet, situations, weighing
from nurturing.ledger import Claim
from nurturing.models import Campaign, Enrolment, GateNote, Message, SendingRules
from nurturing.services import advancing, campaigns, enrolments
from tests.nurturing import factories

pytestmark = pytest.mark.django_db
ORIGIN = consents.Origin(source="person")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def rules(**values: Any) -> SendingRules:
    """No limit but the given ones."""
    open_all = {
        "cap_day": None,
        "cap_week": None,
        "days": list(range(7)),
        "opens": time(0),
        "closes": time(0),
    }
    return SendingRules.objects.update_or_create(pk=1, defaults=open_all | values)[0]


def mails_to_one(number: int, priorities: tuple[int, ...] = ()) -> list[Message]:
    """One due mail of each of that many campaigns to the same lead."""
    person, segment = factories.lead(time_zone="Europe/Oslo"), factories.segment()
    for place in range(number):
        campaign = factories.running(segment=segment)
        Campaign.objects.filter(pk=campaign.pk).update(priority=(*priorities, *[3] * number)[place])
        enrolments.enrol(campaign=campaign, leads=[person.pk])
    advancing.advance_due()
    return list(Message.objects.filter(enrolment__lead=person).order_by("pk"))


def sent(message: Message, ago: timedelta) -> None:
    at = timezone.now() - ago
    Message.objects.filter(pk=message.pk).update(state="accepted", dot_at=at, sent_at=at)


def send_all() -> list[int]:
    return [held.message_id for held in ledger.claim(100) if ledger.pass_fence(held)]


def test_over_the_cap_a_mail_waits_until_the_oldest_is_a_day_old():
    rules(cap_day=1)
    earlier, due = mails_to_one(2)
    sent(earlier, 5 * HOUR)

    assert send_all() == []

    due.refresh_from_db()
    note = due.notes.get()
    assert (due.state, note.gate) == ("queued", "cap")
    assert "1 of 1 mail in the last 24 hours, next possible on" in note.words
    assert abs(due.due_at - (timezone.now() + 19 * HOUR)) < timedelta(minutes=1)


def test_the_week_counts_too_and_a_doubtful_mail_counts_as_sent():
    rules(cap_day=2, cap_week=2)
    first, second, due = mails_to_one(3)
    sent(first, 6 * DAY)
    sent(second, 3 * DAY)
    Message.objects.filter(pk=second.pk).update(state="unknown", sent_at=None)

    assert send_all() == []

    due.refresh_from_db()
    assert abs(due.due_at - (timezone.now() + DAY)) < timedelta(minutes=1)


def test_when_there_is_room_for_one_the_most_important_mail_gets_it():
    rules(cap_day=1)
    low, high, usual = mails_to_one(3, (5, 1, 3))

    assert send_all() == [high.pk]

    waiting = GateNote.objects.filter(gate="turn").values_list("message", flat=True)
    assert set(waiting) == {low.pk, usual.pk}
    assert high.enrolment.campaign.name in GateNote.objects.get(message=low, gate="turn").words


def test_the_same_gate_again_counts_up_instead_of_writing_another_row():
    rules(cap_day=1)
    earlier, due = mails_to_one(2)
    sent(earlier, HOUR)
    for _ in range(3):
        Message.objects.filter(pk=due.pk).update(due_at=Now())
        send_all()

    assert due.notes.get().times == 3


def test_a_mail_that_would_wait_for_too_long_is_not_sent_and_says_why():
    rules(cap_week=1, patience_days=3)
    earlier, due = mails_to_one(2)
    sent(earlier, HOUR)

    send_all()

    due.refresh_from_db()
    assert (due.state, due.notes.get().verdict) == ("suppressed", "suppressed")
    assert "more than the 3 days" in due.reply


def test_mails_to_somebody_merged_into_the_lead_count_as_the_leads_own():
    rules(cap_day=1)
    (due,) = mails_to_one(1)
    other = factories.queued()
    sent(other, HOUR)
    Lead.objects.filter(pk=other.enrolment.lead_id).update(merged_into=due.enrolment.lead_id)

    assert send_all() == []
    assert due.notes.get().gate == "cap"


def test_in_the_readers_night_a_mail_waits_for_the_readers_morning():
    (due,) = mails_to_one(1)
    local = timezone.now().astimezone(quiet.zone_of("Europe/Oslo", "UTC")[0])
    opens = (local + 3 * HOUR).replace(second=0, microsecond=0)
    rules(opens=opens.time(), closes=(opens + HOUR).time())

    assert send_all() == []

    due.refresh_from_db()
    assert due.due_at == opens
    assert f"{local:%H:%M} in Oslo, quiet until" in due.notes.get().words


def test_a_campaigns_own_time_holds_its_mails_and_then_ends_it():
    (due,) = mails_to_one(1)
    campaign = Campaign.objects.filter(pk=due.enrolment.campaign_id)
    starts = timezone.now() + HOUR
    campaign.update(starts_at=starts, ends_at=starts + DAY)

    assert send_all() == []
    due.refresh_from_db()
    assert due.due_at == starts

    campaign.update(starts_at=None, ends_at=timezone.now() - HOUR)
    campaigns.end_due()
    due.refresh_from_db()
    assert (due.state, campaign.get().state) == ("suppressed", "ended")


def test_a_mail_that_passes_keeps_what_the_gates_saw():
    rules(cap_day=2, cap_week=3)
    earlier, due = mails_to_one(2)
    sent(earlier, 30 * HOUR)

    assert send_all() == [due.pk]

    due.refresh_from_db()
    assert (due.gates_saw["day"], due.gates_saw["week"]) == ([0, 2], [1, 3])
    assert not GateNote.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("caps", [{"cap_day": 1, "cap_week": 9}, {"cap_day": 5, "cap_week": 3}])
def test_64_senders_at_once_never_exceed_a_cap(caps):
    rules(**caps)
    first = mails_to_one(2)
    more = [Message(**again(mail, visit)) for mail in first for visit in range(2, 33)]
    mails = [mail.pk for mail in (*first, *Message.objects.bulk_create(more))]
    Message.objects.update(state="claimed", attempt=1, lease_until=Now() + HOUR)  # as if no claim had looked
    passed, start = [], threading.Barrier(len(mails))

    def send(pk: int) -> None:
        try:
            connection.ensure_connection()
            start.wait()
            passed.append(ledger.pass_fence(Claim(pk, 1)))
        finally:
            connection.close()

    senders = [threading.Thread(target=send, args=(pk,)) for pk in mails]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()

    assert len(passed) == 64
    assert 1 <= sum(passed) <= min(caps.values())


def again(mail: Message, visit: int) -> dict[str, Any]:
    return {"enrolment": mail.enrolment, "step": mail.step, "visit": visit, "to_address": mail.to_address}


moments = st.integers(-9 * 24, 2 * 24).filter(lambda hours: hours not in (0, -24, -168))
outcomes = st.sampled_from(["accepted", "dot", "unknown", "rejected"])
hour = st.integers(0, 23)
cases = st.fixed_dictionaries(
    {
        "caps": st.fixed_dictionaries(
            {"cap_day": st.sampled_from([None, 1, 2]), "cap_week": st.sampled_from([None, 1, 3])}
        ),
        "sent": st.lists(st.tuples(st.integers(0, 9 * 24), outcomes), max_size=3),
        "rivals": st.lists(
            st.tuples(st.integers(1, 5), st.sampled_from(["active", "paused"]), st.booleans()), max_size=2
        ),
        "zone": st.sampled_from(["Asia/Kathmandu", "America/St_Johns", "", "nowhere"]),
        "ours": st.tuples(hour, hour, st.sets(st.integers(0, 6), min_size=4)),
        "own": st.none() | st.none() | st.tuples(hour, hour),
        "starts": st.none() | moments,
        "ends": st.none() | moments,
        "state": st.sampled_from(["active", "active", "active", "active", "paused", "ended"]),
        "stage": st.sampled_from(["lead", "lead", "lead", "lead", "mql", "sql", "disqualified"]),
        "flaw": st.sampled_from(
            [*[""] * 6, "suppressed", "disqualified", "no_address", "ended", "pause", "refused", "asked"]
        ),
    }
)


@pytest.fixture
def pool() -> list[Campaign]:
    """One to ask about, two rivals, and one that has ended."""
    factories.organisation(time_zone="Pacific/Auckland")
    campaigns_ = [factories.draft(segment=segment) for segment in [factories.segment()] for _ in range(4)]
    for campaign in campaigns_:
        factories.email(campaign)
    return campaigns_


@settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(situation=cases)
def test_what_is_explained_is_what_the_database_decides(pool, situation):
    with transaction.atomic():
        mail = arrange(pool, situation)

        by_database = Message.objects.filter(gates.may_be_sent(), pk=mail.pk).exists()
        explained = situations.verdicts([mail.pk])[mail.pk]
        at_fence = ledger.pass_fence(Claim(mail.pk, 1))

        assert by_database == at_fence == (explained.kind == weighing.PASS), explained
        assert explained.kind != weighing.WAIT or explained.until > timezone.now()
        transaction.set_rollback(True)


def arrange(pool: list[Campaign], it: dict[str, Any]) -> Message:
    """Half an hour away from every full hour of now, so that no hour of the rules is just passing."""
    person = factories.lead(time_zone=it["zone"])
    opens, closes, days = it["ours"]
    rules(opens=time(opens, minute_far()), closes=time(closes, minute_far()), days=sorted(days), **it["caps"])
    prepare(pool[0], 3, it["state"], it["own"], it["starts"], it["ends"])
    mail = message_of(person, pool[0], 1, state="claimed", attempt=1, lease_until=timezone.now() + HOUR)
    prepare(pool[3], 3, "ended")
    for visit, (hours, state) in enumerate(it["sent"], 1):
        at = timezone.now() - hours * HOUR - timedelta(minutes=5)
        message_of(person, pool[3], visit, state=state, dot_at=at)
    for place, (priority, state, due) in enumerate(it["rivals"], 1):
        prepare(pool[place], priority, state)
        message_of(person, pool[place], 1, due_at=timezone.now() + (-HOUR if due else HOUR))
    spoil(person, mail, it["stage"], it["flaw"])
    return mail


def minute_far() -> int:
    return (timezone.now().minute + 30) % 60


def prepare(
    campaign: Campaign, priority: int, state: str, own: Any = None, starts: Any = None, ends: Any = None
) -> None:
    starts_at = timezone.now() + starts * HOUR if starts is not None else None
    ends_at = timezone.now() + ends * HOUR if ends is not None else None
    if starts_at and ends_at and starts_at >= ends_at:
        ends_at = None
    hours = {"send_from": time(own[0], minute_far()), "send_until": time(own[1], minute_far())} if own else {}
    values = {"priority": priority, "state": state, "starts_at": starts_at, "ends_at": ends_at} | hours
    Campaign.objects.filter(pk=campaign.pk).update(**values)


def message_of(person: Lead, campaign: Any, visit: int, **values: Any) -> Message:
    version = campaign.versions.get()
    run = Enrolment.objects.get_or_create(campaign=campaign, version=version, lead=person)[0]
    return Message.objects.create(
        enrolment=run, step=version.steps.get(), visit=visit, to_address=person.email, **values
    )


def spoil(person: Lead, mail: Message, stage: str, flaw: str) -> None:
    Lead.objects.filter(pk=person.pk).update(stage=stage)
    if flaw == "suppressed":
        suppress(address=mail.to_address, reason="unsubscribed", lead=None)
    elif flaw == "disqualified":
        Disqualification.objects.create(lead=person, reason="competitor")
    elif flaw == "no_address":
        Lead.objects.filter(pk=person.pk).update(email=None)
    elif flaw == "pause":
        consents.pause(lead=person, days=2, wording="Not now", origin=ORIGIN)
    elif flaw == "refused":
        consents.withdraw(lead=person, topic=None, wording="No more", origin=ORIGIN)
    elif flaw == "asked":
        ask_to_confirm(lead=person, topics=[None], wording="Yes please", origin=ORIGIN)
    elif flaw == "ended":
        Enrolment.objects.filter(pk=mail.enrolment_id).update(ended_at=Now(), ended_because="stopped")


def test_the_page_tells_what_each_gate_saw_and_why_others_did_not_take_the_lead_in(client_of, mara):
    rules(cap_day=1)
    earlier, due = mails_to_one(2)
    sent(earlier, HOUR)
    send_all()
    far = factories.segment(conditions=[{"field": "country", "op": "is", "value": "Chad"}])
    other = factories.running(segment=far, name="Elsewhere")

    page = client_of(mara).get(f"/leads/{due.enrolment.lead_id}/mails/")

    assertContains(page, "1 of 1 mail in the last 24 hours, next possible on")
    assertContains(page, "Nobody asked us not to write.")
    assertContains(page, other.name)
    assertContains(page, "Is not in the segment")


def test_a_mail_that_left_says_what_it_was_measured_against(client_of, mara):
    rules(cap_day=2)
    (due,) = mails_to_one(1)
    send_all()

    page = client_of(mara).get(f"/leads/{due.enrolment.lead_id}/mails/")

    assertContains(page, "Passed all gates.")
    assertContains(page, "0 of 2 in the last 24 hours; 0 in the last 7 days, no cap")


def test_the_leads_rep_may_read_it_and_a_stranger_finds_nothing(client_of, rita, otto):
    (due,) = mails_to_one(1)
    lead = due.enrolment.lead
    Lead.objects.filter(pk=lead.pk).update(owner=rita)

    assert client_of(rita).get(f"/leads/{lead.pk}/mails/").status_code == 200
    assert client_of(otto).get(f"/leads/{lead.pk}/mails/").status_code == 404


def test_the_page_asks_as_often_for_many_mails_as_for_one(client_of, mara):
    rules(cap_day=1)
    queries = []
    for number in (2, 5):
        mail = mails_to_one(number)[0]
        with CaptureQueriesContext(connection) as asked:
            client_of(mara).get(f"/leads/{mail.enrolment.lead_id}/mails/")
        queries.append(len(asked))

    assert queries[0] == queries[1]


def test_an_admin_changes_the_rules_and_held_mails_are_asked_about_anew(client_of, ada):
    rules(cap_day=1)
    earlier, due = mails_to_one(2)
    sent(earlier, HOUR)
    send_all()
    form = {"cap_day": 5, "cap_week": "", "days": [0, 1, 2, 3, 4, 5, 6], "opens": "00:00", "closes": "00:00"}

    client_of(ada).post("/admin/nurturing/sendingrules/1/change/", form | {"patience_days": 14})

    assert SendingRules.objects.get().cap_day == 5
    assert send_all() == [due.pk]


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ({"send_from": "08:00"}, "Give both hours"),
        ({"starts_at": "2027-01-02T10:00", "ends_at": "2027-01-01T10:00"}, "before the start"),
        ({"send_from": "21:00", "send_until": "22:00"}, "leave nothing of these hours"),
        ({"priority": "9"}, "valid choice"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_name_and_kept_as_typed(client_of, mara, typed, complaint):
    rules(opens=time(8), closes=time(20))
    campaign = factories.draft(name="Before")
    form = {"name": "After", "segment": campaign.segment_id, "goal": "mql", "cool_down_days": 30} | typed

    answer = client_of(mara).post(f"/campaigns/{campaign.pk}/settings/", form)

    assertContains(answer, complaint, status_code=422)
    assert Campaign.objects.get(pk=campaign.pk).name == "Before"


@pytest.mark.parametrize(
    ("state", "words"),
    [("rejected", "Refused by the server. 554 no"), ("parked", "Needs a person. 554 no")],
)
def test_the_page_says_why_a_mail_that_no_gate_held_never_arrived(client_of, mara, state, words):
    (mail,) = mails_to_one(1)
    Message.objects.filter(pk=mail.pk).update(state=state, reply="554 no")

    page = client_of(mara).get(f"/leads/{mail.enrolment.lead_id}/mails/")

    assertContains(page, words)
