"""How leads follow a new version, and when it comes into force."""

from datetime import timedelta

import pghistory
import pytest
from django.db.models import F
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains

from accounts.models import Organisation
from leads.services.people import disqualify
from scoring.models import HeldLead, ModelVersion, Publication, PublishingPolicy, QualificationCycle, Score
from scoring.services import approvals, draining, holding, keeping, publishing
from scoring.services.foresight import foresee
from scoring.services.versions import CannotPublish, CannotRollBack, create_draft, publish, roll_back


@pytest.fixture
def ivy(person):
    """A second admin."""
    return person("Ivy Second", "admin")


@pytest.fixture
def later():
    """`later(rows, due_at=-timedelta(days=2))` moves an instant of stored rows; None makes it now."""

    def move(rows, **fields):
        rows.update(**{name: F(name) + by if by else Now() for name, by in fields.items()})

    return move


@pytest.fixture
def lenient(published, ada):
    """A draft with a lower line: 20 points, which every director has."""
    draft = create_draft(actor=ada)
    ModelVersion.objects.filter(pk=draft.pk).update(threshold=20)
    return ModelVersion.objects.get(pk=draft.pk)


@pytest.fixture
def directors(published, make_lead, did):
    """Three who are not qualified yet: each looked at prices once, long ago."""
    leads = [make_lead() for _ in range(3)]
    for lead in leads:
        did(lead, "page_view", days_ago=400, path="/pricing")
    keeping.score_leads([lead.pk for lead in leads])
    return leads


def cycles():
    return QualificationCycle.objects.open().count()


def test_before_the_act_it_is_known_who_would_cross(directors, lenient):
    seen = foresee(lenient)

    assert (seen.leads, seen.entering, seen.critical, seen.leaving, seen.pace) == (3, 3, 0, 0, 1)
    assert not QualificationCycle.objects.exists()


def test_of_many_leads_an_even_draw_is_scored_and_told_with_its_interval(published, lenient, make_lead, did):
    for _ in range(60):
        did(make_lead(), "page_view", days_ago=1, path="/pricing")
    everybody, told = foresee(lenient), foresee(lenient, counted=50, drawn=20)

    assert (everybody.drawn, everybody.entering) == (None, 60)
    assert told.leads == everybody.leads
    assert 0 < told.drawn < everybody.leads
    assert told.between[0] <= told.entering <= told.between[1]
    assert told.between[0] <= everybody.entering <= told.between[1]


def test_without_a_limit_everybody_above_the_line_is_handed_on(directors, lenient):
    publish(version=lenient)
    publishing.rescore(lenient.pk)

    assert cycles() == 3


def test_a_slow_publication_hands_on_so_many_an_hour_and_the_rest_wait(directors, lenient, later):
    publish(version=lenient, per_hour=2)
    publishing.rescore(lenient.pk)
    assert cycles() == 0

    draining.drain()
    draining.drain()

    assert (cycles(), HeldLead.objects.waiting().count()) == (2, 1)
    later(HeldLead.objects.filter(state="released"), settled_at=-timedelta(hours=1))
    draining.drain()
    assert (cycles(), HeldLead.objects.waiting().count()) == (3, 0)


def test_the_highest_score_has_its_turn_first(directors, lenient, did):
    best = directors[2]
    for days in (390, 391, 392):
        did(best, "page_view", days_ago=days, path="/pricing")
    lenient.rules.filter(key="pricing").update(window_hours=None)

    publish(version=lenient, per_hour=1)
    publishing.rescore(lenient.pk)
    draining.drain()

    assert QualificationCycle.objects.get().lead == best


def test_a_critical_signal_passes_the_guard_at_once(directors, lenient, did):
    publish(version=lenient, per_hour=1)
    publishing.rescore(lenient.pk)

    did(directors[0], "demo_request")
    keeping.score_leads([directors[0].pk])

    assert QualificationCycle.objects.get().lead == directors[0]
    assert HeldLead.objects.get(lead=directors[0]).words == holding.PASSED


def test_who_no_longer_qualifies_when_the_turn_comes_leaves_with_a_note(directors, lenient, ada):
    publish(version=lenient, per_hour=1)
    publishing.rescore(lenient.pk)
    for lead in directors:
        disqualify(lead=lead, reason="Student", actor=ada)

    draining.drain()

    assert cycles() == 0
    assert set(HeldLead.objects.values_list("state", "words")) >= {("left", holding.FALLEN)}


