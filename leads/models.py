"""Facts about people, companies and what they did."""

from __future__ import annotations

from typing import Any, ClassVar

import pghistory
import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex, GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce, Lower

from leads.kinds import Kind, describe
from leads.querysets import ActivityQuerySet, CompanyQuerySet, ImportQuerySet, LeadQuerySet


class Seniority(models.TextChoices):
    OWNER = "owner", "Owner or founder"
    C_LEVEL = "c_level", "C-level"
    VP = "vp", "Vice president"
    HEAD = "head", "Head"
    DIRECTOR = "director", "Director"
    MANAGER = "manager", "Manager"
    SENIOR = "senior", "Senior"
    STAFF = "staff", "Staff"
    ENTRY = "entry", "Entry or student"


class FieldSource(models.TextChoices):
    """Where a value came from. Machines never overwrite what a person typed."""

    TYPED = "typed", "Typed by a colleague"
    FORM = "form", "Form"
    API = "api", "API"
    IMPORT = "import", "Import"
    ENRICHED = "enriched", "Enrichment"


def track_in_bulk(model: type[models.Model]) -> type[models.Model]:
    """History by statement. A trigger per row asks for the context each time: 20,000 new leads took half a minute."""
    events = (pghistory.InsertEvent, pghistory.UpdateEvent, pghistory.DeleteEvent)
    return pghistory.track(*(event(level=pgtrigger.Statement) for event in events))(model)


@track_in_bulk
class Company(models.Model):
    """An organisation that leads work for; found by its domain or, without one, by its name."""

    name = models.CharField(max_length=200)
    domain = models.CharField(max_length=253, blank=True)
    industry = models.CharField(max_length=100, blank=True)
    employees = models.PositiveIntegerField(null=True, blank=True)
    revenue = models.BigIntegerField(null=True, blank=True, help_text="A year, in whole currency units.")
    country = models.CharField(max_length=100, blank=True)
    technologies = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    provenance = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "companies"
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("domain"), condition=~Q(domain=""), name="company_domain_unique"),
        ]
        indexes: ClassVar = [
            models.Index(Lower("name"), name="company_name_idx"),
            models.Index(fields=["name", "id"], name="company_list_idx"),
            GinIndex(
                OpClass(
                    Lower(
                        models.functions.Concat(
                            "name", models.Value(" "), "domain", output_field=models.TextField()
                        )
                    ),
                    name="gin_trgm_ops",
                ),
                name="company_search_idx",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.domain


@track_in_bulk
class Lead(models.Model):
    """One person we may sell to; anonymous until identified.

    `provenance` says of every field value where it came from: {field: {"source", "at", "confidence", "by"}}.
    `stage` repeats what cycles and handoffs say, for lists; only `services.move_stage` writes it.
    """

    class Stage(models.TextChoices):
        LEAD = "lead", "Lead"
        MQL = "mql", "MQL"
        SQL = "sql", "SQL"
        OPPORTUNITY = "opportunity", "Opportunity"
        CUSTOMER = "customer", "Customer"
        RECYCLED = "recycled", "Recycled"
        DISQUALIFIED = "disqualified", "Disqualified"

    email = models.EmailField("e-mail", max_length=254, null=True, blank=True)
    first_name = models.CharField(max_length=150, blank=True)
    last_name = models.CharField(max_length=150, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    title = models.CharField("job title", max_length=200, blank=True)
    seniority = models.CharField(max_length=16, choices=Seniority, blank=True)
    department = models.CharField(max_length=100, blank=True)
    country = models.CharField(max_length=100, blank=True)
    city = models.CharField(max_length=100, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)
    company = models.ForeignKey(Company, models.SET_NULL, null=True, blank=True, related_name="leads")
    source = models.CharField(max_length=100, blank=True)
    campaign = models.CharField(max_length=150, blank=True)
    custom = models.JSONField(default=dict, blank=True)
    provenance = models.JSONField(default=dict, blank=True)
    stage = models.CharField(max_length=16, choices=Stage, default=Stage.LEAD, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="leads"
    )
    merged_into = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, editable=False, related_name="merged"
    )
    created_at = models.DateTimeField(db_index=True)

    objects = LeadQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                Lower("email"),
                condition=Q(merged_into=None),
                name="lead_email_unique",
                violation_error_message="Another lead has this address.",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["owner", "-id"], name="lead_owner_idx"),
            models.Index(fields=["company"], name="lead_company_idx"),
            models.Index(fields=["stage", "-id"], name="lead_stage_idx"),
            models.Index(fields=["source", "-id"], name="lead_source_idx"),
            models.Index(fields=["country", "-id"], name="lead_country_idx"),
            models.Index(fields=["last_name", "first_name", "id"], name="lead_name_idx"),
            GinIndex(
                OpClass(
                    Lower(
                        models.functions.Concat(
                            Coalesce("email", models.Value("")),
                            models.Value(" "),
                            "first_name",
                            models.Value(" "),
                            "last_name",
                            output_field=models.TextField(),
                        )
                    ),
                    name="gin_trgm_ops",
                ),
                name="lead_search_idx",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """What we call this person: name, address, or a plain word for somebody unknown."""
        full = f"{self.first_name} {self.last_name}".strip()
        return full or self.email or f"Anonymous visitor {self.pk}"


class Pulse(models.Model):
    """When a lead was last active: narrow and often written, so apart from the wide lead row."""

    lead = models.OneToOneField(Lead, models.CASCADE, primary_key=True, related_name="pulse")
    last_active_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["-last_active_at", "-lead"], name="pulse_latest_idx")]


