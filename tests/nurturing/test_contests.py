"""A split with a winner rule: judged once, by the people it was to have, and honest when nothing shows."""

import random
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from accounts.models import User
from nurturing.experiments import Contest
from nurturing.models import Campaign, Enrolment, SplitDecision, Step, Visit
from nurturing.services import advancing, campaigns, contests, drafting, enrolments
from scoring.shares import Share
from tests.nurturing import factories
from tests.nurturing.test_steps import add, start

pytestmark = pytest.mark.django_db
RULE = {"by": "goal", "after": 60, "days": 7}


def split(rule: dict[str, object] | None = None) -> tuple[Campaign, Step]:
    campaign = factories.draft()
    step = add(campaign, "split", winner=rule or RULE)
    add(campaign, "wait", minutes=60)
    start(campaign)
    return campaign, campaign.versions.get().steps.get(key=step.key)


def came(campaign: Campaign, people: int, days_ago: int = 10) -> None:
    enrolments.enrol(campaign=campaign, leads=[factories.lead().pk for _ in range(people)])
    advancing.advance_due()
    Visit.objects.filter(left_at__gt=Now() - timedelta(hours=1)).update(
        at=Now() - timedelta(days=days_ago), left_at=Now() - timedelta(days=days_ago)
    )


def reach(way: str, people: int, days_ago: int = 9) -> None:
    runs = Visit.objects.filter(outcome=way).order_by("pk").values_list("enrolment", flat=True)[:people]
    Enrolment.objects.filter(pk__in=list(runs)).update(
        ended_because="goal", ended_at=Now() - timedelta(days=days_ago), due_at=None
    )


def test_a_clear_winner_gets_everybody_from_then_on() -> None:
    campaign, step = split()
    came(campaign, 200)
    reach("b", 40)
    reach("a", 5)

    first, second = contests.decide_splits(), contests.decide_splits()
    came(campaign, 30, days_ago=0)

    decision = SplitDecision.objects.get()
    assert (first, second, decision.winner) == (1, 0, "b")
    assert contests.told(step).startswith("B won, by ")
    newest = Visit.objects.filter(step=step).order_by("-pk")[:30]
    assert {visit.outcome for visit in newest} == {"b"}


def test_a_new_way_never_takes_the_key_of_one_that_is_gone(client_of: Any, mara: User) -> None:
    arms = [{"key": key, "words": key, "weight": share} for key, share in (("a", 30), ("b", 30), ("c", 40))]
    campaign = factories.draft()
    key = add(campaign, "split", arms=arms).key
    add(campaign, "wait", minutes=60)
    start(campaign)
    draft = campaigns.draft_of(campaign)
    drafting.change_step(
        step=draft.steps.get(key=key), settings={"arms": [*arms[:1], {**arms[1], "weight": 70}]}
    )

    typed = {
        "words_0": "a",
        "share_0": "50",
        "words_1": "b",
        "share_1": "20",
        "words_2": "New",
        "share_2": "30",
    }
    answer = client_of(mara).post(f"/steps/{draft.steps.get(key=key).pk}/", typed)

    assert answer.status_code == 302
    assert [arm["key"] for arm in draft.steps.get(key=key).settings["arms"]] == ["a", "b", "d"]


def test_without_a_difference_the_shares_stay_and_it_is_said() -> None:
    campaign, step = split()
    came(campaign, 200)
    reach("a", 12)
    reach("b", 13)

    contests.decide_splits()

    assert SplitDecision.objects.get().winner == ""
    assert "No way is surely better" in contests.told(step)


def test_too_few_or_too_soon_is_not_judged() -> None:
    campaign, step = split()
    came(campaign, 200, days_ago=3)
    reach("b", 40)

    assert contests.decide_splits() == 0
    assert contests.told(step) == "Not enough data yet: 0 of 60 in A, 0 of 60 in B have had their 7 days."


def test_what_happened_after_the_days_does_not_count() -> None:
    campaign, _ = split()
    came(campaign, 200, days_ago=20)
    reach("b", 60, days_ago=5)

    contests.decide_splits()

    assert SplitDecision.objects.get().figures["b"] == [0, 60]


@pytest.mark.parametrize("arms", [2, 3, 4])
def test_equals_are_rarely_told_apart(arms: int) -> None:
    """About one false winner in twenty for two ways, fewer for more; with a fixed seed this is no game of chance."""
    dice = random.Random(1)

    false = 0
    for _ in range(1000):
        drawn = {key: Share(sum(dice.random() < 0.2 for _ in range(300)), 300) for key in "abcd"[:arms]}
        false += bool(Contest(drawn).winner)

    assert false / 1000 <= 0.06


def test_a_way_without_people_never_wins() -> None:
    assert Contest({"a": Share(0, 0), "b": Share(0, 100)}).winner == ""
