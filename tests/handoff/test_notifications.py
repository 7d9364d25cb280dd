"""Telling people: once, what they want, on the way they chose, in their hours."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.db.models.functions import Now

from handoff.calendars import Calendar
from handoff.models import (
    Agreement,
    BusinessCalendar,
    Delivery,
    Handoff,
    Notice,
    Notification,
    SlaClock,
    TeamHours,
)
from handoff.services import deliveries, notifications, outbox
from handoff.services.answers import accept, reject, settle
from handoff.services.choices import OF_ROLE, Choice, choose
from handoff.services.hours import hours_of, leaves_at
from handoff.services.notifications import tell_clock, tell_deal, tell_handoff, tell_missed
from handoff.services.offers import withdraw
from handoff.services.opportunities import reopen, win
from handoff.services.reassignments import reassign
from handoff.services.silence import keep_silence_rule
from handoff.services.telling import record_breaches
from tests.handoff.factories import (
    clock,
    let_time_pass,
    make_cycle,
    make_deal,
    make_offer,
    open_around_the_clock,
    overdue,
    reason,
)
from tests.handoff.test_races import at_once

pytestmark = pytest.mark.django_db
WEEK = {
    "tz": "Europe/Oslo",
    "weekly": {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
}
OFFICE = Calendar.from_data(WEEK)
NEVER_CLOSED = Calendar.from_data(
    {
        "tz": "UTC",
        "weekly": {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")},
    }
)


@pytest.fixture(autouse=True)
def hours():
    open_around_the_clock()


@pytest.fixture(autouse=True)
def every_kind_told_can_be_chosen(hours):
    """Whatever a scene of this file tells somebody has a row among the preferences of their role."""
    yield
    told = Notification.objects.values_list("user__role", "kind")
    assert not [(role, kind) for role, kind in told if kind not in OF_ROLE[role]]


def told(user):
    return list(Notification.objects.visible_to(user).order_by("pk").values_list("kind", "text"))


def test_a_rep_hears_of_an_offer_once_however_often_it_is_told(rita, mara):
    handoff = make_offer(rita, mara, name="Ingrid Solheim", company="Fjellheim")

    tell_handoff(handoff.pk)
    tell_handoff(handoff.pk)
    tell_missed()

    assert told(rita) == [("offered", "Ingrid Solheim, Fjellheim, is yours to accept or reject.")]
    assert [each.channel for each in Delivery.objects.all()] == ["mail"]


@pytest.mark.django_db(transaction=True)
def test_four_workers_at_once_tell_once_and_send_once(rita, mara):
    handoff = make_offer(rita, mara)

    at_once(*[lambda: tell_handoff(handoff.pk)] * 4)
    at_once(*[deliveries.send_due] * 4)

    assert Notification.objects.count() == 1
    assert len(mail.outbox) == 1


def test_the_sweep_finds_what_no_bell_told(rita, otto, mara):
    make_offer(rita, mara, name="Ingrid Solheim")
    taken = make_offer(rita, mara, name="Marcus Feld")
    reassign(handoff=taken, rep=otto, actor=mara)
    undone = make_offer(rita, mara, name="Greta Lindholm")
    withdraw(handoff=undone, actor=mara)

    tell_missed()

    assert sorted(told(rita)) == [
        ("offered", "Ingrid Solheim, Fjellheim, is yours to accept or reject."),
        ("taken", "Marcus Feld is with Otto Other now."),
        ("undone", "Mara Marketer took Greta Lindholm back."),
    ]
    assert [kind for kind, _ in told(otto)] == ["offered"]


def test_marketing_hears_an_answer_only_once_it_is_final(rita, mara):
    no = reason()
    handoff = reject(
        handoff=make_offer(rita, mara, name="Marcus Feld"), actor=rita, reason=no, note="In spring."
    )
    tell_handoff(handoff.pk)
    assert told(mara) == []

    let_time_pass(handoff, timedelta(minutes=1))
    settle(handoff.pk)
    tell_handoff(handoff.pk)

    assert told(mara) == [("answered", f"Rita Rep rejected Marcus Feld: {no}: In spring.")]
    assert told(rita) == []


def test_who_answers_for_a_rep_is_named_to_the_rep(rita, max, mara):
    handoff = accept(handoff=make_offer(rita, mara, name="Marcus Feld"), actor=max)
    settle(handoff.pk, early=True)

    tell_handoff(handoff.pk)

    assert told(rita) == [("taken", "Max Manager accepted Marcus Feld for you.")]


def test_clocks_warn_the_rep_and_escalate_to_the_manager(rita, max, mara):
    handoff = make_offer(rita, mara, name="Marcus Feld")
    row = clock(handoff, "accept")
    SlaClock.objects.filter(pk=row.pk).update(warned_at=Now())
    tell_clock(row.pk)
    SlaClock.objects.filter(pk=row.pk).update(breached_at=Now(), breach_told_at=Now(), escalated_at=Now())

    tell_clock(row.pk)
    tell_clock(row.pk)

    assert told(rita) == [
        ("at_risk", "Little time left to accept or reject Marcus Feld."),
        ("breached", "Overdue: accept or reject Marcus Feld."),
    ]
    assert told(max) == [
        ("escalated", "Rita Rep promised to accept or reject Marcus Feld; that is long overdue.")
    ]


def test_half_of_the_time_and_little_time_are_told_apart_once_each(rita, mara):
    handoff = make_offer(rita, mara, name="Marcus Feld")
    row = clock(handoff, "accept")
    SlaClock.objects.filter(pk=row.pk).update(half_warned_at=Now())
    tell_missed()
    tell_clock(row.pk)
    SlaClock.objects.filter(pk=row.pk).update(warned_at=Now())

    tell_clock(row.pk)
    tell_missed()

    assert [text for kind, text in told(rita) if kind == "at_risk"] == [
        "Half of the time to accept or reject Marcus Feld is gone.",
        "Little time left to accept or reject Marcus Feld.",
    ]


def keep_silent(handoff, rule):
    Agreement.objects.update_or_create(pk=1, defaults={"silence": rule, "silence_minutes": 0})
    overdue(clock(handoff, "accept"), timedelta(hours=3))
    record_breaches()
    keep_silence_rule()


def told_of_silence(user):
    return [text for kind, text in told(user) if kind == "silence"]


def test_a_lead_that_nobody_answers_is_put_before_the_manager_once(rita, max, mara):
    handoff = make_offer(rita, mara, name="Marcus Feld")

    keep_silent(handoff, "escalate")
    tell_missed()
    tell_handoff(handoff.pk)
    tell_missed()

    words = "Rita Rep did not answer Marcus Feld in time: by the silence rule it is yours to decide."
    assert told_of_silence(max) == [words]
    sent = Delivery.objects.filter(notification__kind="silence").values_list("channel", flat=True)
    assert list(sent) == ["mail"]
    assert told_of_silence(rita) == told_of_silence(mara) == []


def test_who_gets_a_lead_by_silence_and_who_offered_it_hear_that_the_rule_did_it(rita, mara):
    handoff = make_offer(rita, mara, name="Marcus Feld")

    keep_silent(handoff, "accept")
    tell_handoff(handoff.pk)
    tell_missed()

    assert told(rita) == [
        ("silence", "Nobody answered in time, so Marcus Feld is yours now, by the silence rule.")
    ]
    assert told(mara) == [
        ("silence", "Nobody answered in time, so Marcus Feld is with Rita Rep now, by the silence rule.")
    ]


def test_a_lead_returned_by_silence_is_put_before_whoever_can_hand_it_off_again(
    rita, otto, max, mara, client_of
):
    by_rep = reassign(handoff=make_offer(rita, mara, name="Greta Lindholm"), rep=otto, actor=rita)
    handoff = make_offer(rita, max, name="Marcus Feld")
    Notification.objects.all().delete()

    keep_silent(handoff, "return")
    keep_silent(by_rep, "return")
    tell_missed()

    assert told_of_silence(max) == [
        "Rita Rep did not answer in time: by the silence rule Marcus Feld is yours to hand off again."
    ]
    assert told_of_silence(mara) == [
        "Otto Other did not answer in time: by the silence rule Greta Lindholm is yours to hand off again."
    ]
    assert told_of_silence(rita) == [
        "Nobody answered in time, so Marcus Feld went back to marketing, by the silence rule."
    ]
    links = Notification.objects.filter(kind="silence").values_list("user", "link")
    people = {user.pk: user for user in (rita, otto, max, mara)}
    assert {client_of(people[user]).get(link).status_code for user, link in links} == {200}


def test_a_rep_who_passed_a_lead_on_hears_the_answer_and_an_owner_that_the_deal_was_won(
    rita, otto, max, mara
):
    passed = reassign(handoff=make_offer(rita, mara), rep=otto, actor=rita)
    settle(accept(handoff=passed, actor=otto).pk, early=True)
    deal = make_deal(rita, mara)
    win(opportunity=deal, actor=max, version=deal.version, amount=12400, currency="EUR")

    tell_missed()

    assert {"answered", "won"} <= {kind for kind, _ in told(rita)}


def test_marketings_own_promise_is_told_to_marketing(mara, rita):
    row = clock(make_cycle(name="Marcus Feld"), "hand_off")
    SlaClock.objects.filter(pk=row.pk).update(breached_at=Now(), breach_told_at=Now())

    tell_missed()

    assert told(mara) == [("breached", "Overdue: hand off Marcus Feld.")]
    assert told(rita) == []


def test_a_won_deal_is_told_to_marketing_and_managers_and_its_reopening_too(rita, max, mara):
    deal = make_deal(rita, mara, company="Fjellheim")
    win(opportunity=deal, actor=rita, version=deal.version, amount=12400, currency="EUR")
    tell_deal(deal.pk)
    reopen(opportunity=deal, actor=rita, version=deal.version)
    tell_deal(deal.pk)

    assert told(mara) == [
        ("won", "Rita Rep won Fjellheim, EUR\u00a012,400."),
        ("undone", "Rita Rep opened the deal Fjellheim again."),
    ]
    assert [kind for kind, _ in told(max)] == ["won"]
    assert told(rita) == []


def test_who_turned_everything_off_or_left_gets_nothing(rita, mara):
    choose(user=rita, choices={Notice.OFFERED: Choice(in_app=False)})
    tell_handoff(make_offer(rita, mara).pk)
    assert not Notification.objects.exists()

    choose(user=rita, choices={Notice.OFFERED: Choice(mail="now")})
    rita.is_active = False
    rita.save()
    tell_missed()

    assert not Notification.objects.exists()


def test_a_mail_turned_off_after_it_was_queued_does_not_leave(rita, mara):
    tell_handoff(make_offer(rita, mara).pk)
    choose(user=rita, choices={Notice.OFFERED: Choice()})

    deliveries.send_due()

    assert mail.outbox == []
    assert Delivery.objects.get().state == "skipped"


@pytest.mark.parametrize(
    ("before", "after", "left"), [("digest", "now", 2), ("now", "digest", 0), ("digest", "off", 0)]
)
def test_what_waits_leaves_on_the_way_that_is_chosen_now(rita, mara, before, after, left):
    choose(user=rita, choices={Notice.OFFERED: Choice(mail=before)})
    for name in ("Ingrid Solheim", "Marcus Feld"):
        tell_handoff(make_offer(rita, mara, name=name).pk)

    choose(user=rita, choices={Notice.OFFERED: Choice(mail=after)})
    deliveries.send_due()
    assert len(mail.outbox) == left
    Delivery.objects.filter(state="due").update(due_at=Now())
    deliveries.send_due()

    assert len(mail.outbox) == {"now": 2, "digest": 1, "off": 0}[after]


def test_mail_only_news_is_not_under_the_bell(rita, mara):
    choose(user=rita, choices={Notice.OFFERED: Choice(in_app=False, mail="now")})
    tell_handoff(make_offer(rita, mara).pk)

    deliveries.send_due()

    assert told(rita) == []
    assert mail.outbox[0].to == [rita.email]


def test_a_digest_gathers_what_is_unread_into_one_mail(rita, mara):
    choose(user=rita, choices={Notice.OFFERED: Choice(mail="digest")})
    handoffs = [
        make_offer(rita, mara, name=name) for name in ("Ingrid Solheim", "Marcus Feld", "Greta Lindholm")
    ]
    for handoff in handoffs:
        tell_handoff(handoff.pk)
    deliveries.send_due()
    assert mail.outbox == []
    notifications.read(user=rita, pk=Notification.objects.get(text__startswith="Greta").pk)
    Delivery.objects.update(due_at=Now())

    deliveries.send_due()
    deliveries.send_due()

    assert len(mail.outbox) == 1
    letter = mail.outbox[0]
    assert letter.subject == "2 news for you in Tandem"
    assert "Ingrid Solheim" in letter.body
    assert "Marcus Feld" in letter.body
    assert "Greta" not in letter.body
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["sent", "sent", "skipped"]


@pytest.mark.parametrize(
    ("kind", "channel", "hours", "now", "leaves"),
    [
        ("offered", "mail", OFFICE, "2026-11-17T12:00", "2026-11-17T12:00"),
        ("offered", "mail", OFFICE, "2026-11-17T20:00", "2026-11-18T08:00"),
        ("offered", "slack", OFFICE, "2026-11-20T17:00", "2026-11-23T08:00"),
        ("escalated", "mail", OFFICE, "2026-11-21T03:00", "2026-11-21T03:00"),
        ("breached", "digest", OFFICE, "2026-11-17T12:00", "2026-11-18T08:00"),
        ("breached", "digest", OFFICE, "2026-11-17T05:00", "2026-11-17T08:00"),
        ("breached", "digest", OFFICE, "2026-11-20T12:00", "2026-11-23T08:00"),
        ("breached", "digest", NEVER_CLOSED, "2026-11-17T12:00", "2026-11-18T12:00"),
    ],
)
def test_mails_leave_in_the_receivers_hours(kind, channel, hours, now, leaves):
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)

    assert leaves_at(kind, channel, hours, moment) == datetime.fromisoformat(leaves).replace(tzinfo=UTC)


def test_the_hours_are_those_of_the_team(rita, otto):
    own = BusinessCalendar.objects.create(
        name="Nights", tz="Asia/Tokyo", weekly={"mon": [["22:00", "06:00"]]}
    )
    TeamHours.objects.create(team=rita.team, calendar=own)

    assert hours_of(rita).zone.key == "Asia/Tokyo"
    assert hours_of(otto).zone.key == "UTC"


def test_a_mail_server_that_is_away_loses_nothing_and_is_not_asked_for_ever(rita, mara, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    tell_handoff(make_offer(rita, mara).pk)

    deliveries.send_due()
    waiting = Delivery.objects.get()
    assert (waiting.state, waiting.attempts) == ("due", 1)
    assert "cannot be reached" in waiting.error
    for _ in range(outbox.TRIES):
        Delivery.objects.filter(state="due").update(due_at=Now())
        deliveries.send_due()

    assert Delivery.objects.get().state == "failed"
    assert Delivery.objects.get().attempts == outbox.TRIES


def test_what_a_dead_worker_left_is_unknown_and_not_sent_again(rita, mara):
    tell_handoff(make_offer(rita, mara).pk)
    Delivery.objects.update(state="sending", claimed_until=Now() - timedelta(minutes=1))

    deliveries.send_due()

    assert Delivery.objects.get().state == "unknown"
    assert mail.outbox == []


def test_notifications_go_with_the_leads_data(rita, mara):
    handoff = make_offer(rita, mara)
    tell_handoff(handoff.pk)

    lead = handoff.lead
    Handoff.objects.filter(pk=handoff.pk).delete()
    lead.delete()

    assert not Notification.objects.exists()
