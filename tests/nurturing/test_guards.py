"""What keeps a burst, a second copy or a bad reputation away: late mails, old databases, complaints."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db.models import F
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from leads.services.consent import suppress
from nurturing import delivery, epoch
from nurturing.complaints import Rate
from nurturing.models import Campaign, Enrolment, Epoch, MailTrouble, Message, SendingHalt
from nurturing.services import advancing, campaigns, enrolments, guard
from tests.nurturing import factories
from tests.nurturing.sink import Sink

pytestmark = pytest.mark.django_db


def states() -> list[str]:
    return list(Message.objects.order_by("pk").values_list("state", flat=True))


def age(hours: int) -> None:
    """So long the queue stood still."""
    since = timedelta(hours=hours)
    Message.objects.update(due_at=F("due_at") - since, late_from=F("late_from") - since)


def test_a_mail_that_is_late_is_skipped_with_its_reason_and_the_run_goes_on(sink: Sink) -> None:
    campaign = factories.running()
    Campaign.objects.update(late_policy="skip", late_hours=24)
    late, other = factories.queued(campaign), factories.queued(campaign)
    Message.objects.filter(pk=late.pk).update(late_from=Now() - timedelta(hours=25))
    Message.objects.filter(pk=other.pk).update(late_from=Now() - timedelta(hours=23))

    delivery.send_due()
    enrolments.sweep_stops()

    assert states() == ["suppressed", "accepted"]
    late.refresh_from_db()
    assert "more than 24 hours ago" in late.reply
    assert late.enrolment.__class__.objects.get(pk=late.enrolment_id).due_at is not None


def test_late_mails_are_spread_over_the_next_hours_never_in_a_burst(sink: Sink) -> None:
    campaign = factories.running()
    for _ in range(20):
        factories.queued(campaign)
    age(72)

    delivery.send_due()

    assert sink.accepted == []
    turns = Message.objects.filter(state="queued", reply__startswith="Sent late")
    assert turns.count() == 20
    assert turns.filter(due_at__gt=Now() + timedelta(hours=6)).count() == 0
    assert turns.filter(due_at__gt=Now() + timedelta(hours=3)).exists()
    Message.objects.update(due_at=Now())  # their hours come
    delivery.send_due()
    assert len(sink.accepted) == 20


def test_a_weekend_of_pause_makes_late_and_a_back_off_does_not(sink: Sink) -> None:
    campaign = factories.running()
    Campaign.objects.update(late_policy="skip")
    factories.queued(campaign)
    campaigns.pause(campaign)
    age(48)
    delivery.send_due()  # held
    assert states() == ["queued"]

    campaigns.resume(campaign)
    Message.objects.update(due_at=Now())
    delivery.send_due()

    assert states() == ["suppressed"]


def test_runs_that_nobody_moved_for_days_do_not_fire_at_once(sink: Sink) -> None:
    campaign = factories.running()
    Campaign.objects.update(late_policy="skip")
    factories.enrolled(campaign)
    Enrolment.objects.update(due_at=Now() - timedelta(days=3))
    advancing.advance_due()

    delivery.send_due()

    assert states() == ["suppressed"]


@pytest.fixture
def witness(settings: Any, tmp_path: Path) -> Path:
    settings.EPOCH_FILE = str(tmp_path / "epoch.json")
    return tmp_path / "epoch.json"


def yesterdays_backup() -> None:
    """The database forgets the last run, and a mail that it sent is due again."""
    Epoch.objects.update(number=F("number") - 1)
    Message.objects.update(state="queued", due_at=Now() - timedelta(minutes=5), sent_at=None)


def test_a_restored_database_sends_nothing_until_an_admin_goes_on(
    sink: Sink, witness: Path, mara: Any, ada: Any, client_of: Any
) -> None:
    factories.queued()
    delivery.send_due()
    factories.queued()
    delivery.send_due()
    assert len(sink.accepted) == 2
    yesterdays_backup()

    delivery.send_due()

    assert len(sink.accepted) == 2
    page = client_of(mara).get(reverse("nurturing:campaigns")).text
    assert "restored from a backup" in page
    assert "An admin can go on" in page
    button = reverse("nurturing:sending_resume", args=("epoch",))
    assert client_of(mara).post(button).status_code == 403
    assert SendingHalt.objects.exists()
    client_of(ada).post(button)
    delivery.send_due()
    assert states() == ["unknown", "unknown"]  # perhaps sent already: a person decides
    assert len(sink.accepted) == 2
    fresh = factories.queued()
    Message.objects.filter(pk=fresh.pk).update(due_at=Now(), late_from=None)
    delivery.send_due()
    assert len(sink.accepted) == 3


def test_a_database_that_was_brought_to_a_new_place_waits_too(sink: Sink, witness: Path) -> None:
    factories.queued()
    delivery.send_due()
    factories.queued()
    witness.unlink()
    assert epoch.may_send()  # the broker's cache remembers
    witness.unlink()
    cache.clear()

    delivery.send_due()

    assert len(sink.accepted) == 1
    assert "restored or copied" in SendingHalt.objects.get().reason


def test_a_file_that_cannot_be_read_or_written_stops_nothing_while_the_broker_remembers(
    sink: Sink, witness: Path
) -> None:
    witness.mkdir()
    for _ in range(2):
        factories.queued()
        delivery.send_due()

    assert len(sink.accepted) == 2


@pytest.mark.parametrize(
    ("complaints", "mails", "verdict"),
    [
        (2, 100, ""),
        (3, 99, ""),
        (3, 100, "stop"),
        (3, 1000, "warn"),
        (4, 1000, "stop"),
        (3, 3000, ""),
        (0, 0, ""),
    ],
)
def test_few_complaints_are_chance_and_many_stop(complaints: int, mails: int, verdict: str) -> None:
    assert Rate(complaints, mails).verdict == verdict


def sent(campaign: Campaign, number: int) -> list[Message]:
    people = [factories.lead().pk for _ in range(number)]
    enrolments.enrol(campaign=campaign, leads=people)
    advancing.advance_due()
    Message.objects.filter(enrolment__campaign=campaign).update(state="accepted", sent_at=Now())
    return list(Message.objects.filter(enrolment__campaign=campaign).select_related("enrolment"))


def test_complaints_pause_the_campaign_and_one_button_goes_on(mara: Any, client_of: Any) -> None:
    campaign, other = factories.running(), factories.running()
    mails = sent(campaign, 100)
    sent(other, 100)
    for message in mails[:2]:
        message.complained_at = Now()
        message.save()
    suppress(address=mails[2].to_address, reason="complained", lead=mails[2].enrolment.lead)
    suppress(
        address=mails[0].to_address, reason="complained", lead=mails[0].enrolment.lead
    )  # the same complaint

    assert guard.sweep() == 1

    campaign.refresh_from_db()
    other.refresh_from_db()
    assert (campaign.state, other.state) == ("paused", "active")
    assert "3.00% of 100 mails (3)" in campaign.paused_because
    assert "was paused" in client_of(mara).get(reverse("nurturing:campaigns")).text
    client_of(mara).post(reverse("nurturing:state", args=(campaign.pk, "resume")))
    assert guard.sweep() == 0  # what was looked at does not count again
    campaign.refresh_from_db()
    assert (campaign.state, campaign.paused_because) == ("active", "")


def test_complaints_over_all_campaigns_stop_all_sending(sink: Sink, mara: Any, client_of: Any) -> None:
    for _ in range(3):
        message = sent(factories.running(), 40)[0]
        Message.objects.filter(pk=message.pk).update(complained_at=Now())
    factories.queued()

    guard.sweep()
    delivery.send_due()

    assert sink.accepted == []
    assert "2.50% of 120 mails (3)" in SendingHalt.objects.get().reason
    client_of(mara).post(reverse("nurturing:sending_resume", args=("complaints",)))
    guard.sweep()
    delivery.send_due()
    assert len(sink.accepted) == 1


def test_a_server_that_was_away_is_tried_again_by_a_button(mara: Any, client_of: Any) -> None:
    MailTrouble.objects.create(pk=1, reason="Connection refused")
    client: Client = client_of(mara)
    assert "Try again now" in client.get(reverse("nurturing:campaigns")).text

    page = client.post(reverse("nurturing:sending_resume", args=("server",)), follow=True).text

    assert "tried again now" in page


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("width", "theme"), [(390, "dark"), (1440, "light")])
def test_the_banners_fit_and_everybody_can_use_them(
    width: int, theme: str, mara: Any, page_as: Any, axe: Any
) -> None:
    campaign = factories.running()
    Campaign.objects.filter(pk=campaign.pk).update(
        state="paused", paused_because="Readers reported 0.42% as spam."
    )
    MailTrouble.objects.create(pk=1, reason="Connection refused")
    for kind in SendingHalt.Kind.values:
        SendingHalt.objects.create(kind=kind, reason="Mails were sent that this database knows nothing of.")

    page = page_as(mara, "/campaigns/", width=width, theme=theme)
    axe(page)
    page.get_by_role("button", name="Go on sending").click()

    page.get_by_text("Sending goes on.").wait_for()
    assert list(SendingHalt.objects.values_list("kind", flat=True)) == ["epoch"]
