"""Who is in a segment is kept: within seconds of what happened, with a history, and as a rebuild would find it."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from leads import partitions
from leads.models import Company, Lead
from leads.services import consent, people
from leads.services.activities import record_activity
from leads.services.identity import merge_leads
from nurturing import segments
from nurturing.models import Segment, SegmentChange, SegmentClock, SegmentMember, SegmentTouch
from nurturing.services import checking, enrolments, membership
from nurturing.services import segments as writing
from scoring.services import keeping
from tests.nurturing import factories

pytestmark = pytest.mark.django_db

WEEK = 604_800
ASKED_FOR_A_DEMO = [{"did": "demo_request", "window_seconds": WEEK, "n": 1}]


def kept(conditions: Any, **values: Any) -> Segment:
    segment = factories.segment(conditions=conditions, **values)
    membership.build(segment.pk)
    segment.refresh_from_db()
    return segment


def inside(segment: Segment) -> set[int]:
    return set(SegmentMember.objects.filter(segment=segment).values_list("lead", flat=True))


def history(segment: Segment) -> list[tuple[bool, str]]:
    return list(segment.changes.order_by("pk").values_list("entered", "cause"))


def keep_up() -> None:
    """What the workers do within seconds."""
    keeping.score_touched(limit=10_000)
    while membership.keep_noted() or membership.keep_due():
        pass


def asks_for_a_demo(lead: Lead, days_ago: float = 0) -> None:
    moment = timezone.now() - timedelta(days=days_ago)
    record_activity(lead=lead, kind="demo_request", occurred_at=moment)


def time_passes(**span: float) -> None:
    """Everything happened that much earlier, so now is that much later."""
    partitions.ensure([timezone.now() - timedelta(days=30), timezone.now() - timedelta(days=60)])
    with connection.cursor() as cursor:
        for column, table in (
            ("occurred_at", "leads_activity"),
            ("next_change_at", "nurturing_segmentclock"),
            ("next_change_at", "scoring_score"),
        ):
            cursor.execute(f"UPDATE {table} SET {column} = {column} - %s", [timedelta(**span)])


def test_a_lead_enters_when_it_does_something_and_leaves_when_the_window_runs_out() -> None:
    segment, lead, other = kept(ASKED_FOR_A_DEMO), factories.lead(), factories.lead()
    asks_for_a_demo(lead, days_ago=3)
    keep_up()
    entered = inside(segment)

    time_passes(days=4, seconds=1)
    keep_up()

    assert (entered, inside(segment)) == ({lead.pk}, set())
    assert history(segment) == [(True, "event"), (False, "time")]
    assert not SegmentClock.objects.filter(lead=other).exists()  # only who was touched is looked at


def test_who_is_below_a_limit_comes_back_by_time_alone() -> None:
    lead = factories.lead()
    asks_for_a_demo(lead, days_ago=1)
    segment = kept([{"did": "demo_request", "window_seconds": WEEK, "n": 1, "compare": "fewer_than"}])
    keep_up()

    time_passes(days=7)
    keep_up()

    assert inside(segment) == {lead.pk}
    assert history(segment) == [(True, "time")]


def test_what_is_dated_in_the_future_counts_once_it_has_happened() -> None:
    segment, lead = kept(ASKED_FOR_A_DEMO), factories.lead()
    asks_for_a_demo(lead, days_ago=-0.5)
    keep_up()
    before = inside(segment)

    time_passes(days=1)
    keep_up()

    assert (before, inside(segment)) == (set(), {lead.pk})


def test_stage_consent_campaigns_and_companies_are_noted_as_they_change(ada: Any) -> None:
    firm = Company.objects.create(name="Acme", employees=5)
    lead = factories.lead(company=firm)
    found = {
        "stage": kept([{"field": "stage", "op": "is", "value": "mql"}]),
        "consent": kept([{"field": "suppressed", "op": "is", "value": "manual"}]),
        "company": kept([{"field": "employees", "op": "at_least", "value": 50}]),
    }
    run = factories.running()
    found["campaign"] = kept([{"campaign": run.pk, "been": True}])

    enrolments.enrol(campaign=run, leads=[lead.pk])
    people.move_stage(lead=lead, stage="mql", reason="Test")
    consent.suppress(address=lead.email or "", reason="manual")
    Company.objects.filter(pk=firm.pk).update(employees=80)
    keep_up()

    assert {cause: history(segment) for cause, segment in found.items()} == {
        cause: [(True, cause)] for cause in found
    }
    consent.lift(address=lead.email or "")
    keep_up()
    assert inside(found["consent"]) == set()


def test_a_segment_follows_the_segments_and_lists_it_asks_about(mara: Any) -> None:
    demo = kept(ASKED_FOR_A_DEMO)
    friends = writing.make_list(name="Friends", actor=mara)
    segment = kept([{"segment": demo.pk, "in": True}, {"segment": friends.pk, "in": False}])
    lead = factories.lead()
    asks_for_a_demo(lead)
    keep_up()
    before = inside(segment)

    writing.put_on_list(segment=friends, leads=[lead.pk], actor=mara)
    keep_up()

    assert (before, inside(segment), inside(friends)) == ({lead.pk}, set(), {lead.pk})
    assert history(segment) == [(True, "segment"), (False, "segment")]


def test_a_merged_lead_leaves_and_the_winner_has_its_deeds_and_its_place_on_lists(mara: Any) -> None:
    segment, loser, winner = kept(ASKED_FOR_A_DEMO), factories.lead(), factories.lead()
    friends = writing.make_list(name="Friends", actor=mara)
    writing.put_on_list(segment=friends, leads=[loser.pk], actor=mara)
    asks_for_a_demo(loser)
    keep_up()

    merge_leads(winner=winner, loser=loser, cause="same person")
    keep_up()

    assert (inside(segment), inside(friends)) == ({winner.pk}, {winner.pk})


def test_an_edit_finds_the_members_anew_and_until_then_the_definition_is_asked(mara: Any) -> None:
    here, there = factories.lead(country="Norway"), factories.lead(country="Chile")
    segment = kept([{"field": "country", "op": "is", "value": "Norway"}])
    Segment.objects.filter(pk=segment.pk).update(
        conditions=[{"field": "country", "op": "is", "value": "Chile"}], kept_since=None
    )
    segment.refresh_from_db()
    asked, names = set(segments.members(segment)), segments.members_among([here.pk, there.pk])

    membership.build(segment.pk)
    segment.refresh_from_db()

    assert (asked, names) == ({there}, {segment.name: [there.pk]})
    assert set(segments.members(segment)) == {there}
    assert inside(segment) == {there.pk}
    assert history(segment)[1:] in ([(True, "definition"), (False, "definition")],)


def test_saving_a_name_keeps_the_members_and_saving_conditions_rebuilds_them(mara: Any) -> None:
    lead = factories.lead()
    segment = writing.save_segment(
        segment=None, name="New", conditions=[{"field": "email", "op": "known", "value": None}], actor=mara
    )
    since = segment.kept_since

    again = writing.save_segment(segment=segment, name="Other", conditions=segment.conditions, actor=mara)

    assert since is not None
    assert (again.kept_since, inside(again)) == (since, {lead.pk})


def test_a_segment_in_use_is_not_deleted_and_says_what_uses_it(mara: Any) -> None:
    segment = kept([])
    factories.draft(segment=segment, name="Welcome")
    factories.segment(name="Asker", conditions=[{"segment": segment.pk}])

    with pytest.raises(writing.CannotDelete, match="the campaign “Welcome”, the segment “Asker”"):
        writing.delete_segment(segment=segment)

    free = kept([])
    writing.delete_segment(segment=free)
    assert not Segment.objects.filter(pk=free.pk).exists()


def test_only_lists_are_put_together_by_hand(mara: Any) -> None:
    segment, lead = kept([]), factories.lead()

    with pytest.raises(writing.NotAList):
        writing.put_on_list(segment=segment, leads=[lead.pk], actor=mara)

    assert not SegmentChange.objects.exists()


def test_a_check_tells_a_difference_and_puts_it_right(capsys: Any) -> None:
    segment, lead, waiting = kept(ASKED_FOR_A_DEMO), factories.lead(), factories.lead()
    asks_for_a_demo(lead)
    keep_up()
    SegmentMember.objects.all().delete()
    asks_for_a_demo(waiting)  # nobody looked yet, so it is not behind

    call_command("rebuild_segments", "--check")
    shown = capsys.readouterr().out
    check = checking.check_sample()

    assert f"lead {lead.pk}, segment {segment.pk}: is out, must be in" in shown
    assert (check.differing, check.details[0]["lead"]) == (1, lead.pk)
    assert inside(segment) == {lead.pk}
    assert checking.check_sample().differing == 0


def test_the_command_puts_everything_right(capsys: Any) -> None:
    segment, lead = kept(ASKED_FOR_A_DEMO), factories.lead()
    asks_for_a_demo(lead)
    SegmentTouch.objects.all().delete()

    call_command("rebuild_segments")

    assert inside(segment) == {lead.pk}
    assert "1 entered a segment, 0 left one" in capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
def test_two_who_look_at_the_same_leads_write_one_history() -> None:
    segment = kept(ASKED_FOR_A_DEMO)
    leads = [factories.lead() for _ in range(5)]
    for lead in leads:
        asks_for_a_demo(lead)
    keeping.score_touched(limit=100)

    def work() -> None:
        membership.keep([lead.pk for lead in leads], {lead.pk: ["event"] for lead in leads})
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert inside(segment) == {lead.pk for lead in leads}
    assert history(segment) == [(True, "event")] * 5
