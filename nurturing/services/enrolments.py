"""Who runs through a campaign: joining and stopping.

Joining   one INSERT ... SELECT over the segment; unique keys make a second run harmless
Moving    services.advancing
Stopping  re-derived from rows each time, so a late or doubled bell cannot stop the wrong run
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from leads.models import Activity, Lead, ReEntry, StageChange
from nurturing import gates, ledger, segments
from nurturing.arms import place
from nurturing.models import Campaign, CampaignVersion, Enrolment, HoldOut, Message

ENTERED = (Enrolment.Ended.COMPLETED, Enrolment.Ended.GOAL, Enrolment.Ended.HANDED_OFF)  # may come back
Ended = Enrolment.Ended

JOIN = """
INSERT INTO nurturing_enrolment
    (campaign_id, version_id, lead_id, rotation, drawn_percent, step_id, due_at, enrolled_by_id, ended_because)
SELECT %s, %s, chosen.id, chosen.rotation, CASE WHEN chosen.rotation = 1 THEN %s ELSE 0 END, %s, now(), %s, ''
FROM ({people}) AS chosen (id, rotation)
ON CONFLICT DO NOTHING
"""


class NotRunning(Exception):
    """Only a running campaign takes people in."""


class Enrolled(NamedTuple):
    added: int
    skipped: int


def enrol(*, campaign: Campaign, leads: Iterable[int], actor: Any = None) -> Enrolled:
    """Take these leads in; who is in already, must not be mailed or reached the goal is skipped.

    Raises NotRunning. A colleague may enrol somebody again who has finished: that is a new rotation.
    """
    wanted = set(leads)
    candidates = _candidates(campaign).filter(pk__in=wanted)
    added = _insert(campaign, candidates, actor)
    return Enrolled(added, len(wanted) - added)


def enrol_segment(campaign_id: int) -> int:
    """Everybody of the segment who never was in, and recycled leads whose cool-down is over."""
    campaign = Campaign.objects.select_related("segment").get(pk=campaign_id)
    if campaign.state != Campaign.State.ACTIVE or not campaign.takes_people(timezone.now()):
        return 0
    members = segments.members(campaign.segment).values("pk")
    before = Enrolment.objects.filter(campaign=campaign, lead=OuterRef("pk"))
    elsewhere = ReEntry.objects.filter(lead=OuterRef("pk"), settled_at=None)  # a reject reason names where
    people = _candidates(campaign).filter(~Exists(elsewhere), pk__in=members)
    return _insert(campaign, people.filter(~Exists(before) | _recycled(campaign)), None)


def enrol_segments() -> int:
    running = Campaign.objects.filter(state=Campaign.State.ACTIVE).values_list("pk", flat=True)
    return sum(enrol_segment(pk) for pk in running)


def blockers(campaign: Campaign, lead_ids: Sequence[int]) -> dict[int, str]:
    """For the enrol dialog: why each of these cannot be enrolled, in words; empty when they can."""
    words = dict(Ended.choices)
    found = gates.with_blocker(Lead.objects.filter(pk__in=lead_ids))
    inside = set(Enrolment.objects.active().filter(campaign=campaign).values_list("lead_id", flat=True))
    held = dict(HoldOut.objects.filter(campaign=campaign, lead__in=lead_ids).values_list("lead", "percent"))
    reasons = {pk: str(words.get(blocker, "")) for pk, blocker in found.values_list("pk", "blocker")}
    reasons |= {pk: f"Held out by the campaign ({percent}%)" for pk, percent in held.items()}
    willing = set(
        gates.agreed(Lead.objects.filter(pk__in=lead_ids), campaign.topic_id).values_list("pk", flat=True)
    )
    unwilling = str(Ended.NO_CONSENT.label)
    return {
        pk: "Is in this campaign already" if pk in inside else why or ("" if pk in willing else unwilling)
        for pk, why in reasons.items()
    }


def stop_lead(lead_id: int) -> int:
    """End this lead's runs if it must not be mailed any more; its waiting mails will not be sent."""
    runs = Enrolment.objects.active().filter(lead_id=lead_id)
    return _stop(runs) + _stop_unwanted(runs)


def check_goals(lead_id: int) -> int:
    return reach_goals(Enrolment.objects.active().filter(lead_id=lead_id))


def stop_by_hand(*, enrolment: Enrolment, actor: Any) -> bool:
    why = f"Stopped by {actor}."
    return bool(end(Enrolment.objects.active().filter(pk=enrolment.pk), Ended.STOPPED, why))


