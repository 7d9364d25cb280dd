"""Storing what leads did: once each, in a batch, in any month, from several processes at once."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from leads.models import Activity, ActivityShape, Lead, Pulse, Touch
from leads.services import activities
from leads.services.activities import BadActivity, NewActivity, record_activities, record_activity
from leads.services.touches import drain_touches, touch

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def lead(db):
    return Lead.objects.create(email="lea@example.com", created_at=NOON)


def view(lead, message_id="", path="/pricing", at=NOON, **more):
    return NewActivity(lead.pk, "page_view", at, {"path": path}, message_id=message_id, **more)


def test_a_message_counts_once_however_often_it_comes(lead):
    first = record_activities([view(lead, "m1"), view(lead, "m1"), view(lead, "m2")])

    again = record_activities([view(lead, "m2"), view(lead, "m3")])

    assert (first, again) == (2, 1)
    assert Activity.objects.filter(lead=lead).count() == 3


def test_a_message_of_another_month_is_still_the_same_message(lead):
    record_activities([view(lead, "m1", at=NOON)])

    assert record_activities([view(lead, "m1", at=NOON + timedelta(days=90))]) == 0


def test_two_senders_may_use_the_same_message_id(lead):
    assert record_activities([view(lead, "m1", scope="key 1"), view(lead, "m1", scope="key 2")]) == 2


def test_activities_without_an_id_are_all_kept(lead):
    assert record_activities([view(lead), view(lead)]) == 2


def test_the_same_kind_of_activity_shares_one_shape(lead):
    record_activities([view(lead), view(lead), view(lead, path="/careers")])

    assert ActivityShape.objects.count() == 2


def test_what_the_shape_does_not_hold_stays_with_the_activity(lead):
    record_activity(lead=lead, kind="page_view", props={"path": "/a", "title": "A", "n": 3})

    activity = Activity.objects.select_related("shape").get()
    assert (activity.shape.props, activity.props) == ({"path": "/a"}, {"title": "A", "n": 3})
    assert activity.subject_id == lead.pk


def test_a_full_dictionary_keeps_the_facts_with_the_activity(lead, settings):
    settings.TANDEM_MAX_SHAPES = 0

    record_activity(lead=lead, kind="page_view", props={"path": "/a", "title": "A"})
    record_activity(lead=lead, kind="custom:danced", props={"topic": "x"})

    kinds = {shape.kind: shape.props for shape in ActivityShape.objects.all()}
    assert kinds == {"page_view": {"other": "true"}, "custom:other": {"other": "true"}}
    assert Activity.objects.get(shape__kind="page_view").props == {
        "kind": "page_view",
        "path": "/a",
        "title": "A",
    }
    assert Activity.objects.get(shape__kind="custom:other").props == {"kind": "custom:danced", "topic": "x"}


@pytest.mark.parametrize(
    ("kind", "at", "words"),
    [
        ("dance", NOON, "not a kind of activity"),
        ("page_view", datetime(1999, 12, 31, tzinfo=UTC), "before the year 2000"),
        ("page_view", timezone.now() + timedelta(days=2), "more than a day ahead"),
    ],
)
def test_a_bad_activity_is_refused_and_nothing_of_its_batch_is_saved(lead, kind, at, words):
    bad = NewActivity(lead.pk, kind, at, {})

    with pytest.raises(BadActivity, match=words):
        record_activities([view(lead), bad])

    assert not Activity.objects.exists()
    assert not Touch.objects.exists()


def test_text_that_no_database_can_hold_is_cleaned(lead):
    odd = {"path": "/a\x00b", "title": "half \ud800 pair\x00", "big": 10**30, "deep": {"\x00k": ["\ud800"]}}

    record_activity(lead=lead, kind="page_view", props=odd)

    activity = Activity.objects.select_related("shape").get()
    assert activity.shape.props == {"path": "/ab"}
    assert activity.props["title"] == "half ? pair"
    assert activity.props["deep"] == {"k": ["?"]}


def test_a_whole_batch_costs_the_same_number_of_queries(lead, django_assert_num_queries):
    record_activities([view(lead)])  # makes the month and the shape; remembered only once saved
    with django_assert_num_queries(3):
        record_activities([view(lead)])

    with django_assert_num_queries(3):
        record_activities([view(lead) for _ in range(500)])


def test_every_lead_with_something_new_is_noted_once(lead):
    other = Lead.objects.create(created_at=NOON)

    record_activities([view(lead, "m1"), view(lead, "m2"), view(other, "m3")])
    record_activities([view(other, "m3")])

    assert sorted(Touch.objects.values_list("lead_id", flat=True)) == [lead.pk, other.pk]


def test_draining_names_each_lead_once_and_brings_its_pulse_up_to_date(lead):
    record_activities([view(lead, at=NOON), view(lead, at=NOON + timedelta(hours=1))])
    record_activities([NewActivity(lead.pk, "email_sent", NOON + timedelta(hours=2), {})])
    record_activities([view(lead, at=NOON + timedelta(hours=3), machine=True)])

    drained = drain_touches(100)

    assert drained == [lead.pk]
    assert not Touch.objects.exists()
    assert Pulse.objects.get(lead=lead).last_active_at == NOON + timedelta(hours=1)


def test_draining_takes_no_more_than_asked(lead):
    touch([lead.pk])
    touch([lead.pk])

    drain_touches(1)

    assert Touch.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_drains_at_once_share_the_work():
    leads = [Lead.objects.create(created_at=NOON) for _ in range(2)]
    touch([lead.pk for lead in leads])
    first_holds, second_done = threading.Event(), threading.Event()
    drained = {}

    def drain_and_hold():
        with transaction.atomic():
            drained["first"] = drain_touches(1)
            first_holds.set()
            second_done.wait(10)
        connection.close()

    thread = threading.Thread(target=drain_and_hold)
    thread.start()
    first_holds.wait(10)
    with transaction.atomic():
        drained["second"] = drain_touches(10)
    second_done.set()
    thread.join()

    assert sorted(drained["first"] + drained["second"]) == sorted(lead.pk for lead in leads)


@pytest.mark.django_db(transaction=True)
def test_the_same_batch_from_many_threads_is_stored_once():
    lead = Lead.objects.create(created_at=NOON)
    batch = [view(lead, f"m{number}", path=f"/p{number}") for number in range(50)]
    start = threading.Barrier(4)
    counts = []

    def send(order):
        start.wait()
        counts.append(record_activities(batch[::order]))
        connection.close()

    threads = [threading.Thread(target=send, args=[order]) for order in (1, -1, 1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(counts) == 50
    assert Activity.objects.count() == 50
    assert ActivityShape.objects.count() == 50


@pytest.mark.django_db(transaction=True)
def test_a_shape_of_a_batch_that_failed_is_not_remembered():
    lead = Lead.objects.create(created_at=NOON)

    with transaction.atomic():
        record_activities([view(lead, "m1")])
        transaction.set_rollback(True)
    record_activities([view(lead, "m1")])

    assert Activity.objects.select_related("shape").get().shape.props == {"path": "/pricing"}


def test_message_keys_of_nobody_differ_and_of_somebody_agree():
    assert activities.message_key("a", "") != activities.message_key("a", "")
    assert activities.message_key("a", "1") == activities.message_key("a", "1")
    assert activities.message_key("a", "1") != activities.message_key("b", "1")
