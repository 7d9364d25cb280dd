"""Verbs about one person: make, change, assign, move, exclude. Many at once: leads.services.upserts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from leads import normalise
from leads.events import LeadDisqualified, publish
from leads.merging import Claim, Incoming
from leads.models import CustomField, Disqualification, Lead, StageChange
from leads.services import opt_outs, upserts
from leads.services.companies import Directory
from leads.services.touches import touch
from leads.services.upserts import CONFLICT, NEW, Memory, Plan, Planned
from leads.values import complete, custom_type, read_all

RETRIES = 3  # somebody else may make the same person between our look and our insert


class BadFields(ValueError):
    """`errors`: {field: what is wrong}. Nothing was saved."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        super().__init__(" ".join(f"{key}: {words}" for key, words in errors.items()))


class AddressTaken(BadFields):
    """Another lead has this address; `lead` is that one."""

    def __init__(self, lead: Lead) -> None:
        self.lead = lead
        super().__init__({"email": f"Another lead has this address: {lead.name}."})


class TwoPeople(ValueError):
    """The address and the external id belong to different leads."""


def upsert_lead(
    *,
    values: Mapping[str, Any],
    source: str,
    at: datetime | None = None,
    email: str | None = None,
    external_id: str | None = None,
    created_at: datetime | None = None,
    actor: User | None = None,
    confidence: float = 1.0,
) -> tuple[Lead, str]:
    """The lead, and what happened to it: "new", "updated" or "unchanged".

    `values` by the keys of leads.fields, besides first_name, last_name, name, time_zone and company_domain.
    Without e-mail and external id always a new lead. Raises BadFields, TwoPeople.
    """
    claim = _claim(source, at, actor, confidence)
    named = {**values, "email": email or values.get("email")}
    row = incoming(named, external_id or "", created_at)
    planned = upsert_many(rows=[row], claim=claim)[0]
    if planned.verdict == CONFLICT or planned.lead is None:
        raise TwoPeople("The e-mail address and the external id belong to different leads.")
    if planned.suppressed:
        return planned.lead, "updated" if planned.changed else "unchanged"
    return planned.lead, planned.verdict


def incoming(
    values: Mapping[str, Any], external_id: str = "", created_at: datetime | None = None
) -> Incoming:
    """Reads what somebody wrote into our spelling; registers own fields it names. Raises BadFields."""
    good, bad = read_all(values, register_custom(values))
    if bad:
        raise BadFields(bad)
    email = good.pop("email", None) or ""
    return Incoming(complete(good), email, normalise.external_id(external_id), created_at)


def upsert_many(*, rows: Sequence[Incoming], claim: Claim, memory: Memory | None = None) -> list[Planned]:
    """Saves a batch; one verdict per row, in order. One transaction, and a constant number of statements."""
    for attempt in range(RETRIES):
        mine = memory.fork() if memory else Memory()
        try:
            with transaction.atomic():
                plan = Plan(rows, claim, memory=mine, lock=True)
                touch(upserts.write(plan))
                _heed_history(plan.rows)
        except IntegrityError:
            if attempt == RETRIES - 1:
                raise
            continue
        if memory:
            memory.keep(mine)
        return plan.rows
    raise AssertionError("unreachable")


def update_fields(
    *,
    lead: Lead,
    values: Mapping[str, Any],
    source: str,
    at: datetime | None = None,
    actor: User | None = None,
    confidence: float = 1.0,
) -> list[str]:
    """The fields that changed. Machines change neither what a person typed nor what is newer.

    None means "not answered"; only a colleague (source typed) clears a field with it. Raises BadFields, and
    AddressTaken when a colleague gives a lead the address of another; a machine's address is then left out.
    """
    claim = _claim(source, at, actor, confidence)
    return update_many(updates=[(lead.pk, values)], claim=claim)[lead.pk]


@transaction.atomic
def update_many(*, updates: Sequence[tuple[int, Mapping[str, Any]]], claim: Claim) -> dict[int, list[str]]:
    """{lead id: fields that changed}; a constant number of statements. Unknown or merged leads are left out."""
    register_custom({key: value for _, values in updates for key, value in values.items()})
    rows = {lead_id: incoming(values) for lead_id, values in updates}
    leads = Lead.objects.filter(pk__in=rows, merged_into=None).select_related("company")
    people = {lead.pk: lead for lead in leads.order_by("pk").select_for_update(of=("self",))}
    owners = upserts.find(rows.values(), lock=False)
    directory = Directory(rows.values(), people.values(), typed=claim.typed)
    planned = {}
    for pk, person in people.items():
        row = _without_taken_address(rows[pk], person, owners, claim)
        planned[pk] = upserts.merge(person, row, claim, directory)
    _save_updates(planned, directory)
    return {pk: plan.changed for pk, plan in planned.items()}