def end_all(campaign: Campaign) -> int:
    return end(
        Enrolment.objects.active().filter(campaign=campaign), Ended.CAMPAIGN_ENDED, "The campaign ended."
    )


def reach_click_goal(enrolment_id: int) -> int:
    runs = Enrolment.objects.active().filter(pk=enrolment_id, campaign__goal=Campaign.Goal.CLICK)
    return end(runs, Ended.GOAL, "The goal was reached.")


def sweep_stops() -> int:
    """What bells missed: leads that must not be mailed, goals reached, merges, runs that wait for nothing."""
    follow_merges()
    blocked = gates.blocked(Lead.objects.filter(Exists(_active_of("pk"))))
    stopped = _stop(Enrolment.objects.active().filter(lead__in=blocked.values("pk")[:5000]))
    stopped += _stop_unwanted(Enrolment.objects.active())
    reached = reach_goals(Enrolment.objects.active())
    _wake_stranded()
    return stopped + reached


def follow_merges(*, into: Lead | None = None) -> None:
    """The run of a merged lead goes on as the winner's, unless the winner went through that campaign."""
    lost = Enrolment.objects.active().filter(lead__merged_into__isnull=False).select_related("lead")
    lost = lost.filter(lead__merged_into=into) if into else lost
    for run in lost[:1000]:
        with transaction.atomic():
            both = Lead.objects.filter(Q(pk=run.lead_id) | Q(merged=run.lead_id)).order_by("pk")
            list(both.select_for_update(of=("self",)).values_list("pk"))
            there = Enrolment.objects.filter(campaign=run.campaign_id, lead=run.lead.merged_into_id)
            held = HoldOut.objects.filter(campaign=run.campaign_id, lead=run.lead.merged_into_id)
            if not there.exists() and not held.exists():
                Enrolment.objects.active().filter(pk=run.pk).update(lead=run.lead.merged_into_id)


def _candidates(campaign: Campaign) -> QuerySet[Lead]:
    """Mailable, not in the campaign now, goal not reached."""
    inside = Enrolment.objects.active().filter(campaign=campaign, lead=OuterRef("pk"))
    held = HoldOut.objects.filter(campaign=campaign, lead=OuterRef("pk"))
    people = gates.agreed(gates.mailable().filter(~Exists(inside), ~Exists(held)), campaign.topic_id)
    return people.exclude(stage=Lead.Stage.MQL) if campaign.goal == Campaign.Goal.MQL else people


def _recycled(campaign: Campaign) -> Q:
    """Became recycled after their last run ended, long enough ago."""
    cooled = Now() - timedelta(days=campaign.cool_down_days)
    back = StageChange.objects.filter(
        lead=OuterRef("lead"), stage=Lead.Stage.RECYCLED, at__gte=OuterRef("ended_at")
    )
    last_run = Enrolment.objects.filter(campaign=campaign, lead=OuterRef("pk"), ended_because__in=ENTERED)
    newer = Enrolment.objects.filter(
        campaign=campaign, lead=OuterRef("lead"), rotation__gt=OuterRef("rotation")
    )
    ready = last_run.filter(~Exists(newer), Exists(back), ~Exists(back.filter(at__gt=cooled)))
    return Q(Exists(ready), stage=Lead.Stage.RECYCLED)


def _insert(campaign: Campaign, people: QuerySet[Lead], actor: Any) -> int:
    version = running_version(campaign)
    past = Enrolment.objects.filter(campaign=campaign, lead=OuterRef("pk")).order_by()
    highest = past.values("lead").annotate(highest=Max("rotation")).values("highest")
    with transaction.atomic(), connection.cursor() as cursor:
        chosen = _drawn(campaign, people, past).annotate(
            rotation=Coalesce(Subquery(highest[:1]), Value(0)) + 1
        )
        sql, params = chosen.order_by("pk").values("pk", "rotation").query.sql_with_params()
        first = version.steps.filter(parent=None).order_by("position").values_list("pk", flat=True).first()
        who, share = actor.pk if actor else None, campaign.holdout_percent
        cursor.execute(JOIN.replace("{people}", sql), [campaign.pk, version.pk, share, first, who, *params])
        return cursor.rowcount


