"""Backtests as people use them: asked for, run by a worker, cancelled, looked at; leads and scores stay untouched."""

from datetime import timedelta

import pytest
from django.db.models.expressions import RawSQL
from django.utils import timezone

from leads import histories
from leads.models import Activity, Lead, LeadOutcome, StageChange
from nurturing.models import Segment
from scoring.backtest import showing
from scoring.models import Backtest, BacktestMove, ModelVersion, Rule, Score
from scoring.services import backtests
from scoring.services.backtests import WrongState, cancel_backtest, start_backtest, work_on
from scoring.services.versions import create_draft
from scoring.shares import Share

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(published):
    """Prices give 40 instead of 30, so a director qualifies with 60, and a mere planner does not."""
    draft = create_draft(note="More for prices")
    Rule.objects.filter(version=draft, key="director").update(points=5)
    return draft


@pytest.fixture
def sold(make_lead, did):
    """Two directors who looked at prices long ago; sales made an SQL of one, ten days after."""
    leads = [make_lead(), make_lead()]
    for lead in leads:
        for days in (93, 92, 91):
            did(lead, "page_view", days_ago=days, path="/pricing")
    StageChange.objects.create(lead=leads[0], stage="sql", at=timezone.now() - timedelta(days=81))
    Lead.objects.update(created_at=timezone.now() - timedelta(days=100))
    return leads


@pytest.fixture(autouse=True)
def known_for_long(db, monkeypatch):
    """Fields of leads made in a test are a moment old; here they were known when things happened."""
    earlier = "e.pgh_created_at - interval '200 days'"
    monkeypatch.setattr(histories, "SINCE", histories.SINCE.replace("e.pgh_created_at", earlier))


def finished(**terms):
    made = start_backtest(**{"actor": None, **terms})
    work_on(made.pk)
    made.refresh_from_db()
    return made


def test_it_says_who_entered_and_what_became_of_them(published, sold):
    done = finished(version=published)

    side = done.result["sides"][0]
    at = side["threshold"] - side["lowest"]
    assert done.state == "done"
    assert (side["entered"][at], side["judged"][at], side["hits"][at], side["caught"][at]) == (2, 2, 1, 1)
    assert (done.result["reached"], done.result["base"]) == (1, [2, 1])


@pytest.mark.parametrize(
    ("outcome", "reached", "undated"), [("accepted", 0, 0), ("sql", 1, 0), ("won", 1, 2)]
)
def test_a_result_from_a_file_says_won_or_lost_and_nothing_of_sales(
    published, sold, outcome, reached, undated
):
    LeadOutcome.objects.bulk_create(
        LeadOutcome(lead=lead, result=result) for lead, result in zip(sold, ("lost", "won"), strict=True)
    )

    result = finished(version=published, outcome=outcome).result

    assert (result["reached"], result["undated"]) == (reached, undated)
    assert result["base"] == [2, reached]


def test_it_names_who_would_leave_and_touches_nobody(published, draft, sold, keen):
    scores, stages = Score.objects.count(), StageChange.objects.count()

    done = finished(version=draft, against=published)

    assert done.result["leaves"] == [3, 1]
    assert set(BacktestMove.objects.filter(backtest=done, kind="leaves").values_list("lead", flat=True)) == {
        *(lead.pk for lead in sold),
        keen.pk,
    }
    assert (Score.objects.count(), StageChange.objects.count()) == (scores, stages)


def test_it_says_of_how_many_leads_something_arrived_after_they_enter_here(
    published, make_lead, did, client_of, mara
):
    leads = [make_lead() for _ in range(3)]
    for lead in leads:
        for days in (93, 92, 91):
            did(lead, "page_view", days_ago=days, path="/pricing")
    for lead, late in zip(leads, ("59 minutes", "2 hours", "9 days"), strict=True):
        Activity.objects.filter(lead=lead).update(received_at=RawSQL("occurred_at + %s::interval", [late]))
    # Two hours late, but arrived before the last view, which makes the lead enter, and that one came at once
    newest = Activity.objects.filter(lead=leads[1]).latest("occurred_at")
    Activity.objects.filter(lead=leads[1], occurred_at=newest.occurred_at).update(
        received_at=newest.occurred_at
    )

    done = finished(version=published)

    assert done.result["ahead"] == [1, 3]
    page = client_of(mara).get(f"/scoring/backtests/{done.pk}/").content.decode()
    assert "of 3 leads that enter did something before that arrived only afterwards" in page