def test_a_silent_publication_opens_nothing_until_a_lead_does_something(directors, lenient, did):
    publish(version=lenient, mode="silent")
    publishing.rescore(lenient.pk)
    assert Score.objects.filter(qualified=True).count() == 3
    assert cycles() == 0

    for days in (0, 0.01, 0.02):
        did(directors[0], "page_view", at=timezone.now() + timedelta(seconds=-days), path="/pricing")
    keeping.score_leads([lead.pk for lead in directors])

    assert [cycle.lead for cycle in QualificationCycle.objects.all()] == [directors[0]]


def test_who_crosses_by_a_field_after_a_silent_publication_is_handed_on(directors, lenient, make_lead):
    other = make_lead(title="Clerk")
    publish(version=lenient, mode="silent")
    publishing.rescore(lenient.pk)

    other.title = "Director"
    other.save()
    keeping.score_leads([other.pk])

    assert QualificationCycle.objects.get().lead == other


def test_for_new_events_nobody_is_scored_at_once_and_time_goes_on_under_the_old_version(
    directors, published, lenient, later
):
    publish(version=lenient, mode="new_events")
    assert not publishing.rescore(lenient.pk)
    later(Score.objects.filter(lead=directors[0]), next_change_at=None)

    keeping.score_due(limit=10)
    keeping.score_leads([directors[1].pk])

    stamped = dict(Score.objects.values_list("lead_id", "version__number"))
    assert stamped == {
        directors[0].pk: published.number,
        directors[1].pk: lenient.number,
        directors[2].pk: published.number,
    }
    assert QualificationCycle.objects.get().lead == directors[1]


def test_a_score_always_names_a_version_it_is_true_under(directors, published, did):
    """The new version comes to the same score; then something only the new one counts differently happens."""
    draft = create_draft()
    draft.rules.filter(key="pricing").update(points=31)
    publish(version=draft)
    publishing.rescore(draft.pk)
    assert set(Score.objects.values_list("version__number", flat=True)) == {published.number}

    keeping.score_leads([directors[0].pk])

    assert Score.objects.get(lead=directors[0]).version == draft


def test_dismissed_leads_wait_for_newer_evidence(directors, lenient, mara, did):
    publish(version=lenient, per_hour=1)
    publishing.rescore(lenient.pk)
    held = HeldLead.objects.get(lead=directors[0])

    assert holding.dismiss(held_ids=[held.pk], reason="Old list", actor=mara) == 1
    keeping.score_leads([directors[0].pk])

    assert cycles() == 0
    with pytest.raises(holding.ReasonMissing):
        holding.dismiss(held_ids=[held.pk], reason=" ", actor=mara)


def test_a_person_lets_leads_through_whatever_the_pace(directors, lenient, mara):
    publish(version=lenient, per_hour=1)
    publishing.rescore(lenient.pk)
    held = list(HeldLead.objects.values_list("pk", flat=True))

    assert draining.release(held_ids=held[:2], actor=mara) == (2, 0)
    assert draining.release(held_ids=held[:2], actor=mara) == (0, 2)

    assert cycles() == 2
    draining.drain()
    assert cycles() == 3


@pytest.mark.parametrize(("rank", "hours"), [(0, None), (1, 0.5), (2, 1), (3, 1.5), (4, 2)])
def test_when_a_turn_is_expected(rank, hours):
    now = timezone.now()
    turns = [now - timedelta(hours=0.5)]

    at = holding.expected(rank, per_hour=2, turns=turns, now=now)

    assert at == (now if hours is None else now + timedelta(hours=hours))


# When a version comes into force


def test_a_schedule_publishes_once_when_its_instant_has_come(lenient, ada, later):
    plan = publishing.schedule(
        version=lenient, at=timezone.now() + timedelta(days=1), actor=ada, mode="silent"
    )
    assert publishing.publish_due() == 0

    later(Publication.objects.filter(pk=plan.pk), due_at=-timedelta(days=2))

    assert (publishing.publish_due(), publishing.publish_due()) == (1, 0)
    plan.refresh_from_db()
    assert (plan.state, ModelVersion.objects.published()) == ("done", lenient)