class Touch(models.Model):
    """A note that a lead must be looked at again; scoring deletes it in the transaction that looked.

    Inserted in the transaction that changed the lead, so no bell can be lost for good.
    """

    lead_id = models.BigIntegerField()
    at = models.DateTimeField(db_default=models.functions.Now())


class Identity(models.Model):
    """A name under which a person is known to machines."""

    class Kind(models.TextChoices):
        VISITOR = "visitor", "Visitor id"
        EMAIL = "email", "E-mail"
        PHONE = "phone", "Phone"
        EXTERNAL = "external", "External id"

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="identities")
    kind = models.CharField(max_length=8, choices=Kind)
    value = models.CharField(max_length=254, help_text="Addresses are in lower case.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "identities"
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "value"], name="identity_unique")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.value}"


class LeadMerge(models.Model):
    """Two leads turned out to be one person. Activities keep `subject_id`, so this can be undone."""

    winner = models.ForeignKey(Lead, models.CASCADE, related_name="merges_won")
    loser = models.OneToOneField(Lead, models.CASCADE, related_name="merge_lost")
    cause = models.CharField(max_length=200)
    moved = models.JSONField(default=dict, help_text="What the winner took over: identities, values.")
    at = models.DateTimeField(db_default=models.functions.Now())

    def __str__(self) -> str:
        return f"{self.loser_id} into {self.winner_id}"


@pghistory.track()
class CustomField(models.Model):
    """A field the company added, usable in rules, segments and prediction."""

    class Type(models.TextChoices):
        TEXT = "text", "Text"
        NUMBER = "number", "Number"
        BOOLEAN = "boolean", "Yes or no"
        DATE = "date", "Date"

    key = models.SlugField(max_length=60, unique=True)
    label = models.CharField(max_length=100)
    type = models.CharField(max_length=8, choices=Type, default=Type.TEXT)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.label


class ActivityShape(models.Model):
    """What is common to many activities: the kind and its low-cardinality properties.

    Rules are evaluated over shapes, never over activities. A machine's shape never scores.
    """

    id = models.AutoField(primary_key=True)  # four bytes: it stands in every activity and its index
    kind = models.CharField(max_length=70)
    props = models.JSONField(default=dict)
    machine = models.BooleanField(default=False)
    hash = models.BinaryField(max_length=16, unique=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.props}"

    @property
    def words(self) -> Kind:
        return describe(self.kind)


class Activity(models.Model):
    """One dated thing a lead did or we did to it; append-only, partitioned by month of `occurred_at`.

    `subject_id` is the lead at receipt and never changes; `lead` follows merges. No foreign keys in the database:
    checking two of them per row would slow the ingest, and no page deletes leads. The primary key is also the
    covering index that scoring reads: all facts of a lead in time order, without touching the table.
    """

    pk = models.CompositePrimaryKey("lead_id", "occurred_at", "id")
    id = models.BigIntegerField(editable=False)
    lead = models.ForeignKey(Lead, models.DO_NOTHING, related_name="activities", db_constraint=False)
    subject_id = models.BigIntegerField()
    shape = models.ForeignKey(ActivityShape, models.DO_NOTHING, related_name="+", db_constraint=False)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField(db_default=models.functions.Now())
    seconds = models.IntegerField(default=0)
    amount = models.BigIntegerField(default=0, help_text="In hundredths of the currency unit.")
    message_id = models.CharField(max_length=100, blank=True)
    props = models.JSONField(null=True)

    objects = ActivityQuerySet.as_manager()

    class Meta:
        managed = False  # partitioned; see migration 0002
        verbose_name_plural = "activities"

    def __str__(self) -> str:
        return f"{self.shape.kind} at {self.occurred_at}"


