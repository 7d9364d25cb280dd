"""Telling of alerts: whoever has the lead, in the way they chose, and never a storm."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db.models import F
from django.db.models.functions import Now

from handoff.models import Delivery, Notification
from handoff.services import alerts, deliveries
from handoff.services.choices import Choice, choose
from leads.models import Lead
from scoring.models import Alert, Watch
from tests.handoff.factories import make_lead, make_offer, open_around_the_clock
from tests.handoff.test_races import at_once

pytestmark = pytest.mark.django_db
NOW = {"action": Choice(mail="now"), "crossing": Choice(mail="now")}


@pytest.fixture(autouse=True)
def hours():
    open_around_the_clock()


@pytest.fixture
def raised():
    """`raised(lead)`: it asked for a demo, or with `on="crossing"` its score rose."""

    def raise_one(lead, on="action", **terms):
        watch, _ = Watch.objects.get_or_create(name=on, defaults={"on": on})
        number = Alert.objects.count()
        words = "asked for a demo" if on == "action" else "rose to 80 points"
        terms = {"activity_id": number + 1 if on == "action" else None, "at": Now(), **terms}
        return Alert.objects.create(
            watch=watch, lead=lead, key=f"x:{number}", words=words, total=80, band="A1", **terms
        )

    return raise_one


def told(user):
    return list(Notification.objects.visible_to(user).order_by("pk").values_list("text", flat=True))


def test_the_rep_who_owns_the_lead_hears_with_a_link_to_the_activity(raised, rita, otto, mara):
    lead = make_lead(owner=rita)
    alert = raised(lead)

    alerts.tell()
    alerts.tell()

    assert told(rita) == ["Ingrid Solheim, Fjellheim, asked for a demo."]
    assert told(otto) == told(mara) == []
    assert Notification.objects.get().link == f"/leads/{lead.pk}/#activity-{alert.activity_id}"


def test_who_was_offered_the_lead_hears_else_marketing(raised, rita, otto, mara):
    handoff = make_offer(otto, mara, name="Marcus Feld")
    raised(handoff.lead, on="crossing")
    raised(make_lead())

    alerts.tell()

    assert told(otto) == ["Marcus Feld, Fjellheim, rose to 80 points."]
    assert told(mara) == ["Ingrid Solheim, Fjellheim, asked for a demo."]
    assert told(rita) == []


def test_a_lead_of_somebody_who_left_is_marketings(raised, rita, mara):
    lead = make_lead(owner=rita)
    rita.is_active = False
    rita.save()
    raised(lead)

    alerts.tell()

    assert len(told(mara)) == 1
    assert not Notification.objects.filter(user=rita).exists()


def test_a_manager_hears_of_the_teams_alerts_once_they_ask(raised, rita, max):
    raised(make_lead(owner=rita))
    alerts.tell()
    assert told(max) == []

    choose(user=max, choices={"action": Choice(in_app=True)})
    raised(make_lead(owner=rita))
    alerts.tell()

    assert len(told(max)) == 1


def test_two_hundred_at_once_are_five_and_one_more_and_one_mail(raised, rita):
    choose(user=rita, choices=NOW)
    lead = make_lead(owner=rita)
    for _ in range(200):
        raised(lead)

    alerts.tell()
    deliveries.send_due()

    assert len(told(rita)) == 6
    assert told(rita)[-1] == "And 195 more alerts: what leads did within an hour."
    assert len(mail.outbox) == 5
    Delivery.objects.filter(state="due").update(due_at=Now())
    deliveries.send_due()
    assert mail.outbox[-1].subject == "And 195 more alerts: what leads did within an hour."
    assert len(mail.outbox) == 6


def test_the_row_grows_and_is_new_again_and_the_next_hour_begins_afresh(raised, rita):
    lead = make_lead(owner=rita)
    for _ in range(6):
        raised(lead)
    alerts.tell()
    Notification.objects.update(read_at=Now())

    raised(lead)
    alerts.tell()
    assert told(rita)[-1] == "And 2 more alerts: what leads did within an hour."
    assert Notification.objects.unread().get().more == 2
    Notification.objects.update(created_at=F("created_at") - timedelta(minutes=61))
    raised(lead)
    alerts.tell()

    assert told(rita)[-1] == "Ingrid Solheim, Fjellheim, asked for a demo."


def test_kinds_are_counted_apart(raised, rita):
    lead = make_lead(owner=rita)
    for _ in range(5):
        raised(lead)
    raised(lead, on="crossing")

    alerts.tell()

    assert told(rita)[-1] == "Ingrid Solheim, Fjellheim, rose to 80 points."


def test_somebody_who_wants_none_of_it_gets_none_of_it(raised, rita):
    choose(user=rita, choices={"action": Choice(in_app=False)})
    lead = make_lead(owner=rita)
    for _ in range(8):
        raised(lead)

    alerts.tell()

    assert not Notification.objects.exists()
    assert not Alert.objects.untold().exists()


def test_what_could_not_be_told_for_a_day_is_let_be(raised, rita):
    raised(make_lead(owner=rita), at=Now() - timedelta(days=2))

    alerts.tell()

    assert told(rita) == []
    assert not Alert.objects.untold().exists()


def test_a_lead_merged_away_meanwhile_is_not_linked_to(raised, rita):
    lead = make_lead(owner=rita)
    raised(lead)
    Lead.objects.filter(pk=lead.pk).update(merged_into=make_lead())

    alerts.tell()

    assert told(rita) == []


@pytest.mark.django_db(transaction=True)
def test_four_workers_at_once_tell_each_once_and_keep_the_limit(raised, rita):
    lead = make_lead(owner=rita)
    for _ in range(12):
        raised(lead)

    at_once(*[alerts.tell] * 4)

    assert len(told(rita)) == 6
    assert told(rita)[-1] == "And 7 more alerts: what leads did within an hour."
