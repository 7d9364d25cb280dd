"""Forms of ours: what they ask, what people sent, and what they get for it."""

from __future__ import annotations

import uuid
from typing import ClassVar

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from leads.models.people import Lead


@pghistory.track()
class Asset(models.Model):
    """Something that people get for a form: a file, or an address elsewhere. Reached by signed links that expire."""

    name = models.CharField(max_length=150, unique=True, help_text="As activities name it.")
    url = models.URLField("address", max_length=500, blank=True)
    file = models.FileField(upload_to="assets/", blank=True)
    days = models.PositiveSmallIntegerField("days a link lasts", default=14)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(url="") ^ ~Q(file=""), name="asset_file_or_url")
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class CaptureForm(models.Model):
    """A form, with the draft that is being written. What visitors see is its newest version."""

    name = models.CharField(max_length=150)
    slug = models.SlugField("address", max_length=60, unique=True, help_text="The end of its address.")
    draft = models.JSONField(default=dict)
    published = models.PositiveIntegerField(
        default=0, help_text="Number of the version in force; 0 for none."
    )
    open = models.BooleanField(default=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())

    def __str__(self) -> str:
        return self.name


class FormVersion(models.Model):
    """What was asked and in which words; never changes, because submissions name it."""

    form = models.ForeignKey(CaptureForm, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    definition = models.JSONField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["form", "number"], name="form_version_unique")
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="fixed_form_version", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.form}, version {self.number}"


class Submission(models.Model):
    """What somebody sent, as it came, and what became of it. Read anew when a mapping is mended."""

    class State(models.TextChoices):
        TAKEN = "taken", "Taken in"
        REFUSED = "refused", "Not readable"
        FAILED = "failed", "To be read again"
        SPAM = "spam", "Machine"

    key = models.UUIDField(default=uuid.uuid4, unique=True, help_text="Sent twice, it is kept once.")
    form = models.ForeignKey(CaptureForm, models.PROTECT, related_name="submissions")
    version = models.ForeignKey(FormVersion, models.PROTECT, related_name="submissions")
    state = models.CharField(max_length=8, choices=State)
    lead = models.ForeignKey(Lead, models.CASCADE, null=True, related_name="submissions")
    raw = models.JSONField(help_text="Everything that was sent.")
    shown = models.JSONField(null=True, help_text="The questions that were shown; empty for a foreign form.")
    context = models.JSONField(default=dict, help_text="Page, campaign, language, visitor.")
    taken = models.JSONField(default=dict, help_text="The fields that were read from it.")
    dropped = models.JSONField(default=dict, help_text="What was not, and why.")
    ip = models.GenericIPAddressField(null=True)
    at = models.DateTimeField(db_default=models.functions.Now())
    read_at = models.DateTimeField(null=True, help_text="When it was last read.")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["form", "-id"], name="submission_newest_idx"),
            models.Index(fields=["form", "state", "-id"], name="submission_state_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.form} on {self.at:%-d %b %Y}"