class MessageKey(models.Model):
    """Message ids already seen, hashed; one table for all months, so that a late duplicate is still one."""

    key = models.UUIDField(primary_key=True)
    received_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        # Rows lie in the order they came, so the small index finds the old ones; a tree would slow the ingest.
        indexes: ClassVar = [BrinIndex(fields=["received_at"], name="message_key_received_idx")]

    def __str__(self) -> str:
        return str(self.key)


@track_in_bulk
class Suppression(models.Model):
    """A reason never to mail an address. Outlives the lead; an import cannot lift it."""

    class Reason(models.TextChoices):
        UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
        BOUNCED = "bounced", "Bounced"
        COMPLAINED = "complained", "Complained"
        MANUAL = "manual", "Set by a colleague"

    address = models.EmailField(max_length=254, help_text="In lower case.")
    lead = models.ForeignKey(Lead, models.SET_NULL, null=True, blank=True, related_name="suppressions")
    reason = models.CharField(max_length=16, choices=Reason)
    detail = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(Lower("address"), name="suppression_unique")]

    def __str__(self) -> str:
        return f"{self.address}, {self.get_reason_display().lower()}"


@pghistory.track()
class Disqualification(models.Model):
    """Will never buy: excluded from scoring and campaigns until a colleague takes it back."""

    lead = models.OneToOneField(Lead, models.CASCADE, related_name="disqualification")
    reason = models.CharField(max_length=200)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(db_default=models.functions.Now())


class StageChange(models.Model):
    """Every stage a lead went through: who, when, why, and under which scoring version. Append-only."""

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="stage_changes")
    stage = models.CharField(max_length=16, choices=Lead.Stage)
    at = models.DateTimeField(db_default=models.functions.Now())
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=300, blank=True)
    model_version = models.PositiveIntegerField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["lead", "-at"], name="stage_change_idx")]


@pghistory.track()
class ReEntry(models.Model):
    """A lead is to enter a campaign from a day on. One floor asks, another does it; see docs/adr/0009."""

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="re_entries")
    campaign = models.PositiveBigIntegerField(help_text="The id of the campaign.")
    key = models.CharField(max_length=60, unique=True, help_text="Who asked; asking twice changes nothing.")
    reason = models.CharField(max_length=300)
    due_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    result = models.CharField(max_length=200, blank=True, help_text="What became of it, in words.")

    class Meta:
        verbose_name_plural = "re-entries"
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="re_entry_due_idx", condition=Q(settled_at=None)),
            models.Index(fields=["lead", "-due_at"], name="re_entry_lead_idx"),
        ]


class LeadOutcome(models.Model):
    """A result known from elsewhere, such as an import's outcome column; one a lead."""

    class Result(models.TextChoices):
        WON = "won", "Won"
        LOST = "lost", "Lost"

    lead = models.OneToOneField(Lead, models.CASCADE, related_name="outcome")
    result = models.CharField(max_length=4, choices=Result)
    source = models.CharField(max_length=100)
    recorded_at = models.DateTimeField(db_default=models.functions.Now())


@pghistory.track(exclude=["done_rows", "report"])
class Import(models.Model):
    """One file of leads: read, mapped, tried, then run in the background in resumable steps."""

    class State(models.TextChoices):
        DRAFT = "draft", "Mapping"
        CHECKING = "checking", "Checking"
        CHECKED = "checked", "Checked"
        CONFIRMED = "confirmed", "Waiting to run"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    name = models.CharField(max_length=200)
    file = models.FileField(upload_to="imports/")
    mapping = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    total_rows = models.PositiveIntegerField(default=0)
    done_rows = models.PositiveIntegerField(default=0)
    report = models.JSONField(default=dict, help_text="Counts, and the first bad rows.")
    error = models.CharField(max_length=300, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    claimed_until = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True)

    objects = ImportQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    @property
    def percent(self) -> int:
        return 100 * self.done_rows // self.total_rows if self.total_rows else 0


class BadRow(models.Model):
    """One row that could not go in: line, column and reason, in words."""

    run = models.ForeignKey(Import, models.CASCADE, related_name="bad_rows")
    line = models.PositiveIntegerField()
    column = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=300)


def no_value(value: Any) -> bool:
    """Blank means nobody answered; 0 and False are answers."""
    return value is None or value == "" or value == []
