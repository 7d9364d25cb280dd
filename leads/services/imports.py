"""Verbs about imports: upload, map, check, confirm, run in steps that survive a killed worker."""

from __future__ import annotations

import time
from collections.abc import Mapping as MappingABC
from collections.abc import Sequence
from datetime import timedelta
from typing import IO, Any

from django.core.files.base import File
from django.db import DataError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from leads.events import ImportConfirmed, publish
from leads.importing import mapping as mappings
from leads.importing import presets, reading
from leads.importing.mapping import BadMapping, Mapping
from leads.importing.reading import Sheet, UnreadableFile
from leads.importing.rows import Row
from leads.importing.types import Survey
from leads.merging import Claim
from leads.models import BadRow, Consent, Import, Suppression
from leads.services import bulk, consents
from leads.services.consent import suppress_many
from leads.services.import_jobs import Bad, Job, Step, Tally, dry_run, verdicts
from leads.services.people import register_fields, upsert_many
from leads.services.upserts import Memory, Planned

State = Import.State
WAITING = (State.CHECKING, State.CONFIRMED, State.RUNNING)
LEASE = timedelta(seconds=120)  # a step takes about one; a silent worker is dead after this
BUDGET = 200.0  # seconds a task works before it hands on; the worker's limit is 270
MOST_STARTS = 5  # without finishing a step in between
CHECK_AT_ONCE = 5_000  # rows; a larger file is checked in the background


class WrongState(ValueError):
    """The import is not where this verb applies; says where it is."""


def create_import(*, name: str, file: File, actor: User | None) -> Import:
    """Keeps the file, looks at it and proposes a mapping; nothing is imported. Raises UnreadableFile."""
    run = Import(name=name[:200], created_by=actor)
    run.file.save(name[-100:], file, save=False)
    try:
        sheet = reading.examine(lambda: open_file(run))
        run.mapping = proposal(sheet)
    except UnreadableFile:
        run.file.delete(save=False)
        raise
    run.save()
    return run


def open_file(run: Import) -> IO[bytes]:
    return run.file.storage.open(str(run.file.name), "rb")


def sheet_of(run: Import) -> Sheet:
    return Sheet.from_data(run.mapping["sheet"])


def mapping_of(run: Import) -> Mapping:
    """Raises BadMapping."""
    return mapping_from(run.mapping, sheet_of(run))


def mapping_from(data: MappingABC[str, Any], sheet: Sheet) -> Mapping:
    return mappings.build(data, sheet.columns, presets.PRESETS.get(data.get("preset", "")))


def claim_of(run: Import) -> Claim:
    """What the file says is true from the moment it was uploaded."""
    return Claim("import", run.created_at, by=run.created_by_id)


def set_mapping(
    *, run: Import, columns: MappingABC[str, Any], outcome: MappingABC[str, Any] | None = None
) -> None:
    """Keeps the mapping and checks the file: at once when it is small, else in the background.

    Raises BadMapping, WrongState; the import stays as it was.
    """
    if run.state not in (State.DRAFT, State.CHECKED):
        raise WrongState(
            f"This import is {run.get_state_display().lower()}; its columns can no longer change."
        )
    data = run.mapping | {"columns": dict(columns), "outcome": outcome, "types": None}
    mapping_from(data, sheet_of(run))
    run.mapping, run.state, run.report, run.error = data, State.CHECKING, {}, ""
    with transaction.atomic():
        run.save()
        if run.file.size > CHECK_AT_ONCE * 100:  # bytes; about so many rows
            publish(ImportConfirmed(import_id=run.pk))
            return
    check(run)


def check(run: Import) -> None:
    """The dry run; its findings stand in the report."""
    BadRow.objects.filter(run=run).delete()
    try:
        job = _job(run)
        tally = dry_run(job, claim_of(run), lambda bad: keep_bad(run, bad))
    except UnreadableFile as error:
        _fail(run, str(error))
        return
    run.mapping |= {"types": job.survey.types, "orders": job.survey.orders, "rows": job.survey.rows}
    run.total_rows, run.report, run.state, run.claimed_until = (
        job.survey.rows,
        tally.to_data(),
        State.CHECKED,
        None,
    )
    run.save()


def _job(run: Import) -> Job:
    data = run.mapping
    found = Survey(data["types"], data["orders"], data["rows"]) if data.get("types") is not None else None
    return Job(lambda: open_file(run), sheet_of(run), mapping_of(run), found)


