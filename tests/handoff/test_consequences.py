"""What each reason for a no brings about, once, when the time to undo is over."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db.models import F

from handoff.models import RejectReason, Repair
from handoff.services.answers import reject, undo
from leads.models import Activity, Disqualification, Lead, ReEntry, Suppression
from nurturing.models import Enrolment
from nurturing.services import re_entries
from nurturing.services.enrolments import enrol_segment
from tests.handoff.factories import let_time_pass, make_offer
from tests.handoff.test_services import settled
from tests.nurturing import factories as nurture

pytestmark = pytest.mark.django_db


def a_reason(consequence="recycle", **fields):
    RejectReason.objects.update(active=False)
    reason = RejectReason(label=f"Because {consequence}", digit=1, consequence=consequence, **fields)
    reason.full_clean()
    reason.save()
    return reason


def rejected(rep, marketer, reason, **fields):
    handoff = make_offer(rep, marketer, **fields)
    return settled(reject(handoff=handoff, actor=rep, reason=reason, note="Heard on the phone."))


def test_a_lead_enters_the_campaign_its_reason_names_after_the_days_it_says(mara, rita):
    campaign = nurture.running()
    handoff = rejected(rita, mara, a_reason(campaign=campaign.pk, after_days=90))

    assert re_entries.take_in_due() == 0
    ReEntry.objects.update(due_at=F("due_at") - timedelta(days=90))
    assert re_entries.take_in_due() == 1
    assert re_entries.take_in_due() == 0

    assert Enrolment.objects.get(lead=handoff.lead).campaign == campaign
    assert ReEntry.objects.get().result == f"Enrolled in {campaign}."


def test_until_that_day_no_segment_takes_the_lead_in(mara, rita):
    campaign = nurture.running()
    handoff = rejected(rita, mara, a_reason(campaign=campaign.pk, after_days=90), country="Norway")

    enrol_segment(campaign.pk)

    assert not Enrolment.objects.filter(lead=handoff.lead).exists()


def test_a_lead_that_cannot_enter_by_then_says_why(mara, rita):
    campaign = nurture.running()
    handoff = rejected(rita, mara, a_reason(campaign=campaign.pk))
    Disqualification.objects.create(lead=handoff.lead, reason="Job seeker")

    re_entries.take_in_due()

    assert not Enrolment.objects.exists()
    assert "disqualified" in ReEntry.objects.get().result.lower()


def test_a_paused_campaign_keeps_the_lead_waiting(mara, rita):
    campaign = nurture.running()
    rejected(rita, mara, a_reason(campaign=campaign.pk))
    type(campaign).objects.update(state="paused")

    re_entries.take_in_due()

    assert ReEntry.objects.get().settled_at is None


def test_an_undone_rejection_brings_nothing_about(mara, rita):
    reason = a_reason(campaign=nurture.running().pk, lower_by=20)
    handoff = reject(handoff=make_offer(rita, mara), actor=rita, reason=reason)

    undo(handoff=handoff, actor=rita)
    let_time_pass(handoff, timedelta(minutes=1))

    assert not ReEntry.objects.exists()
    assert not Activity.objects.filter(shape__kind="score_lowered").exists()


def test_a_suppressing_reason_ends_all_mail(mara, rita):
    handoff = rejected(rita, mara, a_reason("suppress"))

    assert Suppression.objects.get().address == handoff.lead.email
    assert Lead.objects.get(pk=handoff.lead_id).stage == "recycled"


def test_points_are_taken_by_an_activity_that_names_the_reason(mara, rita):
    handoff = rejected(rita, mara, a_reason(lower_by=20))

    activity = Activity.objects.select_related("shape").get(lead=handoff.lead, shape__kind="score_lowered")
    assert activity.seconds == 20
    assert "Because recycle" in str({**activity.shape.props, **(activity.props or {})})


def test_wrong_data_comes_back_to_marketing_as_a_task(mara, rita, client_of):
    handoff = rejected(rita, mara, a_reason("return", fix_fields=["title", "company"]))
    client, url = client_of(mara), f"/queue/{handoff.cycle_id}/"

    listed = client.get("/queue/?tab=fix").content.decode()
    sheet = client.get(url).content.decode()
    done = client.post(f"{url}repair/", follow=True).content.decode()

    assert handoff.lead.name in listed
    assert "Sales asks to put right" in sheet
    assert "Job title" in sheet
    assert "is put right" in done
    assert Repair.objects.get().done_by == mara


def test_only_marketing_says_that_it_is_put_right(mara, rita, max, client_of):
    handoff = rejected(rita, mara, a_reason("return"))

    for user, status in ((rita, 403), (max, 403)):
        assert client_of(user).post(f"/queue/{handoff.cycle_id}/repair/").status_code == status

    assert Repair.objects.get().done_at is None


@pytest.mark.parametrize(
    ("consequence", "fields", "named"),
    [
        ("disqualify", {"campaign": 7}, "campaign"),
        ("return", {"cool_down_days": 3}, "cool_down_days"),
        ("recycle", {"fix_fields": ["title"]}, "fix_fields"),
        ("recycle", {"after_days": 3}, "after_days"),
        ("disqualify", {"lower_by": 3}, "lower_by"),
        ("recycle", {"cool_down_days": 9999}, "cool_down_days"),
    ],
)
def test_a_reason_that_contradicts_itself_is_refused_by_field(consequence, fields, named):
    with pytest.raises(ValidationError) as refusal:
        a_reason(consequence, **fields)

    assert list(refusal.value.message_dict) == [named]


def test_the_admin_offers_running_campaigns_by_name_and_warns_of_points_without_a_rule(ada, client_of):
    campaign, client = nurture.running(name="Budget season"), client_of(ada)
    reason = RejectReason.objects.get(digit=1)
    form = {"digit": 1, "label": "Later", "consequence": "recycle", "active": "on", "after_days": 30}
    form |= {"campaign": campaign.pk, "cool_down_days": 30, "lower_by": 5}
    url = f"/admin/handoff/rejectreason/{reason.pk}/change/"

    page = client.get(url).content.decode()
    saved = client.post(url, form, follow=True).content.decode()
    refused = client.post(url, form | {"campaign": 999}).content.decode()

    assert "Budget season" in page
    assert "change nothing yet" in saved
    assert "Select a valid choice" in refused
    assert RejectReason.objects.get(digit=1).campaign == campaign.pk


def test_the_dialog_says_what_follows_and_the_lead_page_when(mara, rita, client_of):
    campaign = nurture.running(name="Budget season")
    reason = a_reason(campaign=campaign.pk, after_days=90, cool_down_days=30, lower_by=10)
    handoff = make_offer(rita, mara)

    dialog = client_of(rita).get(f"/handoffs/{handoff.pk}/rejection/").content.decode()
    settled(reject(handoff=handoff, actor=rita, reason=reason))
    panel = client_of(mara).get(f"/leads/{handoff.lead_id}/campaigns/").content.decode()

    assert (
        "into “Budget season” after 90 days. May return after 30 days, on new activity. Takes 10 points."
        in dialog
    )
    assert "Enters <b>Budget season</b> on" in panel
