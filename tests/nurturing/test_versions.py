"""Undo, comparing versions, and moving people from one version to the next."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from nurturing import comparing
from nurturing.models import Campaign, DraftChange, Enrolment, PeopleMove, Step
from nurturing.services import advancing, campaigns, drafting, editing, moving_people
from tests.nurturing import factories
from tests.nurturing.test_editor import branching

pytestmark = pytest.mark.django_db


@pytest.fixture
def marketer(client_of: Callable[[User], Client], mara: User) -> Client:
    return client_of(mara)


def url(name: str, *args: Any) -> str:
    return reverse(f"nurturing:{name}", args=args)


def plain(campaign: Campaign) -> Any:
    return editing._plain(drafting.snapshot(campaigns.draft_of(campaign)))


def test_each_change_is_undone_and_done_again_in_turn(marketer: Client) -> None:
    campaign, steps = branching()
    states = [plain(campaign)]
    for name, step, data in (
        ("step_removal", "yes", {}),
        ("step_place", "wait", {"to": "::2"}),
        ("step_copy", "ask", {}),
        ("step", "wait", {"amount": "9", "unit": "days"}),
    ):
        marketer.post(url(name, Step.objects.get(key=steps[step].key).pk), data)
        states.append(plain(campaign))

    back = [plain(campaign)]
    for _ in range(4):
        marketer.post(url("undo", campaign.pk))
        back.append(plain(campaign))
    for _ in range(6):
        marketer.post(url("redo", campaign.pk))

    assert len({str(state) for state in states}) == 5
    assert back == states[::-1]
    assert plain(campaign) == states[-1]


def test_what_a_mail_says_is_undone_too_and_a_new_change_forgets_what_could_be_redone(
    marketer: Client,
) -> None:
    campaign, steps = branching()
    typed = {"subject": "Another subject", "do": "save"}
    marketer.post(url("content", steps["mail"].pk), typed)

    marketer.post(url("undo", campaign.pk), {"key": str(steps["mail"].key)})

    step = Step.objects.get(key=steps["mail"].key)
    assert step.subject == "Where your overtime comes from"
    marketer.post(url("step_removal", step.pk))
    assert not DraftChange.objects.filter(undone=True).exists()


def test_what_changes_nothing_is_no_change_and_old_changes_are_forgotten(mara: User) -> None:
    campaign = factories.draft()
    wait, version = factories.wait(campaign), campaigns.draft_of(campaign)

    for minutes in range(1, editing.MOST_CHANGES + 6):
        for _ in range(2):
            with editing.undoable(version=version, words="Changed", actor=mara):
                drafting.change_step(step=wait, settings={"minutes": 1000 + minutes})

    assert version.changes.count() == editing.MOST_CHANGES


def test_a_published_version_cannot_be_undone(marketer: Client) -> None:
    campaign = factories.running()

    assert marketer.post(url("undo", campaign.pk)).status_code == 404


def test_two_versions_are_compared_step_by_step_in_words(marketer: Client) -> None:
    campaign, steps = branching()
    campaigns.publish_version(campaign=campaign, actor=None)
    draft = campaigns.draft_of(campaign)
    mail = draft.steps.get(key=steps["mail"].key)
    drafting.change_step(step=mail, subject="3 places your overtime comes from")
    drafting.remove_step(step=draft.steps.get(key=steps["yes"].key))
    drafting.move_step(step=draft.steps.get(key=steps["pause"].key), up=False)
    drafting.add_step(version=draft, kind="exit")

    text = marketer.get(url("compare", campaign.pk)).text

    assert "<del>Where your overtime comes from</del> <ins>3 places your overtime comes from</ins>" in text
    for words in ("Leave the campaign", "was added", "E-mail: The sheet", "was removed", "Moved"):
        assert words in text
    assert "5 changes" in marketer.get(url("campaign", campaign.pk)).text


@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no news
@given(st.permutations(range(6)), st.sets(st.integers(0, 5)))
def test_a_version_differs_from_itself_in_nothing_and_from_another_in_what_was_done(
    order: list[int], gone: set[int]
) -> None:
    def row(key: int, place: int) -> dict[str, Any]:
        return {
            "key": str(key), "parent": None, "branch": "", "position": place, "kind": "wait",
            "settings": {"minutes": key + 1}, "subject": "",
        }  # fmt: skip

    old = [row(key, place) for place, key in enumerate(range(6))]
    new = [row(key, place) for place, key in enumerate(key for key in order if key not in gone)]

    assert comparing.changes(old, old) == []
    found = comparing.changes(old, new)
    assert {int(change.key) for change in found if change.op == "del"} == gone
    kept = [key for key in order if key not in gone]
    assert any(change.op == "mod" for change in found) == (kept != sorted(kept))


def two_versions(marketer: Client) -> tuple[Campaign, dict[str, Enrolment]]:
    """Three people: one waits for her first mail, one waits, one stands at a step that version 2 has not."""
    campaign = factories.running()
    first, wait, second = campaign.versions.get().steps.order_by("position")
    runs = {"mail": factories.queued(campaign).enrolment}
    runs["wait"] = factories.queued(campaign).enrolment
    runs["wait"].messages.update(state="accepted")
    Enrolment.objects.filter(pk=runs["wait"].pk).update(due_at="2020-01-01T00:00Z")
    advancing.advance_due()
    advancing.advance_due()
    draft = campaigns.draft_of(campaign)
    drafting.change_step(step=draft.steps.get(key=second.key), subject="Second, new")
    pause = drafting.add_step(version=draft, kind="wait", place=1)
    drafting.change_step(step=pause, settings={"minutes": 5})
    campaigns.publish_version(campaign=campaign, actor=None)
    for run in runs.values():
        run.refresh_from_db()
    assert (runs["mail"].step, runs["wait"].step) == (first, wait)
    return campaign, runs


def test_people_are_moved_to_the_same_step_keep_their_wait_and_get_no_mail_twice(marketer: Client) -> None:
    campaign, runs = two_versions(marketer)
    target = campaign.versions.get(number=2)
    due = runs["wait"].due_at
    keys = {str(step.key): str(step.key) for step in campaign.versions.get(number=1).steps.all()}

    marketer.post(url("move", campaign.pk), {f"to_{key}": new for key, new in keys.items()})
    while moving_people.work(limit=1):
        pass

    runs["wait"].refresh_from_db()
    assert (runs["wait"].version, runs["wait"].due_at) == (target, due)
    move = PeopleMove.objects.get()
    assert (move.moved, move.left, bool(move.finished_at)) == (2, 0, True)
    Enrolment.objects.update(due_at="2020-01-01T00:00Z")
    runs["mail"].messages.update(state="accepted")
    for _ in range(3):
        advancing.advance_due()
    assert runs["mail"].messages.filter(step__key=runs["mail"].messages.first().step.key).count() == 1
    runs["wait"].refresh_from_db()
    assert runs["wait"].messages.filter(step__subject="Second, new").count() == 1


def test_a_removed_step_needs_an_answer_and_people_may_leave_there(marketer: Client) -> None:
    campaign, runs = two_versions(marketer)
    draft = campaigns.draft_of(campaign)
    gone = draft.steps.get(key=runs["wait"].step.key)
    drafting.remove_step(step=gone)
    campaigns.publish_version(campaign=campaign, actor=None)
    shown = marketer.get(url("move", campaign.pk)).context["rows"]
    typed = {f"to_{row['key']}": row["answer"] for row in shown}

    refused = marketer.post(url("move", campaign.pk), typed)
    marketer.post(url("move", campaign.pk), typed | {f"to_{gone.key}": "leave"})
    moving_people.work()
    moving_people.work()

    assert refused.status_code == 422
    assert {row["key"] for row in shown if not row["answer"]} == {str(gone.key)}
    runs["wait"].refresh_from_db()
    assert runs["wait"].ended_because == "exited"
    assert runs["mail"].messages.count() == 1


def test_a_second_move_waits_for_the_first_and_a_forged_step_moves_nobody(
    marketer: Client, mara: User
) -> None:
    campaign, runs = two_versions(marketer)
    target = campaign.versions.get(number=2)
    key = str(runs["wait"].step.key)

    with pytest.raises(moving_people.NotPossible, match="not in that version"):
        moving_people.ask(campaign=campaign, target=target, steps={key: "forged"}, actor=mara)
    moving_people.ask(campaign=campaign, target=target, steps={key: key}, actor=mara)
    with pytest.raises(moving_people.NotPossible, match="already"):
        moving_people.ask(campaign=campaign, target=target, steps={key: key}, actor=mara)
