"""Whatever happens to leads, in whatever order: what is kept is what the oracle says, worked out again from nothing."""

from datetime import timedelta
from random import Random

import pytest
from django.utils import timezone

from leads.models import Activity, Lead, LeadMerge
from leads.services.activities import NewActivity, record_activities, touch
from leads.services.merges import merge_leads, unmerge
from leads.services.people import disqualify, requalify, update_fields
from scoring.models import ModelVersion, Score, ScoreChange
from scoring.services import checks, keeping
from scoring.services.versions import create_usual, publish

EDGES = [
    timedelta(days=days) for days in (7, 14, 30, 60, 90, 365)
]  # windows and decays of the usual definition
DEEDS = [
    ("page_view", {"path": "/pricing"}),
    ("page_view", {"path": "/careers"}),
    ("page_view", {"path": "/blog/shifts"}),
    ("content_download", {"asset": "guide"}),
    ("content_download", {"asset": "report"}),
    ("webinar_attended", {"webinar": "autumn"}),
    ("engaged_time", {"path": "/pricing"}),
    ("email_click", {}),
    ("email_unsubscribe", {}),
    ("demo_request", {}),
]


class World:
    """A few leads, and what may happen to them; each act goes through the service that people and machines use."""

    def __init__(self, seed):
        self.dice, self.told = Random(seed), 0

    def act(self):
        acts = (self.does_something, self.merges, self.parts, self.is_deleted, self.learns, self.is_judged)
        self.dice.choices(acts, (12, 1, 1, 1, 2, 1))[0]()

    def people(self):
        return list(Lead.objects.filter(merged_into=None).order_by("pk"))

    def someone(self):
        return self.dice.choice(self.people())

    def does_something(self):
        """Late by up to a year, on the edge of a window or a microsecond beside it; one in five comes twice."""
        kind, props = self.dice.choice(DEEDS)
        lately = [timedelta(days=self.dice.uniform(0, 9)) for _ in EDGES]
        ago = self.dice.choice([*EDGES, *lately, timedelta(minutes=-30)])
        at = timezone.now() - ago + timedelta(microseconds=self.dice.choice([-1, 0, 1, 40_000_000]))
        self.told += self.dice.random() > 0.2
        seconds = self.dice.choice([0, 40, 400])
        row = NewActivity(self.someone().pk, kind, at, props, seconds, message_id=f"deed-{self.told}")
        record_activities([row])

    def merges(self):
        if len(self.people()) > 2:
            winner, loser = self.dice.sample(self.people(), 2)
            merge_leads(winner=winner, loser=loser, cause="The same person")

    def parts(self):
        merge = LeadMerge.objects.order_by("-pk").first()
        if merge:
            unmerge(merge=merge)

    def is_deleted(self):
        Activity.objects.filter(lead=self.someone(), shape__kind=self.dice.choice(DEEDS)[0]).delete()

    def learns(self):
        title = self.dice.choice(["Director of operations", "Student", "VP Sales", ""])
        update_fields(lead=self.someone(), values={"title": title}, source="form")

    def is_judged(self):
        lead = self.someone()
        if not disqualify(lead=lead, actor=None, reason="A competitor"):
            requalify(lead=lead, actor=None)


@pytest.mark.parametrize("seed", range(4))
def test_scores_kept_by_bits_are_those_of_everything_at_once(make_lead, seed):
    draft = create_usual()
    ModelVersion.objects.filter(pk=draft.pk).update(threshold=30, fit_floor=-50)
    publish(version=draft)
    long_ago = timezone.now() - timedelta(days=500)
    touch([make_lead(created_at=long_ago).pk for _ in range(6)])
    world = World(seed)

    for _ in range(8):
        for _ in range(12):
            world.act()
        keeping.score_touched(limit=100)
        keeping.score_due(limit=100)

        check = checks.check_shadow(share=1)
        assert check.details == []
        assert check.leads == Lead.objects.filter(merged_into=None).count() == Score.objects.count()
    assert ScoreChange.objects.count() > 12, "and scores moved indeed"
