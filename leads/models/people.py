"""People, the companies they work for, and the names under which machines know them."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce, Lower

from leads.models.values import track_in_bulk
from leads.querysets import CompanyQuerySet, LeadQuerySet


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
    language = models.CharField(
        max_length=8, blank=True, db_default="", help_text="Such as en or de; blank when not known."
    )
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
    erased_at = models.DateTimeField(
        null=True, editable=False, help_text="From then on a blank row that only counts."
    )

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


@pghistory.track(exclude=["moved"])
class LeadMerge(models.Model):
    """Two leads turned out to be one person. Activities keep `subject_id`, so this can be undone.

    `moved` holds what each part noted when it moved its rows, and the values the winner had before.
    """

    winner = models.ForeignKey(Lead, models.CASCADE, related_name="merges_won")
    loser = models.OneToOneField(Lead, models.CASCADE, related_name="merge_lost")
    cause = models.CharField(max_length=200)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        help_text="Empty when a message named both.",
    )
    moved = models.JSONField(default=dict, help_text="What each app moved, and the values before.")
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
