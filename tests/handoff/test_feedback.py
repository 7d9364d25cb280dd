"""Feedback: asked once, some working days later; answered once, changed for a week; compared with the outcome."""

from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from handoff.calendars import Calendar
from handoff.errors import CannotPutInForce, FeedbackGiven
from handoff.models import FeedbackAnswer, FeedbackForm, FeedbackRequest, Handoff, Notification
from handoff.quality import View, groups, mixes, rated, surprises
from handoff.services.answers import accept
from handoff.services.feedback import ask, change_feedback, draft_from, give_feedback, put_in_force
from handoff.services.notifications import tell_missed
from handoff.workdays import workdays_later
from leads.models import StageChange
from scoring.models import QualificationCycle
from tests.handoff.factories import make_form, make_offer, make_request, open_around_the_clock
from tests.handoff.test_services import settled

OFFICE = Calendar.from_data(
    {
        "tz": "Europe/Oslo",
        "weekly": {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
        "holidays": [],
    }
)
database = pytest.mark.django_db


def values(row, *said):
    return dict(zip((each.pk for each in row.form.questions.all()), said, strict=False))


def typed(row, *said):
    return {f"q{pk}": value for pk, value in values(row, *said).items()}


def answered(rep, marketer, rating, *said, outcome="", **fields):
    row = make_request(
        make_offer(rep, marketer, **fields), FeedbackForm.objects.get(state="in_force", occasion="accept")
    )
    give_feedback(row=row, values=values(row, str(rating), *said), actor=rep)
    if outcome:
        cycles = QualificationCycle.objects.filter(pk=row.handoff.cycle_id)
        cycles.update(outcome=outcome, closed_at=Now(), outcome_reason="So it went.")
    return row


def test_friday_and_five_working_days_is_the_next_friday_at_the_same_time_across_a_clock_change():
    friday = datetime(2026, 10, 23, 8, 30, tzinfo=UTC)

    assert workdays_later(OFFICE, friday, 5) == datetime(2026, 10, 30, 9, 30, tzinfo=UTC)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)), st.integers(1, 30))
def test_a_due_day_is_a_working_day_and_never_before_the_fact(start, days):
    due = workdays_later(OFFICE, start.replace(tzinfo=UTC), days)

    assert due.astimezone(OFFICE.zone).weekday() < 5
    assert due > start.replace(tzinfo=UTC)


@database
def test_an_acceptance_that_took_effect_is_asked_about_once_and_what_may_be_undone_is_not(rita, mara):
    waiting = accept(handoff=make_offer(rita, mara), actor=rita)
    handoff = settled(accept(handoff=make_offer(rita, mara), actor=rita))
    Handoff.objects.filter(pk=waiting.pk).update(settles_at=Now() + timedelta(minutes=5))

    assert (ask(), ask()) == (1, 0)

    row = FeedbackRequest.objects.get()
    assert (row.handoff, row.occasion) == (handoff, "accept")
    assert row.due_at >= handoff.accepted_at + timedelta(days=5)


@database
def test_the_end_is_asked_about_too_and_a_lead_that_was_passed_on_never(rita, mara):
    rows = [make_request(make_offer(rita, mara)) for _ in range(2)]
    cycles = QualificationCycle.objects.filter(handoffs__in=[row.handoff_id for row in rows])
    cycles.update(outcome="lost", closed_at=Now())
    Handoff.objects.filter(pk=rows[0].handoff_id).update(withdrawn_at=Now())

    ask()

    assert list(FeedbackRequest.objects.filter(occasion="close").values_list("handoff", flat=True)) == [
        rows[1].handoff_id
    ]
    assert list(FeedbackRequest.objects.due()) == [rows[1]]


@database
def test_the_rep_is_reminded_once_and_not_after_answering(rita, mara):
    row = make_request(make_offer(rita, mara, name="Ingrid Solheim"))
    other = make_request(make_offer(rita, mara), row.form)
    give_feedback(row=other, values=values(other, "4"), actor=rita)

    tell_missed()
    tell_missed()

    note = Notification.objects.get(kind="feedback")
    assert (note.user, note.link) == (rita, f"/feedback/{row.pk}/")
    assert "What was Ingrid Solheim worth" in note.text


@database
def test_feedback_is_given_once_and_changed_by_its_author_for_a_week_with_its_history(rita, mara, max):
    row = make_request(make_offer(rita, mara))

    give_feedback(row=row, values=values(row, "2", "Too early", "", "Call again in May."), actor=rita)
    with pytest.raises(FeedbackGiven, match="Rita"):
        give_feedback(row=row, values=values(row, "5"), actor=max)
    with pytest.raises(FeedbackGiven):
        change_feedback(row=row, values=values(row, "5"), actor=max)
    change_feedback(row=row, values=values(row, "4"), actor=rita)

    row.refresh_from_db()
    assert (row.rating, row.answered_by) == (4, rita)
    assert list(FeedbackAnswer.objects.values_list("value", flat=True)) == ["4"]
    history = apps.get_model("handoff", "FeedbackAnswerEvent").objects.values_list("value", flat=True)
    assert {"2", "4"} <= set(history)
    FeedbackRequest.objects.update(answered_at=Now() - timedelta(days=8))
    with pytest.raises(FeedbackGiven):
        change_feedback(row=row, values=values(row, "1"), actor=rita)