def test_a_draft_that_broke_since_is_blocked_in_words(lenient, published, ada, later):
    plan = publishing.schedule(version=lenient, at=timezone.now() + timedelta(days=1), actor=ada, mode="fire")
    lenient.rules.filter(key="pricing").update(n=0)
    later(Publication.objects.filter(pk=plan.pk), due_at=-timedelta(days=2))

    publishing.publish_due()

    plan.refresh_from_db()
    assert plan.state == "blocked"
    assert "pricing" in plan.words
    assert ModelVersion.objects.published() == published


def test_the_past_and_a_second_date_are_refused(lenient, ada):
    tomorrow = timezone.now() + timedelta(days=1)
    with pytest.raises(publishing.CannotSchedule, match="is over"):
        publishing.schedule(version=lenient, at=timezone.now(), actor=ada, mode="fire")
    plan = publishing.schedule(version=lenient, at=tomorrow, actor=ada, mode="fire")
    with pytest.raises(publishing.CannotSchedule, match="has a date"):
        publishing.schedule(version=lenient, at=tomorrow, actor=ada, mode="fire")

    publishing.cancel(publication=plan, actor=ada)

    with pytest.raises(publishing.NotWaiting):
        publishing.cancel(publication=plan, actor=ada)


def test_the_sweep_finds_a_publication_nobody_scored(directors, lenient):
    publish(version=lenient)

    assert publishing.rescore_missed()
    assert not publishing.rescore_missed()

    assert cycles() == 3


def test_an_older_version_comes_back_as_a_new_one(published, lenient, ada):
    publish(version=lenient)
    published.refresh_from_db()

    back = roll_back(to=published, actor=ada)

    assert (back.number, back.threshold, back.note) == (3, 50, "Back to version 1.")
    assert ModelVersion.objects.published() == back
    with pytest.raises(CannotRollBack):
        roll_back(to=back, actor=ada)


# Two people


@pytest.fixture
def careful(published):
    PublishingPolicy.objects.create(pk=1, needs_approval=True)


def test_a_second_person_must_agree_to_the_draft_as_it_stands(careful, lenient, ada, ivy):
    with pytest.raises(approvals.NotApproved):
        publish(version=lenient, actor=ada)
    approvals.approve(version=lenient, actor=ivy, seen=approvals.fingerprint(lenient))
    lenient.rules.filter(key="pricing").update(points=5)
    with pytest.raises(approvals.NotApproved):
        publish(version=lenient, actor=ada)

    approvals.approve(version=lenient, actor=ivy, seen=approvals.fingerprint(lenient))
    publish(version=lenient, actor=ada)

    assert ModelVersion.objects.published() == lenient


def test_nobody_approves_their_own_draft_or_one_they_did_not_read(careful, lenient, ada, ivy):
    seen = approvals.fingerprint(lenient)
    with pytest.raises(approvals.MayNotApprove, match="Somebody who did not"):
        approvals.approve(version=lenient, actor=ada, seen=seen)

    lenient.rules.filter(key="pricing").update(points=5)

    with pytest.raises(approvals.MayNotApprove, match="while you looked"):
        approvals.approve(version=lenient, actor=ivy, seen=seen)


def test_whoever_wrote_a_part_does_not_approve_even_if_somebody_changed_it_later(careful, lenient, ada, ivy):
    with pghistory.context(user=ivy.pk):
        lenient.rules.filter(key="pricing").update(points=25)
    with pghistory.context(user=ada.pk):
        lenient.rules.filter(key="director").update(points=15)

    with pytest.raises(approvals.MayNotApprove, match="changed something"):
        approvals.approve(version=lenient, actor=ivy, seen=approvals.fingerprint(lenient))


def test_what_was_in_force_before_needs_no_second_person(careful, published, ada):
    PublishingPolicy.objects.update(needs_approval=False)
    publish(version=create_draft())
    PublishingPolicy.objects.update(needs_approval=True)
    published.refresh_from_db()

    assert roll_back(to=published, actor=ada).state == "published"


def test_a_broken_draft_is_not_approved_by_a_date(careful, lenient, ada):
    lenient.rules.filter(key="pricing").update(n=0)

    with pytest.raises(CannotPublish, match="pricing"):
        publishing.schedule(version=lenient, at=timezone.now() + timedelta(days=1), actor=ada, mode="fire")


