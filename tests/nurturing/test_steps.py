"""What each kind of step does with the runs that come to it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from leads.models import Activity, CustomField, Lead, OutreachTask
from leads.services.activities import record_activity
from nurturing.content.schema import from_text
from nurturing.models import Campaign, Enrolment, Message, Step, Visit
from nurturing.services import advancing, campaigns, drafting, enrolments
from nurturing.services.steps import outreach, waiting
from tests.nurturing import factories

pytestmark = pytest.mark.django_db


def add(
    campaign: Campaign, kind: str, parent: Step | None = None, branch: str = "", /, **settings: object
) -> Step:
    step = drafting.add_step(version=campaigns.draft_of(campaign), kind=kind, parent=parent, branch=branch)
    if settings:
        drafting.change_step(step=step, settings={**step.settings, **settings})
    return step


def mail(campaign: Campaign, subject: str, parent: Step | None = None, branch: str = "") -> Step:
    step = add(campaign, "email", parent, branch)
    drafting.change_step(step=step, subject=subject, content=from_text("Hello"))
    return step


def start(campaign: Campaign) -> None:
    """Frozen and running, whatever its problems: these tests look at one step at a time."""
    campaign.versions.update(frozen_at=Now())
    Campaign.objects.filter(pk=campaign.pk).update(state="active")
    campaign.refresh_from_db()


def run_of(campaign: Campaign, **values: object) -> Enrolment:
    lead = factories.lead(**values)
    enrolments.enrol(campaign=campaign, leads=[lead.pk])
    return Enrolment.objects.get(lead=lead)


def advance(times: int = 6) -> None:
    for _ in range(times):
        advancing.advance_due()


def make_due() -> None:
    Enrolment.objects.active().update(due_at=Now())


def stands(run: Enrolment) -> Step | None:
    run.refresh_from_db()
    return run.step


def test_a_condition_sends_each_lead_its_own_way_and_both_ways_meet_again() -> None:
    campaign = factories.draft()
    ask = add(campaign, "condition", ask={"conditions": [{"field": "city", "op": "is", "value": "Oslo"}]})
    add(campaign, "field", ask, "yes", field="department", value="North")
    last = add(campaign, "wait", minutes=60)
    start(campaign)
    northern, other = run_of(campaign, city="Oslo"), run_of(campaign, city="Bergen")

    advance()

    assert [Lead.objects.get(pk=run.lead_id).department for run in (northern, other)] == ["North", ""]
    assert stands(northern) == stands(other) == last
    outcomes = dict(Visit.objects.filter(step=ask).values_list("enrolment", "outcome"))
    assert outcomes == {northern.pk: "yes", other.pk: "no"}


def test_who_did_it_goes_on_at_once_and_who_did_not_when_the_time_is_over() -> None:
    campaign = factories.draft()
    wait = add(campaign, "event", event={"activity": "webinar_attended"}, minutes=60)
    yes, no = (add(campaign, "wait", wait, branch, minutes=999) for branch in ("did", "did_not"))
    start(campaign)
    came, stayed = run_of(campaign), run_of(campaign)
    advance(1)

    record_activity(lead=came.lead, kind="webinar_attended")
    waiting.wake_for_events()
    advance()

    assert (stands(came), stands(stayed)) == (yes, wait)

    Visit.objects.filter(enrolment=stayed).update(until=Now() - timedelta(seconds=1))
    make_due()
    advance()

    assert stands(stayed) == no


def test_what_happened_before_the_wait_does_not_end_it_and_machines_do_not_count() -> None:
    campaign = factories.draft()
    wait = add(
        campaign,
        "event",
        event={
            "activity": "page_view",
            "where": [{"field": "path", "op": "starts_with", "value": "/pricing"}],
        },
    )
    start(campaign)
    run = run_of(campaign)
    record_activity(
        lead=run.lead,
        kind="page_view",
        props={"path": "/pricing"},
        occurred_at=timezone.now() - timedelta(hours=1),
    )
    advance(1)

    record_activity(lead=run.lead, kind="page_view", props={"path": "/pricing"}, machine=True)
    record_activity(lead=run.lead, kind="page_view", props={"path": "/blog"})

    assert waiting.wake_for_events() == 0
    assert stands(run) == wait


def test_a_click_in_a_mail_decides_the_branch() -> None:
    campaign = factories.draft()
    first = mail(campaign, "The guide")
    ask = add(campaign, "condition", ask={"mail": str(first.key), "did": "click"})
    yes = add(campaign, "wait", ask, "yes", minutes=5)
    start(campaign)
    clicked, silent = run_of(campaign), run_of(campaign)
    advance(1)
    Message.objects.update(state="accepted")
    Message.objects.filter(enrolment=clicked).update(clicked_at=Now())
    make_due()

    advance()

    assert stands(clicked) == yes
    assert stands(silent) is None
    assert silent.ended_because == "completed"


def test_a_split_keeps_its_shares_and_gives_a_lead_the_same_way_each_time() -> None:
    campaign = factories.draft()
    arms = [{"key": "a", "words": "A", "weight": 25}, {"key": "b", "words": "B", "weight": 75}]
    split = add(campaign, "split", arms=arms)
    start(campaign)
    leads = [factories.lead() for _ in range(200)]
    enrolments.enrol(campaign=campaign, leads=[lead.pk for lead in leads])

    advance(1)

    ways = dict(Visit.objects.filter(step=split).values_list("enrolment__lead", "outcome"))
    assert len(ways) == 200
    assert 25 <= sum(way == "a" for way in ways.values()) <= 75


def test_a_wait_ends_in_the_leads_own_morning() -> None:
    campaign = factories.draft()
    add(campaign, "wait", minutes=0, window={"days": [0, 1, 2, 3, 4, 5, 6], "opens": 480, "closes": 481})
    start(campaign)
    runs = {zone: run_of(campaign, time_zone=zone) for zone in ("Asia/Tokyo", "America/New_York")}

    advance(1)

    for zone, run in runs.items():
        run.refresh_from_db()
        there = run.due_at.astimezone(timezone.zoneinfo.ZoneInfo(zone))
        assert (there.hour, there.minute) == (8, 0)
        assert run.due_at > timezone.now() - timedelta(minutes=1)


def test_a_wait_before_a_date_skips_whose_date_is_not_known() -> None:
    CustomField.objects.create(key="budget", label="Budget month", type="date")
    campaign = factories.draft()
    wait = add(campaign, "wait", before={"field": "custom.budget", "days": 7})
    start(campaign)
    day = (timezone.now() + timedelta(days=30)).date()
    known = run_of(campaign, custom={"budget": day.isoformat()}, time_zone="UTC")
    unknown = run_of(campaign, custom={"budget": "soon"})

    advance()

    known.refresh_from_db()
    assert known.due_at == datetime(day.year, day.month, day.day, 9, tzinfo=UTC) - timedelta(days=7)
    skipped = Visit.objects.get(enrolment=unknown, step=wait)
    assert (skipped.outcome, skipped.words) == ("skipped", "The date is not known.")


def test_points_are_an_activity_given_once() -> None:
    campaign = factories.draft()
    add(campaign, "points", points=5, words="Finished energy nurture")
    start(campaign)
    run = run_of(campaign)

    advance()

    deed = Activity.objects.get(lead=run.lead, shape__kind="points_added")
    assert deed.seconds == 5


def test_another_campaign_takes_in_whom_it_never_had() -> None:
    other = factories.running()
    campaign = factories.draft()
    add(campaign, "start", campaign=other.pk)
    start(campaign)
    lead = factories.lead()
    enrolments.enrol(campaign=campaign, leads=[lead.pk])

    advance()

    assert Enrolment.objects.filter(campaign=other, lead=lead).count() == 1
    assert Enrolment.objects.get(campaign=campaign, lead=lead).ended_because == "completed"


def test_who_comes_to_an_exit_leaves_and_the_reason_is_kept() -> None:
    campaign = factories.draft()
    add(campaign, "exit")
    start(campaign)
    run = run_of(campaign)

    advance()

    assert stands(run) is not None
    assert run.ended_because == "exited"


def test_a_mail_the_run_had_in_an_older_version_is_not_sent_again() -> None:
    message = factories.queued()
    run, campaign = message.enrolment, message.enrolment.campaign
    Message.objects.update(state="accepted")
    draft = campaigns.draft_of(campaign)
    campaigns.publish_version(campaign=campaign, actor=None)
    same = draft.steps.get(key=message.step.key)
    Enrolment.objects.filter(pk=run.pk).update(version=draft, step=same, due_at=Now())

    advance(1)

    assert Message.objects.filter(enrolment=run).count() == 1
    assert run.visits.get(step=same).outcome == "skipped"


def test_settings_that_make_no_sense_are_refused_in_words() -> None:
    campaign = factories.draft()
    factories.organisation()
    mail(campaign, "Hello")
    add(campaign, "wait", minutes=-5)
    add(campaign, "split", arms=[{"key": "a", "weight": 90}])
    add(campaign, "condition", ask={"segment": 999_999})
    add(campaign, "points", points=7)
    add(campaign, "start", campaign=0)
    add(campaign, "event", event={"activity": "nonsense"})

    with pytest.raises(campaigns.CannotPublish) as refusal:
        campaigns.publish_version(campaign=campaign, actor=None)

    said = str(refusal.value)
    for words in (
        "one minute to two years",
        "two to 4 ways",
        "segment that is gone",
        "no rule on the activity points_added",
        "campaign that is gone",
        "activity that does not exist",
    ):
        assert words in said


def test_a_task_is_asked_for_once_with_words_for_this_lead_and_the_run_waits_for_it() -> None:
    factories.organisation(time_zone="Europe/Berlin")
    campaign = factories.draft()
    step = add(campaign, "task", title="Call", text="Hello {{ first_name }}", days=1, wait=True, minutes=9999)
    start(campaign)
    run = run_of(campaign, first_name="Ingrid")
    advance()
    asked = OutreachTask.objects.get(lead=run.lead)
    assert (asked.text, stands(run)) == ("Hello Ingrid", step)

    OutreachTask.objects.filter(pk=asked.pk).update(settled_at=Now(), outcome="done")
    outreach.wake(asked.pk)
    advance()

    assert run.visits.get(step=step).outcome == "done"
    assert OutreachTask.objects.count() == 1


def test_a_task_nobody_settles_holds_the_run_only_so_long() -> None:
    campaign = factories.draft()
    step = add(campaign, "task", title="Call", wait=True, minutes=60)
    start(campaign)
    run = run_of(campaign)
    advance(1)

    make_due()
    advance()

    assert run.visits.get(step=step).words == "The task was not settled in time."


@pytest.mark.parametrize("typed", ["0001-01-01", "9999-12-31", "soon", ""])
def test_a_date_of_no_time_of_ours_is_not_known_and_holds_up_nobody(typed: str) -> None:
    CustomField.objects.create(key="renewal", label="Renewal", type="date")
    campaign = factories.draft()
    add(campaign, "wait", before={"field": "custom.renewal", "days": 7})
    mail(campaign, "Renew")
    start(campaign)
    odd, sound = (
        run_of(campaign, custom={"renewal": typed}),
        run_of(campaign, custom={"renewal": "2050-01-20"}),
    )

    advance()

    assert stands(odd).subject == "Renew"
    assert (stands(sound).kind, sound.due_at.date().isoformat()) == ("wait", "2050-01-13")


def test_a_run_that_cannot_go_on_holds_up_no_other_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = factories.draft()
    add(campaign, "wait", minutes=60)
    mail(campaign, "Hello")
    start(campaign)
    runs = [run_of(campaign) for _ in range(4)]
    whole = waiting.stay

    def stumble(batch: object, ids: list[int], until: object) -> None:
        if runs[2].pk in ids:
            raise ZeroDivisionError
        whole(batch, ids, until)

    with monkeypatch.context() as patched:
        patched.setattr(waiting, "stay", stumble)
        advance()

    for run in runs:
        run.refresh_from_db()
    assert [bool(run.trouble) for run in runs] == [False, False, True, False]
    assert "could not be done: ZeroDivisionError" in runs[2].trouble
    assert all(run.due_at > timezone.now() for run in runs if run != runs[2])

    Enrolment.objects.update(lease_until=None)
    advance()

    runs[2].refresh_from_db()
    assert (runs[2].trouble, runs[2].due_at > timezone.now()) == ("", True)


def test_a_step_knows_the_name_that_its_campaign_has_now() -> None:
    campaign = factories.draft(name="Old name")
    add(campaign, "task", title="Call", wait=False)
    start(campaign)
    run_of(campaign)
    advance()
    Campaign.objects.filter(pk=campaign.pk).update(name="New name")

    run_of(campaign)
    advance()

    assert [task.source for task in OutreachTask.objects.order_by("pk")] == ["Old name", "New name"]