@transaction.atomic
def confirm(*, run: Import) -> None:
    """Puts a checked import in the queue. Raises WrongState, also for a second click."""
    moved = Import.objects.filter(pk=run.pk, state=State.CHECKED).update(
        state=State.CONFIRMED, report={}, done_rows=0, claimed_until=None
    )
    if not moved:
        run.refresh_from_db()
        raise WrongState(f"This import is {run.get_state_display().lower()} already.")
    BadRow.objects.filter(run=run).delete()
    publish(ImportConfirmed(import_id=run.pk))


@transaction.atomic
def discard(*, run: Import) -> None:
    """Forgets a file that was not imported. Raises WrongState."""
    found = (
        Import.objects.select_for_update().filter(pk=run.pk, state__in=(State.DRAFT, State.CHECKED)).first()
    )
    if found is None:
        raise WrongState("Only a file that is not imported yet can be discarded.")
    name, storage = str(found.file.name), found.file.storage
    found.delete()
    transaction.on_commit(lambda: storage.delete(name), robust=True)


def waiting() -> list[int]:
    """Imports that nobody works on: the bell was lost, or the worker died."""
    free = Q(claimed_until=None) | Q(claimed_until__lt=Now())
    return list(
        Import.objects.filter(free, state__in=WAITING).order_by("pk").values_list("pk", flat=True)[:20]
    )


def work_on(import_id: int, budget: float = BUDGET) -> bool:
    """Checks or runs an import for up to `budget` seconds. True when there is more to do. Safe to call twice."""
    run = _take(import_id)
    if run is None:
        return False
    try:
        return _work(run, budget)
    except (UnreadableFile, BadMapping) as error:
        _fail(run, str(error))
    except FileNotFoundError:
        _fail(run, "The file is no longer there. Upload it again.")
    return False


def _work(run: Import, budget: float) -> bool:
    if run.state == State.CHECKING:
        check(run)
        return False
    return run_steps(run, until=time.monotonic() + budget)


def _take(import_id: int) -> Import | None:
    """The lease: of two workers one gets the import."""
    free = Q(claimed_until=None) | Q(claimed_until__lt=Now())
    with transaction.atomic():
        run = (
            Import.objects.select_for_update(skip_locked=True)
            .filter(free, pk=import_id, state__in=WAITING)
            .first()
        )
        if run is None:
            return None
        starts = run.report.get("starts", 0) + 1
        if starts > MOST_STARTS:
            _fail(run, f"Stopped {MOST_STARTS} times after row {run.done_rows}. The rows before it are in.")
            return None
        run.report["starts"] = starts
        run.state = State.RUNNING if run.state == State.CONFIRMED else run.state
        Import.objects.filter(pk=run.pk).update(
            state=run.state, report=run.report, claimed_until=Now() + LEASE
        )
        return run


def run_steps(run: Import, until: float) -> bool:
    """Imports from where the last step ended. True when time ran out before the file did."""
    job, memory = _job(run), Memory()
    register_fields(job.new_fields())
    for step in job.steps(skip=run.done_rows, memory=memory):
        if not import_step(run, step, claim_of(run), memory):
            return False  # somebody else took over
        if time.monotonic() > until:
            Import.objects.filter(pk=run.pk).update(claimed_until=None)
            return True
    Import.objects.filter(pk=run.pk, state=State.RUNNING).update(
        state=State.DONE, finished_at=Now(), claimed_until=None, total_rows=run.done_rows
    )
    return False


@transaction.atomic
def import_step(run: Import, step: Step, claim: Claim, memory: Memory) -> bool:
    """One step and its place in the file, saved together: a killed worker repeats nothing and loses nothing."""
    locked = Import.objects.select_for_update().get(pk=run.pk)
    if locked.done_rows != step.start or locked.state != State.RUNNING:
        return False
    tally = Tally.from_data(locked.report)
    planned, refused = put(step.rows, claim, memory)
    names = verdicts([row for row, _ in planned], [plan for _, plan in planned])
    for (row, plan), verdict in zip(planned, names, strict=True):
        tally.add(row, plan, verdict)
    _keep_outcomes(planned, run.name)
    _keep_opt_outs(planned, run.name)
    _keep_basis(planned, run)
    keep_bad(run, [*step.bad, *refused])
    tally.counts["bad"] += len(step.bad) + len(refused)
    run.done_rows, run.report = step.start + step.size, tally.to_data()
    Import.objects.filter(pk=run.pk).update(
        done_rows=run.done_rows, report=run.report, claimed_until=Now() + LEASE
    )
    return True