def _save_updates(planned: Mapping[int, Planned], directory: Directory) -> None:
    changed = [plan.lead for plan in planned.values() if plan.lead and plan.changed]
    directory.save()
    upserts.update(changed)
    upserts.add_identities((pk, "email", plan.row.email) for pk, plan in planned.items())
    touch(lead.pk for lead in changed)
    _heed_history(planned.values())


def _heed_history(planned: Iterable[Planned]) -> None:
    """Somebody we knew has an address now: whatever they said about mail before is about this one."""
    opt_outs.heed_history(
        plan.lead.pk for plan in planned if plan.lead and plan.verdict != NEW and "email" in plan.changed
    )


def _without_taken_address(row: Incoming, lead: Lead, owners: Mapping[Any, Lead], claim: Claim) -> Incoming:
    owner = owners.get(("email", row.email))
    if owner is None or owner.pk == lead.pk:
        return row
    if claim.typed:
        raise AddressTaken(owner)
    return Incoming(row.values, "", row.external_id, row.created_at)


def register_custom(values: Mapping[str, Any], labels: Mapping[str, str] | None = None) -> dict[str, str]:
    """{key: type} of the own fields among these values; unknown ones are registered with the type of the value."""
    keys = [key.removeprefix("custom.") for key in values if key.startswith("custom.")]
    if not keys:
        return {}
    known = dict(CustomField.objects.filter(key__in=keys).values_list("key", "type"))
    fresh = {key: custom_type(values[f"custom.{key}"]) for key in keys if key not in known}
    register_fields({key: (_label(key, labels), kind) for key, kind in fresh.items()})
    return known | fresh


def _label(key: str, labels: Mapping[str, str] | None) -> str:
    return (labels or {}).get(key) or key.replace("_", " ").capitalize()


def register_fields(fields: Mapping[str, tuple[str, str]]) -> None:
    """{key: (label, type)}; a field that exists stays as it is."""
    rows = [
        CustomField(key=key, label=label[:100], type=kind) for key, (label, kind) in sorted(fields.items())
    ]
    CustomField.objects.bulk_create(rows, ignore_conflicts=True)


def _claim(source: str, at: datetime | None, actor: User | None, confidence: float) -> Claim:
    return Claim(str(source), at or timezone.now(), confidence, actor.pk if actor else None)


@transaction.atomic
def assign_owner(*, lead: Lead, owner: User | None, actor: User | None) -> bool:
    """True when the owner changed. `actor` is None for a rule of the house, such as routing."""
    owner_id = owner.pk if owner else None
    changed = Lead.objects.filter(pk=lead.pk).exclude(owner_id=owner_id).update(owner_id=owner_id)
    lead.owner = owner
    return bool(changed)


@transaction.atomic
def move_stage(
    *,
    lead: Lead,
    stage: str,
    reason: str,
    actor: User | None = None,
    model_version: int | None = None,
) -> bool:
    """Repeats on the lead what cycles and handoffs say, with who, when and why. True when it changed."""
    if not Lead.objects.filter(pk=lead.pk).exclude(stage=stage).update(stage=stage):
        return False
    StageChange.objects.create(
        lead_id=lead.pk, stage=stage, by=actor, reason=reason[:300], model_version=model_version
    )
    lead.stage = stage
    return True


@transaction.atomic
def disqualify(*, lead: Lead, actor: User | None, reason: str) -> bool:
    """Excludes the lead from scoring and campaigns. False when it already was; the first reason stays."""
    if not reason.strip():
        raise BadFields({"reason": "Say why, so that colleagues need not ask."})
    _, created = Disqualification.objects.get_or_create(
        lead=lead, defaults={"reason": reason[:200], "by": actor}
    )
    if created:
        move_stage(lead=lead, stage=Lead.Stage.DISQUALIFIED, reason=reason, actor=actor)
        touch([lead.pk])
        publish(LeadDisqualified(lead_id=lead.pk))
    return created


@transaction.atomic
def requalify(*, lead: Lead, actor: User | None, reason: str = "Taken back") -> bool:
    """Takes a disqualification back: the lead is scored again from where it stands."""
    deleted, _ = Disqualification.objects.filter(lead=lead).delete()
    if deleted:
        move_stage(lead=lead, stage=Lead.Stage.LEAD, reason=reason, actor=actor)
        touch([lead.pk])
    return bool(deleted)


def assign_many(*, leads: Iterable[Lead], owner: User | None, actor: User) -> int:
    """How many changed hands. Raises PermissionDenied for a rep, and for an owner who is not an active rep."""
    if actor.is_rep or (owner and not (owner.is_rep and owner.is_active)):
        raise PermissionDenied
    with transaction.atomic():
        return sum(assign_owner(lead=lead, owner=owner, actor=actor) for lead in leads)


def disqualify_many(*, leads: Iterable[Lead], actor: User, reason: str) -> int:
    """How many are newly disqualified. Raises PermissionDenied for a rep."""
    if actor.is_rep:
        raise PermissionDenied
    with transaction.atomic():
        return sum(disqualify(lead=lead, actor=actor, reason=reason) for lead in leads)
