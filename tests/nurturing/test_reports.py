"""The report of a campaign: every number has its base, and opens exactly the people it counts."""

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from nurturing import drawing, reporting
from nurturing.models import Campaign, Enrolment, HoldOut, Message, Step, Unsubscribe
from nurturing.services import campaigns, drafting
from nurturing.views.editor import addable
from scoring.shares import Share
from tests.nurturing import factories

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


@pytest.fixture
def marketer(client_of: ClientOf, mara: User) -> Client:
    return client_of(mara)


def url(name: str, *args: Any) -> str:
    return reverse(f"nurturing:{name}", args=args)


@pytest.fixture
def campaign() -> Campaign:
    """24 people got the first mail: 6 opened it, 3 clicked, 1 opted out, 1 bounced, 2 reached the goal; 1 held out."""
    campaign = factories.running(name="=Guide")
    first = campaign.versions.get().steps.get(subject="First")
    people = [factories.lead() for _ in range(24)]
    runs = [
        played(campaign, person, ended="goal" if place < 2 else "") for place, person in enumerate(people)
    ]
    now = timezone.now()
    for place, run in enumerate(runs):
        mail = Message.objects.create(
            enrolment=run, step=first, to_address=run.lead.email, state="accepted", sent_at=now,
            opened_at=now if place < 6 else None, clicked_at=now if place < 3 else None, bounced=place == 23,
        )  # fmt: skip
        if place == 5:
            Unsubscribe.objects.create(message=mail, address=mail.to_address, how="page")
    HoldOut.objects.create(campaign=campaign, lead=factories.lead(), percent=10)
    return campaign


def played(campaign: Campaign, lead: Any, ended: str = "") -> Enrolment:
    over = {"ended_at": timezone.now(), "ended_because": ended} if ended else {}
    return Enrolment.objects.create(
        campaign=campaign, version=campaign.versions.earliest("number"), lead=lead, **over
    )


def test_every_number_opens_exactly_the_people_it_counts(marketer: Client, campaign: Campaign) -> None:
    found = reporting.report(campaign)
    figures = [*found.funnel, *found.ends, *found.versions, *(c for m in found.mails for c in m.cells)]

    for figure in figures:
        page = marketer.get(f"{url('people', campaign.pk)}?{figure.query}").content.decode()
        assert page.count('role="row" data-row') == figure.number, figure

    assert {figure.label: figure.number for figure in found.mails[0].cells} == {
        "Sent": 24, "Delivered": 23, "Bounced": 1, "Opened": 6, "Clicked": 3, "Opted out": 1, "Spam": 0,
        "Refused": 0, "Waiting": 0, "In doubt": 0,
    }  # fmt: skip


def test_shares_stand_with_their_base_and_interval_and_few_people_give_none(
    marketer: Client, campaign: Campaign
) -> None:
    page = marketer.get(url("report", campaign.pk)).content.decode()

    assert "8.3% of 24" in page
    assert "2.3–25.8%" in page
    assert reporting.Figure("", 3, Share(3, 19)).interval == "not enough data yet"
    assert reporting.Figure("", 3, Share(3, 19)).words == "of 19"


def test_the_people_of_one_version_are_counted_alone(marketer: Client, campaign: Campaign) -> None:
    campaigns.draft_of(campaign)
    second = campaigns.publish_version(campaign=campaign, actor=None)
    run = Enrolment.objects.create(campaign=campaign, version=second, lead=factories.lead())

    assert reporting.report(campaign).entered == 25
    assert reporting.report(campaign, 1).entered == 24
    alone = marketer.get(url("people", campaign.pk) + "?ended=all&version=2").content.decode()
    assert alone.count('role="row" data-row') == 1
    assert run.lead.name in alone
    assert "Versions compared" in marketer.get(url("report", campaign.pk) + "?version=2").content.decode()


def test_the_file_has_every_number_and_no_formula(marketer: Client, campaign: Campaign) -> None:
    campaigns.draft_of(campaign)
    mail = campaign.versions.first().steps.get(subject="Second")
    Step.objects.filter(pk=mail.pk).update(subject="=1+1")
    campaigns.publish_version(campaign=campaign, actor=None)
    Message.objects.create(
        enrolment=campaign.enrolments.first(), step=mail, to_address="a@b.example", state="accepted"
    )

    answer = marketer.get(url("report_export", campaign.pk))
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))

    assert ["Funnel", "Reached the goal", "2", "24", "0.0833", "0.0232", "0.2585"] in rows
    assert not [cell for row in rows for cell in row if re.match(r"[=+@\t-]", cell)]
    assert any("=1+1" in row[1] for row in rows)


def test_a_report_asks_the_same_number_of_questions_for_many_mails(
    marketer: Client, campaign: Campaign
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as seen:
            marketer.get(url("report", campaign.pk))
        return len(seen)

    asked()
    before = asked()
    run = campaign.enrolments.first()
    campaigns.draft_of(campaign)
    for number in range(5):
        factories.wait(campaign)
        factories.email(campaign, f"More {number}")
    campaigns.publish_version(campaign=campaign, actor=None)
    for step in Step.objects.filter(subject__startswith="More"):
        Message.objects.create(enrolment=run, step=step, to_address="a@b.example", state="accepted")

    assert asked() == before


@pytest.mark.parametrize(
    "query", ["?ended=nonsense&mail=7&version=x", "?version=99999999999999999999", "?mail=%00"]
)
def test_nonsense_in_an_address_is_as_if_it_were_left_out(
    marketer: Client, campaign: Campaign, query: str
) -> None:
    assert marketer.get(url("people", campaign.pk) + query).status_code == 200
    assert marketer.get(url("report", campaign.pk) + query).status_code == 200


def test_a_report_without_people_says_so(marketer: Client) -> None:
    page = marketer.get(url("report", factories.draft().pk)).content.decode()

    assert "Nobody has entered this campaign" in page


def test_bars_reach_no_higher_than_their_round_top() -> None:
    drawn = drawing.bars([0, 7, 110])

    assert [tick.label for tick in drawn.ticks] == ["0", "40", "80", "120"]
    assert drawn.bars[2].height == pytest.approx(110)
    assert drawing.bars([]).bars == []
    assert drawing.spark([0, 0]) == ""


def test_every_kind_of_step_can_be_added_at_every_place(marketer: Client) -> None:
    campaign = factories.draft()
    version = campaign.versions.get()
    condition = drafting.add_step(version=version, kind="condition")
    places = [("", ""), *((condition.pk, way.key) for way in condition.branches)]

    for parent, branch in places:
        for kind in addable():
            values = {"kind": kind.key, "parent": parent, "branch": branch}
            answer = marketer.post(url("steps", campaign.pk), values)
            assert answer.status_code == 302, (kind.key, branch)

    assert version.steps.count() == 1 + len(places) * len(addable())