def put(rows: Sequence[Row], claim: Claim, memory: Memory) -> tuple[list[tuple[Row, Planned]], list[Bad]]:
    """Saves rows; one that the database refuses is found by halving, and listed."""
    try:
        with transaction.atomic():
            planned = upsert_many(rows=[row.person for row in rows], claim=claim, memory=memory)
        return list(zip(rows, planned, strict=True)), []
    except DataError:
        if len(rows) == 1:
            return [], [Bad(rows[0].line, "", "The database cannot store this row.")]
    half = len(rows) // 2
    (first, bad), (second, more) = put(rows[:half], claim, memory), put(rows[half:], claim, memory)
    return first + second, bad + more


def _keep_outcomes(planned: Sequence[tuple[Row, Planned]], name: str) -> None:
    results = {plan.lead.pk: row.outcome for row, plan in planned if plan.lead and row.outcome}
    if results:
        bulk.insert_rows(
            "leads_leadoutcome",
            {"lead_id": "bigint", "result": "text", "source": "text"},
            [(pk, result, name[:100]) for pk, result in results.items()],
            "ON CONFLICT (lead_id) DO UPDATE SET result = excluded.result, source = excluded.source,"
            " recorded_at = now() WHERE leads_leadoutcome.result <> excluded.result",
        )


def _keep_opt_outs(planned: Sequence[tuple[Row, Planned]], name: str) -> None:
    addresses = {row.person.email: plan.lead.pk for row, plan in planned if plan.lead and row.opted_out}
    addresses.pop("", None)
    if addresses:
        suppress_many(
            addresses=addresses,
            reason=Suppression.Reason.UNSUBSCRIBED,
            detail=f"Marked so in the file {name}",
            origin=consents.Origin(Consent.Source.IMPORT),
        )


def _keep_basis(planned: Sequence[tuple[Row, Planned]], run: Import) -> None:
    """Whom the file brings may be mailed until they object, and the record says on which ground."""
    consents.record_basis(
        lead_ids=[plan.lead.pk for _, plan in planned if plan.lead],
        basis=Consent.Basis.INTEREST,
        wording=f"Imported with the file {run.name}.",
        source=Consent.Source.IMPORT,
        evidence={"import": run.pk},
    )


def keep_bad(run: Import, bad: Sequence[Bad]) -> None:
    BadRow.objects.bulk_create(
        [BadRow(run=run, line=b.line, column=b.column[:200], reason=b.reason[:300]) for b in bad],
        batch_size=5000,
    )


def _fail(run: Import, words: str) -> None:
    run.state, run.error = State.FAILED, words[:300]
    Import.objects.filter(pk=run.pk).update(
        state=run.state, error=run.error, claimed_until=None, finished_at=Now()
    )


def import_here(*, name: str, file: File, mapping: MappingABC[str, Any] | None, preset: str | None) -> Import:
    """The command's way: reads, maps and imports in this process; a killed one is resumed by the sweep.

    Raises UnreadableFile, BadMapping.
    """
    run = create_import(name=name, file=file, actor=None)
    try:
        run.mapping = proposal(sheet_of(run), mapping, preset)
        job = _job(run)
    except (BadMapping, UnreadableFile):
        discard(run=run)
        raise
    run.mapping |= {"types": job.survey.types, "orders": job.survey.orders, "rows": job.survey.rows}
    run.total_rows, run.state, run.claimed_until = job.survey.rows, State.RUNNING, timezone.now() + LEASE
    run.save()
    run_steps(run, until=float("inf"))
    run.refresh_from_db()
    return run


def proposal(
    sheet: Sheet, mapping: MappingABC[str, Any] | None = None, preset: str | None = None
) -> dict[str, Any]:
    """What stands in `Import.mapping`, from a mapping file, a preset's name, or what the header looks like.

    Raises BadMapping, and UnreadableFile for a file of something else than people.
    """
    if mapping is not None:
        mappings.build(mapping, sheet.columns)
        return {**mapping, "sheet": sheet.to_data(), "preset": ""}
    chosen = presets.PRESETS.get(preset) if preset else presets.detect(sheet.columns)
    if chosen is None:
        raise BadMapping(f"There is no preset {preset}. Known: {', '.join(presets.PRESETS)}.")
    if chosen.refuse:
        raise UnreadableFile(chosen.refuse)
    columns = presets.guess(sheet.columns, chosen)
    return {"sheet": sheet.to_data(), "preset": chosen.key, "columns": columns}