@database
def test_strangers_meet_a_404_and_marketing_reads_but_does_not_answer(rita, otto, mara, client_of):
    row = make_request(make_offer(rita, mara))
    url, form = f"/feedback/{row.pk}/", typed(row, "3")

    assert client_of(otto).post(url, form).status_code == 404
    assert client_of(mara).post(url, form).status_code == 403
    assert "has not answered yet" in client_of(mara).get(url).content.decode()

    assert not FeedbackAnswer.objects.exists()


@database
@pytest.mark.parametrize(
    ("said", "words"),
    [
        (("", "Right time"), "This field is required"),
        (("6",), "Select a valid choice"),
        (("3", "Something else"), "Select a valid choice"),
        (("3", "", "", "x" * 1001), "at most 1000 characters"),
    ],
)
def test_hostile_answers_are_refused_by_field_and_nothing_is_lost(rita, mara, client_of, said, words):
    row = make_request(make_offer(rita, mara))
    form = {**typed(row, "", "", "", "Kept text"), **typed(row, *said)}

    answer = client_of(rita).post(f"/feedback/{row.pk}/", form)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert said[3:] or "Kept text" in answer.content.decode()
    assert not FeedbackAnswer.objects.exists()


@database
def test_whoever_comes_second_is_told_who_was_first(rita, mara, max, client_of):
    row = make_request(make_offer(rita, mara))
    client_of(rita).post(f"/feedback/{row.pk}/", typed(row, "5"))

    second = client_of(max).post(f"/feedback/{row.pk}/", typed(row, "1"))

    assert second.status_code == 409
    assert "only its author can change it" in second.content.decode()
    assert FeedbackRequest.objects.get().rating == 5


@database
def test_a_version_that_was_in_force_never_changes_and_the_next_one_starts_from_it(rita, mara):
    form = make_form()
    row = make_request(make_offer(rita, mara), form)

    draft = draft_from(form)
    draft.questions.filter(kind="rating").update(text="Was it worth your time?")
    put_in_force(draft)

    row.refresh_from_db()
    assert row.form.questions.first().text == "How good was this lead?"
    for each in (form, draft):
        with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
            each.questions.update(text="Changed")
    with pytest.raises(CannotPutInForce, match="no draft"):
        put_in_force(form)
    bare = FeedbackForm.objects.create(occasion="accept", number=99)
    with pytest.raises(CannotPutInForce, match="no required rating"):
        put_in_force(bare)


@database
def test_an_admin_drafts_edits_and_puts_a_version_in_force(ada, client_of):
    form, client, url = make_form(), client_of(ada), "/admin/handoff/feedbackform/"

    client.post(url, {"action": "draft_next", ACTION_CHECKBOX_NAME: [form.pk]})
    draft = FeedbackForm.objects.get(state="draft")
    page = client.get(f"{url}{draft.pk}/change/").content.decode()
    client.post(url, {"action": "put_in_force", ACTION_CHECKBOX_NAME: [draft.pk]})

    assert "questions-0-text" in page
    form.refresh_from_db()
    assert (form.state, FeedbackForm.objects.get(pk=draft.pk).state) == ("retired", "in_force")
    assert "questions-0-text" not in client.get(f"{url}{form.pk}/change/").content.decode()


@database
def test_quality_compares_opinion_and_outcome_and_says_when_it_is_too_early(rita, mara, max, client_of):
    make_form()
    for _ in range(10):
        won = answered(rita, mara, 5, "Right time", "yes", source="Webinar", outcome="customer")
    answered(rita, mara, 1, "Too early", source="Webinar", outcome="customer", name="Marcus Feld")
    answered(rita, mara, 2, source="Fair", outcome="lost")
    StageChange.objects.create(
        lead=won.handoff.lead, stage="sql", at=Now() - timedelta(days=7), reason="Accepted."
    )

    view = View.of({"way": "source", "period": "nonsense"})
    rows = rated(max, view)
    webinar, fair = groups(rows, view)

    assert (webinar.label, webinar.answers, webinar.won, webinar.sql) == ("Webinar", 11, 11, 1)
    assert webinar.average == pytest.approx(51 / 11)
    assert (fair.average, fair.lost) == (None, 1)
    assert mixes(rows, view)[-1].rows == [("Webinar", 11, [10, 1])]
    assert [row.handoff.lead.name for row in surprises(rows)] == ["Marcus Feld"]
    page = client_of(mara).get("/quality/").content.decode()
    assert "not enough yet" in page
    assert "4.6" in page
    assert client_of(rita).get("/quality/").status_code == 403
    assert "Version 1" in client_of(mara).get("/quality/?way=version").content.decode()


@database
def test_pages_cost_the_same_for_many_and_are_kind_when_empty(rita, mara, client_of):
    open_around_the_clock()
    make_form()
    client = client_of(mara)

    def cost(url):
        with CaptureQueriesContext(connection) as queries:
            client.get(url)
        return len(queries)

    assert "No feedback in this period" in client.get("/quality/").content.decode()
    answered(rita, mara, 3, "Right time", source="Fair")
    once = cost("/quality/")
    for number in range(12):
        row = answered(rita, mara, 3, "Too early", "no", source=f"Source {number}")

    assert cost("/quality/") == once
    assert "3 of 5" in client.get(f"/feedback/{row.pk}/").content.decode()