def _drawn(campaign: Campaign, people: QuerySet[Lead], before: QuerySet[Enrolment]) -> QuerySet[Lead]:
    """Those of them who may enter. Whoever never was in is drawn, once; whoever comes up meanwhile, the next time.

    The place is a hash, so that any order of arrival holds out the same people.
    """
    if not campaign.holdout_percent:
        return people
    salt, share = f"hold-out:{campaign.pk}", campaign.holdout_percent
    fresh = people.filter(~Exists(before)).order_by("pk").values_list("pk", flat=True)
    places = {pk: 100 * place(salt, pk) for pk in fresh}
    held = [HoldOut(campaign=campaign, lead_id=pk, percent=share) for pk, at in places.items() if at < share]
    HoldOut.objects.bulk_create(held, batch_size=5000, ignore_conflicts=True)
    return people.filter(Exists(before) | Q(pk__in=[pk for pk, at in places.items() if at >= share]))


def running_version(campaign: Campaign) -> CampaignVersion:
    """The newest frozen version. Raises NotRunning."""
    version = campaign.versions.filter(frozen_at__isnull=False).order_by("-number").first()
    if campaign.state != Campaign.State.ACTIVE or version is None:
        raise NotRunning(f"{campaign} is not running, so nobody can be enrolled.")
    if not campaign.takes_people(timezone.now()):
        raise NotRunning(f"{campaign} takes nobody in now: it has a start and an end, and now is outside.")
    return version


def _stop(runs: QuerySet[Enrolment]) -> int:
    words = dict(Ended.choices)
    with transaction.atomic():
        leads = lock_leads(runs)
        if not leads:
            return 0
        blocked = gates.blocked(Lead.objects.filter(pk__in=leads))
        reasons: dict[str, list[int]] = {}
        for pk, blocker in blocked.values_list("pk", "blocker"):
            reasons.setdefault(blocker, []).append(pk)
        return sum(
            _end_locked(Enrolment.objects.active().filter(lead__in=pks), because, f"{words[because]}.")
            for because, pks in reasons.items()
        )


def _stop_unwanted(runs: QuerySet[Enrolment]) -> int:
    """Those whose topic the lead does not want; other campaigns go on."""
    ids = list(gates.not_agreed(runs.filter(gates.may_be_unwilling())).values_list("pk", flat=True)[:5000])
    found = gates.not_agreed(Enrolment.objects.active().filter(pk__in=ids))
    return end(found, Ended.NO_CONSENT, "Does not want mail about this.") if ids else 0


def reach_goals(runs: QuerySet[Enrolment]) -> int:
    active = runs.filter(ended_at=None)
    reached = active.filter(campaign__goal=Campaign.Goal.MQL, lead__stage=Lead.Stage.MQL)
    ids = list(reached.values_list("pk", flat=True)[:5000]) + _asked_for_a_demo(active)
    return (
        end(Enrolment.objects.active().filter(pk__in=ids), Ended.GOAL, "The goal was reached.") if ids else 0
    )


def _asked_for_a_demo(active: QuerySet[Enrolment]) -> list[int]:
    """Activities have a partition a month, which is dear to plan for: only where that is the goal."""
    runs = active.filter(campaign__goal=Campaign.Goal.DEMO)
    if not runs.exists():
        return []
    asked = Activity.objects.filter(
        lead=OuterRef("lead"),
        occurred_at__gte=OuterRef("enrolled_at"),
        shape__kind="demo_request",
        shape__machine=False,
    )
    return list(runs.filter(Exists(asked)).values_list("pk", flat=True)[:5000])


@transaction.atomic
def end(runs: QuerySet[Enrolment], because: str, why: str) -> int:
    lock_leads(runs)
    return _end_locked(runs, because, why)


def _end_locked(runs: QuerySet[Enrolment], because: str, why: str) -> int:
    ids = list(runs.values_list("pk", flat=True))
    ended = Enrolment.objects.active().filter(pk__in=ids).plan(None, ended_at=Now(), ended_because=because)
    ledger.suppress_pending(ids, why)
    return ended


def lock_leads(runs: QuerySet[Enrolment]) -> list[int]:
    """In pk order, so that two of us never wait for each other."""
    wanted = Lead.objects.filter(pk__in=runs.values("lead_id")).order_by("pk")
    return list(wanted.select_for_update().values_list("pk", flat=True))


def _active_of(lead: str) -> QuerySet[Enrolment]:
    return Enrolment.objects.active().filter(lead=OuterRef(lead))


def _wake_stranded() -> int:
    """Runs that wait for a mail which is settled or was never written: they go on now."""
    waiting = Message.objects.unsettled().filter(enrolment=OuterRef("pk"))
    stranded = Enrolment.objects.active().filter(~Exists(waiting), due_at=None)
    ids = list(stranded.values_list("pk", flat=True)[:5000])
    return Enrolment.objects.filter(pk__in=ids, due_at=None).plan(Now())