def test_entries_are_split_by_the_segments_of_today(published, sold, make_lead):
    Segment.objects.create(name="Directors", conditions=[{"field": "title", "op": "is", "value": "Director"}])
    Segment.objects.create(name="Nobody", conditions=[{"field": "title", "op": "is", "value": "Cook"}])

    done = finished(version=published)

    assert done.result["sides"][0]["segments"] == {"Directors": [2, 2, 1]}


def test_young_entries_are_counted_and_not_judged(published, keen):
    done = finished(version=published)

    side = done.result["sides"][0]
    at = side["threshold"] - side["lowest"]
    assert (side["entered"][at], side["judged"][at]) == (1, 0)


def test_every_line_counts_as_a_backtest_with_that_line_would(published, sold, keen):
    whole = finished(version=published).result["sides"][0]

    for line in (30, 49, 50, 51, 70):
        other = create_draft(source=published)
        ModelVersion.objects.filter(pk=other.pk).update(threshold=line)
        other.refresh_from_db()
        side = finished(version=other).result["sides"][0]
        for name in ("entered", "judged", "hits", "caught"):
            assert side[name][line - side["lowest"]] == whole[name][line - whole["lowest"]], (line, name)


def test_a_cancelled_one_stops_at_the_next_chunk_and_keeps_nothing(published, sold, monkeypatch):
    made = start_backtest(version=published, actor=None)
    run = backtests.run
    monkeypatch.setattr(
        backtests,
        "run",
        lambda models, span, outcome, progress: run(
            models, span, outcome, lambda done, total: _cancelled(made) or progress(done, total), chunk=1
        ),
    )

    work_on(made.pk)

    made.refresh_from_db()
    assert (made.state, made.result, made.done_leads) == ("cancelled", {}, 0)
    with pytest.raises(WrongState):
        cancel_backtest(backtest=made, actor=None)


def _cancelled(made):
    if made.state != "cancelled":
        cancel_backtest(backtest=made, actor=None)
    return False


def test_what_a_killed_worker_left_is_run_again_and_given_up_after_three_deaths(published, sold):
    made = start_backtest(version=published, actor=None)
    lost = timezone.now() - timedelta(seconds=1)
    Backtest.objects.filter(pk=made.pk).update(state="running", starts=1, claimed_until=lost)

    assert backtests.waiting() == [made.pk]
    work_on(made.pk)
    made.refresh_from_db()
    assert made.state == "done"

    Backtest.objects.filter(pk=made.pk).update(state="running", starts=3, claimed_until=lost)
    work_on(made.pk)
    made.refresh_from_db()
    assert made.state == "failed"
    assert "You can start it again" in made.error


def test_a_held_one_is_left_to_whoever_holds_it(published):
    made = start_backtest(version=published, actor=None)
    Backtest.objects.filter(pk=made.pk).update(
        state="running", starts=1, claimed_until=timezone.now() + timedelta(minutes=1)
    )

    work_on(made.pk)

    made.refresh_from_db()
    assert (made.state, made.starts, made.result) == ("running", 1, {})


def test_wilson_says_how_little_is_known():
    assert Share(0, 0).value is None
    assert Share(0, 0).interval == (0, 1)
    assert [round(end, 3) for end in Share(0, 10).interval] == [0, 0.278]
    assert [round(end, 3) for end in Share(50, 100).interval] == [0.404, 0.596]


# Pages


def test_a_marketer_asks_for_one_and_sees_it_done(client_of, mara, published, draft, sold):
    client = client_of(mara)

    asked = client.post(
        "/scoring/backtests/",
        {
            "version": draft.pk,
            "against_version": published.pk,
            "outcome": "sql",
            "maturity_days": 30,
            "capacity": 5,
        },
    )
    made = Backtest.objects.get()
    waiting = client.get(asked.url).content.decode()
    work_on(made.pk)
    page = client.get(asked.url).content.decode()

    assert (made.created_by, made.capacity) == (mara, 5)
    assert "Waiting for its turn" in waiting
    assert "Who would leave" in page
    assert "Director: +20 → +5" in page


def test_the_slider_answers_for_another_line_without_scoring(
    client_of, mara, published, sold, django_assert_max_num_queries
):
    done = finished(version=published)
    client = client_of(mara)
    client.get(f"/scoring/backtests/{done.pk}/line/?line=50")

    with django_assert_max_num_queries(5):
        at_50 = client.get(f"/scoring/backtests/{done.pk}/line/?line=50", headers={"HX-Request": "true"})
    at_80 = client.get(f"/scoring/backtests/{done.pk}/line/?line=80", headers={"HX-Request": "true"})

    assert "MQLs a week at 50" in at_50.content.decode()
    assert "MQLs a week at 80" in at_80.content.decode()
    assert "<h1>" not in at_80.content.decode()


