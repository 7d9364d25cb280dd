"""Two workers and two beats at once: so many an hour stays so many, and a date publishes once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from scoring.models import HeldLead, ModelVersion, Publication, QualificationCycle
from scoring.services import draining, keeping, publishing
from scoring.services.versions import create_draft, publish

pytestmark = pytest.mark.django_db(transaction=True)
WORKERS = 4


def at_once(work):
    barrier = Barrier(WORKERS)

    def run(_number):
        barrier.wait()
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(run, range(WORKERS)))


@pytest.fixture
def lenient(published, make_lead):
    keeping.score_leads([make_lead().pk for _ in range(8)])
    draft = create_draft()
    ModelVersion.objects.filter(pk=draft.pk).update(threshold=20)
    return ModelVersion.objects.get(pk=draft.pk)


def test_so_many_an_hour_however_many_drain(lenient):
    publish(version=lenient, per_hour=5)
    publishing.rescore(lenient.pk)

    for _ in range(3):
        at_once(lambda: draining.drain(limit=2))

    assert QualificationCycle.objects.open().count() == 5
    assert HeldLead.objects.waiting().count() == 3


def test_a_date_publishes_once_under_several_beats(lenient, ada):
    plan = publishing.schedule(
        version=lenient, at=timezone.now() + timedelta(hours=1), actor=ada, mode="fire"
    )
    Publication.objects.update(due_at=F("due_at") - timedelta(hours=2))

    assert sum(at_once(publishing.publish_due)) == 1

    plan.refresh_from_db()
    assert (plan.state, plan.version.state) == ("done", "published")


def test_an_edit_and_a_publication_wait_for_each_other(lenient):
    """Whoever edits while it is published is refused, or was in time; the content in force is what was checked."""
    rule = lenient.rules.get(key="pricing")

    def edit():
        try:
            lenient.rules.filter(pk=rule.pk).update(n=0)
        except Exception as error:  # the trigger's refusal
            return str(error)
        return "edited"

    def release():
        try:
            publish(version=lenient)
        except ValueError as error:
            return str(error)
        return "published"

    works = iter([edit, release, edit, edit])
    answers = at_once(lambda: next(works)())

    rule.refresh_from_db()
    if "published" in answers:
        assert rule.n == 3
    else:
        assert rule.n == 0


def test_two_drafts_at_once_come_into_force_one_after_the_other(published):
    drafts = [create_draft() for _ in range(WORKERS)]
    waiting = list(drafts)

    at_once(lambda: publish(version=waiting.pop()))

    states = ModelVersion.objects.filter(pk__in=[draft.pk for draft in drafts]).values_list(
        "state", flat=True
    )
    assert sorted(states) == ["published", *["retired"] * (WORKERS - 1)]
