"""An invitation: a mail with a calendar file that every calendar can read, in the lead's own time."""

import email
from datetime import UTC, datetime, timedelta
from email import policy
from typing import Any
from zoneinfo import ZoneInfo

import pgtrigger
import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from accounts.models import Organisation, User
from nurturing import delivery, ledger, letters, webinars
from nurturing.models import Message, Step
from nurturing.services import advancing, campaigns, drafting, enrolments
from tests.nurturing import factories
from tests.nurturing.sink import Sink
from tests.nurturing.test_steps import add, run_of, start

WEEKLY = {
    "title": "Planning",
    "weekly": {"day": 2, "minute": 600},
    "minutes": 45,
    "url": "https://meet.example/1",
}
ONCE = {
    "title": "Planning",
    "at": "2026-12-02T10:00",
    "zone": "Europe/Berlin",
    "minutes": 45,
    "url": "https://meet.example/1",
}


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Europe/Oslo", "2026-11-25T09:00+00:00"),
        ("Asia/Tokyo", "2026-11-25T01:00+00:00"),
        ("America/New_York", "2026-11-25T15:00+00:00"),
    ],
)
def test_wednesdays_at_ten_is_ten_where_the_lead_is(zone: str, expected: str) -> None:
    monday = datetime(2026, 11, 23, 8, tzinfo=UTC)

    assert webinars.starts(WEEKLY, monday, ZoneInfo(zone)) == datetime.fromisoformat(expected)


def test_less_than_a_day_before_it_is_the_week_after() -> None:
    tuesday_noon = datetime(2026, 11, 24, 12, tzinfo=UTC)

    assert webinars.starts(WEEKLY, tuesday_noon, ZoneInfo("UTC")) == datetime(2026, 12, 2, 10, tzinfo=UTC)


def test_one_date_is_one_instant_for_everybody() -> None:
    found = {webinars.starts(ONCE, datetime.now(UTC), ZoneInfo(zone)) for zone in ("UTC", "Asia/Tokyo")}

    assert found == {datetime(2026, 12, 2, 9, tzinfo=UTC)}


@given(st.text(min_size=1, max_size=200).filter(str.strip))
def test_any_title_comes_back_whole_and_adds_no_line(title: str) -> None:
    at = datetime(2026, 12, 2, 9, tzinfo=UTC)

    made = webinars.calendar_file(
        {**ONCE, "title": title},
        at,
        key="k",
        organiser="Dana; Cole, \r\nX:1",
        address="d@q.example",
        stamp=at,
        sequence=1,
    )

    [event] = Calendar.from_ical(made).walk("VEVENT")
    assert event.decoded("dtend") - event.decoded("dtstart") == timedelta(minutes=45)
    assert all(len(line) <= 75 for line in made.split(b"\r\n"))
    assert b"\r\nX:1" not in made.replace(b"\r\n ", b"")


def invitation(settings: dict[str, Any], **lead: object) -> Message:
    factories.organisation(time_zone="Europe/Berlin")
    campaign = factories.draft()
    step = add(campaign, "webinar", **settings)
    text = [
        {
            "id": "a1",
            "kind": "text",
            "text": "Hello {{ first_name }}, on {{ webinar_time }}: [join](https://meet.example/1)",
        }
    ]
    drafting.change_step(step=step, subject="{{ webinar }}", content=text)
    campaigns.publish_version(campaign=campaign, actor=None)
    campaign.refresh_from_db()
    run_of(campaign, **lead)
    advancing.advance_due()
    return Message.objects.get()


@pytest.mark.django_db(transaction=True)
def test_the_mail_carries_the_file_and_names_the_time_where_the_lead_is(sink: Sink) -> None:
    message = invitation(WEEKLY, time_zone="America/New_York", first_name="Ingrid")

    delivery.send_due()

    [kept] = sink.accepted
    mail = email.message_from_bytes(kept, policy=policy.SMTP)
    [file] = list(mail.iter_attachments())
    [event] = Calendar.from_ical(file.get_content()).walk("VEVENT")
    assert (mail["Subject"], file.get_content_type()) == ("Planning", "text/calendar")
    assert event.decoded("dtstart").astimezone(ZoneInfo("America/New_York")).hour == 10
    assert "10:00 (America/New_York)" in mail.get_body(("plain",)).get_content()
    assert str(message.step.key) in event["uid"]


def file_of(message: Message, sent_at: datetime) -> Any:
    Message.objects.filter(pk=message.pk).update(queued_at=sent_at)
    message.refresh_from_db()
    sender = letters.sender_of(Organisation.current())
    [event] = Calendar.from_ical(letters.letter_for(message, {}, sender, sent_at).calendar).walk("VEVENT")
    return event


