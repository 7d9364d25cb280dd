"""Pages of campaigns and segments: who may, what happens, what is said when it cannot."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from nurturing import ledger
from nurturing.models import Campaign, Enrolment, MailTrouble, Message, Segment, Step
from nurturing.services import enrolments
from tests.nurturing import factories
from tests.nurturing.sink import Sink

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]

AWFUL = '<script>alert(1)</script> 👩‍🚀 ليلى "quoted" ' + "x" * 60


@pytest.fixture
def marketer(client_of: ClientOf, mara: User) -> Client:
    return client_of(mara)


def url(name: str, *args: Any) -> str:
    return reverse(f"nurturing:{name}", args=args)


def every_page(campaign: Campaign) -> list[str]:
    step = Step.objects.filter(version__campaign=campaign).first()
    return [
        url("campaigns"),
        url("campaign_new"),
        url("campaign", campaign.pk),
        url("settings", campaign.pk),
        url("report", campaign.pk),
        url("people", campaign.pk),
        url("preview", step.pk),
        url("segments"),
        url("segment_new"),
        url("segment", campaign.segment_id),
        url("segment_edit", campaign.segment_id),
        url("enrol") + "?lead=1",
    ]


def test_every_page_opens_for_marketers_and_only_for_them(
    client_of: ClientOf, mara: User, rita: User, max: User
) -> None:
    campaign = factories.queued().enrolment.campaign

    for page in every_page(campaign):
        assert client_of(mara).get(page).status_code == 200, page
        assert client_of(rita).get(page).status_code == 403, page
        assert client_of(max).get(page).status_code == 403, page
        assert Client().get(page).status_code == 302, page


def test_what_does_not_exist_is_not_found(marketer: Client) -> None:
    for name in ("campaign", "settings", "report", "people", "segment", "preview", "step"):
        for pk in (999_999, 10**17):
            assert marketer.get(url(name, pk)).status_code == 404


@pytest.mark.parametrize("name", ["campaigns", "segments"])
def test_a_list_takes_the_same_queries_for_one_row_and_for_fifty(marketer: Client, name: str) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert marketer.get(url(name)).status_code == 200
        return len(seen)

    factories.queued()
    marketer.get(url(name))
    one = queries()
    for _ in range(24):
        factories.draft()

    assert queries() == one


def test_the_list_pages_without_gaps(marketer: Client) -> None:
    made = [factories.draft().pk for _ in range(30)]

    first = marketer.get(url("campaigns")).context["page"]
    second = marketer.get(url("campaigns") + first.next_url).context["page"]
    back = marketer.get(url("campaigns") + second.previous_url).context["page"]

    assert [row.pk for row in (*first.rows, *second.rows)] == made[::-1]
    assert back.rows == first.rows


def test_a_forbidden_act_changes_nothing(client_of: ClientOf, rita: User) -> None:
    run = factories.enrolled()

    for name in ("pause", "end", "publish"):
        assert client_of(rita).post(url("state", run.campaign_id, name)).status_code == 403
    assert client_of(rita).post(url("stop", run.pk)).status_code == 403

    run.refresh_from_db()
    assert run.ended_at is None
    assert Campaign.objects.get().state == "active"


def test_a_wrong_method_is_refused(marketer: Client) -> None:
    campaign = factories.running()
    step = Step.objects.first()

    for page in (url("state", campaign.pk, "pause"), url("step_up", step.pk), url("steps", campaign.pk)):
        assert marketer.get(page).status_code == 405
    assert marketer.post(url("report", campaign.pk)).status_code == 405


def condition(place: str, field: str, op: str, value: str) -> dict[str, str]:
    return {
        f"{place}-kind": "field",
        f"{place}-field": field,
        f"{place}-op": op,
        f"{place}-value": value,
    }


def test_from_segment_to_live_campaign(marketer: Client) -> None:
    factories.organisation()
    marketer.post(
        url("segment_new"),
        {"name": "Norway", **condition("r.0", "country", "is", "Norway"), "do": "save"},
    )
    segment = Segment.objects.get()
    made = marketer.post(
        url("campaign_new"), {"name": "Welcome", "segment": segment.pk, "goal": "mql", "cool_down_days": 30}
    )
    campaign = Campaign.objects.get()
    assert made["Location"] == url("campaign", campaign.pk)

    marketer.post(url("steps", campaign.pk), {"kind": "email"})
    step = Step.objects.get()
    marketer.post(url("content", step.pk), {"subject": "Hello", "do": "add:text"})
    hello = {"block": "b1 text  0 0", "b1-text": factories.HELLO}
    marketer.post(url("content", step.pk), {"subject": "Hello", **hello, "do": "save"})
    marketer.post(url("state", campaign.pk, "publish"))

    campaign.refresh_from_db()
    assert campaign.state == "active"


def test_a_refused_publication_says_why_and_keeps_the_draft(marketer: Client) -> None:
    campaign = factories.draft()

    answer = marketer.post(url("state", campaign.pk, "publish"), follow=True)

    assert "no e-mail" in answer.text
    assert campaign.versions.get().frozen_at is None


def test_a_frozen_step_cannot_be_changed_by_its_address(marketer: Client) -> None:
    factories.running()
    step = Step.objects.first()

    for name in ("step", "content", "step_up", "step_removal"):
        assert marketer.post(url(name, step.pk), {"subject": "x"}).status_code == 404

    step.refresh_from_db()
    assert step.subject == "First"


def test_wrong_input_keeps_what_was_typed(marketer: Client) -> None:
    campaign = factories.draft()
    wait = factories.wait(campaign)

    step = marketer.post(url("step", wait.pk), {"amount": "-7", "unit": "days"})
    segment = marketer.post(
        url("segment_new"),
        {"name": "Big", **condition("r.0", "employees", "at_least", "plenty"), "do": "save"},
    )

    assert (step.status_code, segment.status_code) == (422, 422)
    assert 'value="-7"' in step.text
    assert 'value="plenty"' in segment.text
    assert "compared with a number" in segment.text
    assert not Segment.objects.filter(name="Big").exists()


def test_a_mail_in_doubt_is_decided_once(marketer: Client) -> None:
    message = factories.queued()
    (held,) = ledger.claim(1)
    ledger.pass_fence(held)
    ledger.doubt(held, "cut")
    campaign = message.enrolment.campaign
    assert "Mails in doubt" in marketer.get(url("report", campaign.pk)).text

    marketer.post(url("resolution", message.pk), {"verdict": "nonsense"})
    marketer.post(url("resolution", message.pk), {"verdict": "again"})
    late = marketer.post(url("resolution", message.pk), {"verdict": "sent"}, follow=True)

    message.refresh_from_db()
    assert message.state == "queued"
    assert "settled this mail first" in late.text


def test_a_mail_server_that_is_away_is_said_on_the_page(marketer: Client) -> None:
    MailTrouble.objects.create(pk=1, reason="Connection refused")

    assert "The mail server does not answer" in marketer.get(url("campaigns")).text


def test_a_test_mail_goes_to_the_one_who_asked(marketer: Client, mara: User, sink: Sink) -> None:
    factories.organisation()
    step = factories.email(factories.draft())

    hello = {"block": "b1 text  0 0", "b1-text": "Hi"}
    marketer.post(url("content", step.pk), {"subject": "Hello", **hello, "do": "test"})

    assert [mail["To"] for mail in sink.mails] == [mara.email]
    assert not Message.objects.exists()


def test_enrolling_by_hand_says_who_was_left_out(marketer: Client) -> None:
    campaign = factories.running()
    good, bad = factories.lead(), factories.lead(email=None)

    answer = marketer.post(url("enrol"), {"lead": [good.pk, bad.pk], "campaign": campaign.pk}, follow=True)

    assert "1 enrolled" in answer.text
    assert "1 left out" in answer.text
    assert Enrolment.objects.get().enrolled_by_id is not None


@pytest.mark.parametrize("campaign", ["", "x", "0", "99999"])
def test_enrolling_into_nothing_is_refused(marketer: Client, campaign: str) -> None:
    answer = marketer.post(url("enrol"), {"lead": [factories.lead().pk], "campaign": campaign})

    assert answer.status_code == 422
    assert not Enrolment.objects.exists()


def test_the_panel_shows_a_rep_their_own_leads_only(client_of: ClientOf, rita: User, otto: User) -> None:
    message = factories.queued(owner=rita)
    panel = url("panel", message.enrolment.lead_id)

    assert message.step.subject in client_of(rita).get(panel).text
    assert client_of(otto).get(panel).status_code == 404


def test_awful_names_do_not_break_a_page(client_of: ClientOf, mara: User) -> None:
    campaign = factories.running(name=AWFUL, segment=factories.segment(name=AWFUL))
    message = factories.queued(campaign, first_name=AWFUL)
    enrolments.stop_by_hand(enrolment=message.enrolment, actor=mara)

    for page in [*every_page(campaign), url("panel", message.enrolment.lead_id)]:
        text = client_of(mara).get(page).text
        assert "<script>alert" not in text, page


def test_the_mailbox_shows_caught_mails_and_no_other_file(
    marketer: Client, settings: Any, tmp_path: Path
) -> None:
    settings.TANDEM_SHOW_MAIL = tmp_path
    assert "No mails yet" in marketer.get(url("mailbox")).text
    (tmp_path / "1.eml").write_bytes(
        b"Subject: Hi\r\nList-Id: <c.x.example>\r\nTo: a@x.example\r\nContent-Type: text/html\r\n\r\n<b>Hello</b>"
    )
    (tmp_path / "secret.txt").write_text("no")

    frame = marketer.get(url("mail_html", "1.eml"))

    assert "Hi" in marketer.get(url("mailbox")).text
    assert "a@x.example" in marketer.get(url("mail", "1.eml")).text
    assert "sandbox" in frame["Content-Security-Policy"]
    for name in ("secret.txt", "..", "2.eml", "%2e%2e%2fsecret.txt"):
        assert marketer.get(f"/mail/{name}/").status_code == 404
    settings.TANDEM_SHOW_MAIL = None
    assert marketer.get(url("mailbox")).status_code == 404


def test_only_an_admin_reads_mails_about_accounts_and_a_rep_reads_none(
    marketer: Client, ada: User, rita: User, client_of: Any, settings: Any, tmp_path: Path
) -> None:
    settings.TANDEM_SHOW_MAIL = tmp_path
    (tmp_path / "reset.eml").write_bytes(
        b"Subject: Password reset\r\nTo: ada@x.example\r\n\r\nhttps://secret"
    )

    assert "Password reset" not in marketer.get(url("mailbox")).text
    for page in (url("mail", "reset.eml"), url("mail_html", "reset.eml")):
        assert marketer.get(page).status_code == 404
        assert client_of(rita).get(page).status_code == 403
        assert client_of(ada).get(page).status_code == 200
    assert client_of(rita).get(url("mailbox")).status_code == 403
    assert "Password reset" in client_of(ada).get(url("mailbox")).text
