"""A draft's tree stays a tree: whatever is added, moved, copied, removed or taken back."""

import contextlib
import random
from collections import Counter

import pytest

from nurturing.graph import Graph
from nurturing.models import CampaignVersion, Step
from nurturing.services import campaigns, drafting
from tests.nurturing import factories

pytestmark = pytest.mark.django_db


def check(version: CampaignVersion) -> list[str]:
    """Positions without gaps in each list, everything reachable from the top; the titles in reading order."""
    steps = list(version.steps.all())
    lists = Counter((step.parent_id, step.branch) for step in steps)
    for (parent, branch), count in lists.items():
        places = sorted(step.position for step in steps if (step.parent_id, step.branch) == (parent, branch))
        assert places == list(range(count))
    lines = Graph(steps).lines()
    assert len(lines) == len(steps)
    return [line.step.title for line in lines]


def change(dice: random.Random, version: CampaignVersion) -> None:
    steps = list(version.steps.order_by("pk"))
    parents = [None, *[step for step in steps if step.branches]]
    parent = dice.choice(parents)
    branch = dice.choice(parent.branches).key if parent else ""
    if not steps or dice.random() < 0.4:
        kind = dice.choice(["email", "wait", "condition", "split"])
        drafting.add_step(version=version, kind=kind, parent=parent, branch=branch, place=dice.randrange(9))
        return
    step = dice.choice(steps)
    verb = dice.choice(["move", "place", "place", "copy", "remove"])
    if verb == "move":
        drafting.move_step(step=step, up=dice.random() < 0.5)
    elif verb == "place":
        drafting.place_step(step=step, parent=parent, branch=branch, place=dice.randrange(9))
    elif verb == "copy":
        drafting.copy_step(step=step)
    else:
        drafting.remove_step(step=step)


@pytest.mark.parametrize("seed", range(5))
def test_any_order_of_edits_leaves_whole_lists(seed: int) -> None:
    dice = random.Random(seed)
    version = campaigns.draft_of(factories.draft())

    for _ in range(40):
        with contextlib.suppress(drafting.NotPossible):
            change(dice, version)
        check(version)


def test_a_snapshot_brings_the_whole_draft_back_with_its_keys() -> None:
    version = campaigns.draft_of(factories.draft())
    ask = drafting.add_step(version=version, kind="condition")
    drafting.add_step(version=version, kind="wait", parent=ask, branch="no")
    before, keys = check(version), set(version.steps.values_list("key", flat=True))
    kept = drafting.snapshot(version)
    drafting.remove_step(step=ask)

    drafting.restore(version=version, rows=kept)

    assert check(version) == before
    assert set(version.steps.values_list("key", flat=True)) == keys


def test_a_new_version_has_the_same_tree_and_the_same_keys() -> None:
    campaign = factories.running()
    frozen = campaign.versions.get()

    draft = campaigns.draft_of(campaign)

    assert check(draft) == check(frozen)
    assert set(draft.steps.values_list("key")) == set(frozen.steps.values_list("key"))


def test_steps_of_a_branch_that_is_gone_move_behind_the_split() -> None:
    version = campaigns.draft_of(factories.draft())
    split = drafting.add_step(version=version, kind="split")
    orphan = drafting.add_step(version=version, kind="wait", parent=split, branch="b")

    drafting.change_step(
        step=split, settings={"arms": [{"key": "a", "weight": 50}, {"key": "c", "weight": 50}]}
    )

    check(version)
    orphan.refresh_from_db()
    assert (orphan.parent_id, orphan.position) == (None, 1)


def test_they_keep_their_order() -> None:
    version = campaigns.draft_of(factories.draft())
    split = drafting.add_step(version=version, kind="split")
    for kind in ("wait", "email", "task"):
        drafting.add_step(version=version, kind=kind, parent=split, branch="b")
    drafting.add_step(version=version, kind="exit")

    drafting.change_step(
        step=split, settings={"arms": [{"key": "a", "weight": 50}, {"key": "c", "weight": 50}]}
    )

    kinds = [line.step.kind for line in Graph(version.steps.all()).lines()]
    assert kinds == ["split", "wait", "email", "task", "exit"]


def test_no_way_leads_below_the_fifth_level() -> None:
    version = campaigns.draft_of(factories.draft())

    def chain(levels: int) -> list[Step]:
        steps: list[Step | None] = [None]
        for _ in range(levels):
            above, branch = steps[-1], "yes" if steps[-1] else ""
            steps.append(drafting.add_step(version=version, kind="condition", parent=above, branch=branch))
        return steps[1:]

    four, [pair, _] = chain(4), chain(2)

    with pytest.raises(drafting.NotPossible, match="at most 5 deep"):
        drafting.place_step(step=pair, parent=four[-1], branch="yes", place=0)
    drafting.place_step(step=pair, parent=four[-2], branch="no", place=0)
    check(version)


@pytest.mark.parametrize(
    ("between", "settings", "refused"),
    [("task", {"wait": True, "minutes": 60}, False), ("task", {"wait": False}, True), ("start", {}, True)],
)
def test_mails_need_something_between_them_that_takes_time(
    between: str, settings: dict[str, object], refused: bool
) -> None:
    campaign = factories.draft()
    factories.email(campaign, "First")
    drafting.change_step(
        step=drafting.add_step(version=campaigns.draft_of(campaign), kind=between), settings=settings
    )
    factories.email(campaign, "Second")

    graph = Graph(campaigns.draft_of(campaign).steps.all())

    assert any(halt and halt.is_mail for halt in graph.next_halts(graph.first())) is refused


def test_a_step_never_moves_into_itself() -> None:
    version = campaigns.draft_of(factories.draft())
    outer = drafting.add_step(version=version, kind="condition")
    inner = drafting.add_step(version=version, kind="condition", parent=outer, branch="yes")

    with pytest.raises(drafting.NotPossible, match="into itself"):
        drafting.place_step(step=outer, parent=inner, branch="no", place=0)

    assert Step.objects.get(pk=outer.pk).parent_id is None