@pytest.mark.django_db
def test_a_date_that_moved_to_an_earlier_hour_is_the_newer_file() -> None:
    message, now = invitation({**ONCE, "at": "2126-12-02T10:00"}), timezone.now()
    older = file_of(message, now)
    campaign = message.enrolment.campaign
    step = campaigns.draft_of(campaign).steps.get()
    drafting.change_step(step=step, settings={**step.settings, "at": "2126-11-30T10:00"})
    campaigns.publish_version(campaign=campaign, actor=None)

    Message.objects.filter(pk=message.pk).update(step=step)
    newer = file_of(Message.objects.get(), now + timedelta(hours=1))

    assert newer["uid"] == older["uid"]
    assert newer["sequence"] > older["sequence"]
    assert newer.decoded("dtstart") < older.decoded("dtstart")
    assert newer.decoded("dtstamp") > older.decoded("dtstamp")


def begin_already() -> None:
    """As if time had passed: published steps do not change."""
    with pgtrigger.ignore():
        Step.objects.update(settings={**ONCE, "at": "2020-01-01T10:00"})


@pytest.mark.django_db
def test_an_invitation_that_waited_until_the_webinar_began_is_not_sent() -> None:
    message = invitation({**ONCE, "at": "2126-12-02T10:00"})
    begin_already()

    claimed = ledger.claim(10)
    enrolments.sweep_stops()

    message.refresh_from_db()
    assert (claimed, message.state) == ([], "suppressed")
    assert message.reply == "The webinar had begun, on Wednesday 1 January 2020, 10:00 (Europe/Berlin)."
    assert message.enrolment.due_at is not None


@pytest.mark.django_db
def test_who_comes_after_a_webinar_began_passes_its_step() -> None:
    campaign = factories.draft()
    factories.organisation()
    add(
        campaign,
        "webinar",
        **{**ONCE, "at": "2126-12-02T10:00"},
    )
    start(campaign)
    begin_already()

    run = run_of(campaign)
    advancing.advance_due()

    assert not Message.objects.exists()
    visit = run.visits.get()
    assert (visit.outcome, visit.words) == ("skipped", "The webinar had begun already.")


@pytest.mark.django_db
def test_an_invitation_to_a_webinar_that_is_over_is_not_published() -> None:
    factories.organisation()
    campaign = factories.draft()
    add(campaign, "webinar", **{**ONCE, "at": "2020-01-01T10:00"})

    with pytest.raises(campaigns.CannotPublish) as refusal:
        campaigns.publish_version(campaign=campaign, actor=None)

    assert "it began on Wednesday 1 January 2020, 10:00 (Europe/Berlin)" in str(refusal.value)


@pytest.mark.django_db
def test_an_invitation_without_date_or_link_is_not_published() -> None:
    factories.organisation()
    campaign = factories.draft()
    add(campaign, "webinar", title="", url="javascript:alert(1)")

    with pytest.raises(campaigns.CannotPublish) as refusal:
        campaigns.publish_version(campaign=campaign, actor=None)

    for words in ("no title", "no link to join", "no date"):
        assert words in str(refusal.value)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        (
            "task",
            {"title": "Call", "channel": "call", "text": "Hi", "days": "2"},
            {"title": "Call", "channel": "call", "text": "Hi", "days": 2, "wait": False, "minutes": 0},
        ),
        (
            "webinar",
            {
                "title": "Planning",
                "when": "weekly",
                "day": "2",
                "clock": "10:00",
                "minutes": "45",
                "url": "https://meet.example/1",
            },
            WEEKLY,
        ),
        (
            "webinar",
            {
                "title": "Planning",
                "when": "once",
                "at": "2026-12-02 10:00",
                "zone": "Europe/Berlin",
                "minutes": "45",
                "url": "https://meet.example/1",
            },
            ONCE,
        ),
    ],
)
def test_what_a_marketer_types_is_what_the_step_keeps(
    client_of: Any, mara: User, kind: str, typed: dict[str, str], kept: dict[str, Any]
) -> None:
    campaign = factories.draft()
    step = add(campaign, kind)

    answer = client_of(mara).post(f"/steps/{step.pk}/", typed)

    assert answer.status_code == 302, answer.content.decode()
    assert Step.objects.get(pk=step.pk).settings == kept


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "typed", "words"),
    [
        ("task", {"title": "", "channel": "call", "days": "2"}, "Say what is to be done"),
        (
            "task",
            {"title": "x", "channel": "call", "days": "2", "text": "{{ password }}"},
            "no merge field password",
        ),
        (
            "webinar",
            {
                "title": "x",
                "when": "once",
                "at": "soon",
                "zone": "Mars/Base",
                "minutes": "45",
                "url": "ftp://x",
            },
            "no such zone",
        ),
        (
            "webinar",
            {
                "title": "x",
                "when": "once",
                "at": "2126-12-02T10:00+05:00",
                "zone": "Europe/Berlin",
                "minutes": "45",
                "url": "https://meet.example/1",
            },
            "Leave out what follows the time",
        ),
        ("webhook", {"endpoint": ""}, "Choose an endpoint"),
        ("audience", {"do": "add", "audience": ""}, "Choose an audience"),
    ],
)
def test_what_makes_no_sense_is_named_beside_the_field(
    client_of: Any, mara: User, kind: str, typed: dict[str, str], words: str
) -> None:
    step = add(factories.draft(), kind)
    before = step.settings

    answer = client_of(mara).post(f"/steps/{step.pk}/", typed)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert Step.objects.get(pk=step.pk).settings == before