@pytest.mark.parametrize("line", ["", "abc", "-5", "9999999999", "٣"])
def test_a_senseless_line_is_the_nearest_or_the_own(client_of, mara, published, sold, line):
    done = finished(version=published)

    assert client_of(mara).get(f"/scoring/backtests/{done.pk}/?line={line}").status_code == 200


def test_a_refused_form_names_the_field_and_keeps_what_was_typed(client_of, mara, published):
    answer = client_of(mara).post(
        "/scoring/backtests/",
        {
            "version": published.pk,
            "against_version": published.pk,
            "outcome": "sql",
            "maturity_days": 0,
            "since": "2999-01-01",
            "capacity": -1,
        },
    )

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "this one would meet itself" in page
    assert "This day is still to come" in page
    assert "2999-01-01" in page
    assert not Backtest.objects.exists()
    assert client_of(mara).post("/scoring/backtests/").status_code == 422


def test_the_lowest_line_that_sales_has_time_for_can_be_taken_into_the_draft(
    client_of, ada, published, draft, sold
):
    done = finished(version=draft, capacity=1)
    admin = client_of(ada)
    result, line = done.result, draft.threshold + 1

    within = showing.within(result, 0, days=1, capacity=1)
    assert within.a_day <= 1
    assert within.line == result["sides"][0]["lowest"] or (
        showing.outlook(result, 0, within.line - 1, days=1).a_day > 1
    )
    assert (
        f"Take {line} into draft" in admin.get(f"/scoring/backtests/{done.pk}/?line={line}").content.decode()
    )
    admin.post(f"/scoring/backtests/{done.pk}/draft-line/", {"line": line})

    draft.refresh_from_db()
    assert draft.threshold == line


@pytest.mark.parametrize("line", ["", "abc", "9999", "-1"])
def test_a_line_that_was_not_counted_is_not_taken(client_of, ada, published, draft, sold, line):
    done = finished(version=draft)

    answer = client_of(ada).post(f"/scoring/backtests/{done.pk}/draft-line/", {"line": line}, follow=True)

    assert "Nothing was changed" in answer.content.decode()
    assert ModelVersion.objects.get(pk=draft.pk).threshold == draft.threshold


def test_a_published_version_keeps_its_line_and_marketers_are_refused(client_of, ada, mara, published, sold):
    done = finished(version=published)
    there = f"/scoring/backtests/{done.pk}/draft-line/"

    assert "was published" in client_of(ada).post(there, {"line": 60}, follow=True).content.decode()
    assert client_of(mara).post(there, {"line": 60}).status_code == 403
    assert ModelVersion.objects.get(pk=published.pk).threshold == published.threshold


def test_a_broken_draft_is_refused_by_name(client_of, mara, draft):
    Rule.objects.filter(version=draft, key="pricing").update(n=0)

    answer = client_of(mara).post(
        "/scoring/backtests/", {"version": draft.pk, "outcome": "sql", "maturity_days": 30, "capacity": 0}
    )

    assert answer.status_code == 422
    assert "Rule “pricing”" in answer.content.decode()


def test_reps_are_refused_and_nothing_changes(client_of, rita, published, sold):
    done = finished(version=published)

    assert client_of(rita).get(f"/scoring/backtests/{done.pk}/").status_code == 403
    assert client_of(rita).post(f"/scoring/backtests/{done.pk}/cancellation/").status_code == 403
    assert Backtest.objects.get().state == "done"


def test_the_page_in_a_browser(page_as, axe, mara, published, draft, sold):
    done = finished(version=draft, against=published)
    page = page_as(mara, f"/scoring/backtests/{done.pk}/", width=1440)

    axe(page)
    page.locator("#line").fill("62")
    page.get_by_text("MQLs a week at 62").wait_for()
    page.set_viewport_size({"width": 390, "height": 900})
    axe(page)
    cells = page.get_by_role("region", name="Measures").get_by_role("cell").filter(visible=True)
    assert cells.count() == 3 * 5 + 1
    assert all(box["x"] + box["width"] <= 390 for box in (cell.bounding_box() for cell in cells.all()))
    page.goto("/scoring/backtests/")
    axe(page)
    page.goto(f"/scoring/backtests/{done.pk}/leaves/")
    axe(page)