# The page of who waits


@pytest.fixture
def waiting(directors, lenient):
    publish(version=lenient, per_hour=1)
    publishing.rescore(lenient.pk)
    return list(HeldLead.objects.by_turn())


def test_marketers_see_who_waits_and_when_the_turn_comes(waiting, mara, client_of):
    page = client_of(mara).get(reverse("scoring:held"))

    assert [row.held for row in page.context["page"].rows] == waiting
    assert [row.expected is not None for row in page.context["page"].rows] == [True] * 3


def test_the_page_asks_the_same_for_many(waiting, mara, client_of, django_assert_max_num_queries):
    client = client_of(mara)
    client.get(reverse("scoring:held"))

    with django_assert_max_num_queries(12):
        client.get(reverse("scoring:held"))


def test_marketers_release_and_dismiss(waiting, mara, client_of):
    client = client_of(mara)

    client.post(reverse("scoring:release"), {"held": [waiting[0].pk]})
    refused = client.post(reverse("scoring:dismiss"), {"held": [waiting[1].pk], "reason": " "})
    client.post(reverse("scoring:dismiss"), {"held": [waiting[2].pk], "reason": "Old list"})

    assert refused.status_code == 422
    assert list(HeldLead.objects.order_by("pk").values_list("state", flat=True)) == [
        "released",
        "waiting",
        "dismissed",
    ]


@pytest.mark.parametrize("name", ["release", "dismiss"])
def test_a_rep_neither_releases_nor_dismisses(waiting, rita, client_of, name):
    answer = client_of(rita).post(reverse(f"scoring:{name}"), {"held": [waiting[0].pk], "reason": "x"})

    assert answer.status_code == 403
    assert HeldLead.objects.waiting().count() == 3


# The admin's pages


def test_the_form_says_what_would_happen_and_takes_a_pace(directors, lenient, ada, client_of):
    client, url = client_of(ada), reverse("admin:scoring_modelversion_publish", args=[lenient.pk])

    page = client.get(url)
    client.post(url, {"mode": "fire", "per_hour": "2"})

    assertContains(page, "3 leads")
    assert page.context["form"].initial == {"mode": "fire", "per_hour": 1}
    assert Publication.objects.of(lenient).per_hour == 2


def test_a_date_is_in_the_zone_of_the_installation(lenient, ada, client_of):
    Organisation.objects.update_or_create(pk=1, defaults={"time_zone": "Asia/Tokyo"})

    client_of(ada).post(
        reverse("admin:scoring_modelversion_publish", args=[lenient.pk]), {"at": "2199-01-01T09:00"}
    )

    assert Publication.objects.get(version=lenient).due_at.isoformat() == "2199-01-01T00:00:00+00:00"


def test_nothing_typed_is_lost_when_it_is_refused(lenient, ada, client_of):
    page = client_of(ada).post(
        reverse("admin:scoring_modelversion_publish", args=[lenient.pk]), {"mode": "fire", "per_hour": "0"}
    )

    assert page.status_code == 422
    assertContains(page, 'value="0"', status_code=422)
    assert not Publication.objects.filter(version=lenient).exists()


def test_the_draft_page_approves_cancels_and_goes_back(careful, published, lenient, ada, ivy, client_of):
    first, second = client_of(ada), client_of(ivy)
    url = {
        name: reverse(f"admin:scoring_modelversion_{name}", args=[lenient.pk])
        for name in ("change", "approve", "publish", "cancel", "difference", "log")
    }
    assertContains(first.get(url["change"]), "somebody else has to approve")

    second.post(url["approve"], {"seen": second.get(url["change"]).context["seen"]})
    first.post(url["publish"], {"at": "2199-01-01T09:00", "mode": "silent"})
    first.post(url["cancel"], {"plan": Publication.objects.get(version=lenient).pk})
    first.post(url["publish"])
    first.post(reverse("admin:scoring_modelversion_return", args=[published.pk]))

    assert ModelVersion.objects.published().note == "Back to version 1."
    assertContains(first.get(url["difference"]), "<del>50</del> <ins>20</ins>")
    assertContains(first.get(url["log"]), "Approved the draft as it stood.")
