"""Whom we may mail about what: suppressions, topics, and the record of what each person agreed to."""

from __future__ import annotations

from typing import ClassVar

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from leads.models.confirmations import Confirmation
from leads.models.people import Lead
from leads.models.values import track_in_bulk


@track_in_bulk
class Suppression(models.Model):
    """A reason never to mail an address. Outlives the lead; an import cannot lift it."""

    class Reason(models.TextChoices):
        UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
        BOUNCED = "bounced", "Bounced"
        COMPLAINED = "complained", "Complained"
        MANUAL = "manual", "Set by a colleague"
        ERASED = "erased", "Belonged to somebody who was erased"

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
class Topic(models.Model):
    """What somebody may ask for or refuse by itself: product news, events, guides."""

    name = models.CharField(max_length=80, unique=True)
    description = models.CharField(
        max_length=200, blank=True, help_text="What comes and how often, in the reader's words."
    )
    public = models.BooleanField(
        "on the preference page", default=True, help_text="People may switch it on and off themselves."
    )
    opt_in = models.BooleanField(
        "only for those who asked",
        default=False,
        help_text="Otherwise everybody we may mail gets it until they switch it off.",
    )
    confirm = models.BooleanField(
        "ask to confirm",
        default=False,
        help_text="Who asks for it on a form gets a mail first; it counts once they confirm there.",
    )
    position = models.PositiveSmallIntegerField(default=0, help_text="Lower ones stand first.")

    class Meta:
        ordering: ClassVar = ["position", "name"]

    def __str__(self) -> str:
        return self.name


def _append_only() -> pgtrigger.Trigger:
    """Nothing is changed or deleted; a merge alone moves an entry to the lead that has the history now."""
    return pgtrigger.Trigger(
        name="append_only_consent",
        when=pgtrigger.Before,
        operation=pgtrigger.Update | pgtrigger.Delete,
        func=(
            "IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'lead_id' = to_jsonb(OLD) - 'lead_id' THEN RETURN NEW; END IF;"
            " RAISE EXCEPTION 'the record of consents is append-only' USING ERRCODE = 'restrict_violation';"
        ),
    )


class Consent(models.Model):
    """One thing a person, or somebody for them, said about being contacted, in the very words. Append-only.

    Without a topic it speaks of everything on that channel. What holds now is derived by leads.consents.
    """

    class State(models.TextChoices):
        ASKED = "asked", "Asked for, to be confirmed"
        GIVEN = "given", "Agreed"
        WITHDRAWN = "withdrawn", "Withdrawn"
        PAUSED = "paused", "Paused"
        RESUMED = "resumed", "Pause ended"

    class Basis(models.TextChoices):
        CONSENT = "consent", "Consent"
        CUSTOMER = "customer", "Existing customer"
        INTEREST = "interest", "Legitimate interest"
        CONTRACT = "contract", "Contract"

    class Channel(models.TextChoices):
        EMAIL = "email", "E-mail"
        PHONE = "phone", "Phone"
        ADS = "ads", "Advertising"

    class Source(models.TextChoices):
        FORM = "form", "Form"
        IMPORT = "import", "Import"
        API = "api", "API"
        PREFERENCES = "preferences", "Preference page"
        MAIL = "mail", "Mail program"
        PERSON = "person", "Colleague"
        UPGRADE = "upgrade", "Taken over at an upgrade"

    lead = models.ForeignKey(Lead, models.PROTECT, related_name="consents")
    subject_id = models.BigIntegerField(help_text="The lead at the time; `lead` follows merges.")
    address = models.EmailField(max_length=254, blank=True, help_text="In lower case, as it was then.")
    topic = models.ForeignKey(Topic, models.PROTECT, null=True, related_name="consents")
    channel = models.CharField(max_length=8, choices=Channel, default=Channel.EMAIL)
    state = models.CharField(max_length=10, choices=State)
    basis = models.CharField(max_length=10, choices=Basis, blank=True)
    wording = models.TextField(help_text="What the person read or said, word for word.")
    version = models.CharField(max_length=60, blank=True, help_text="Which version of that wording.")
    source = models.CharField(max_length=12, choices=Source)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    ip = models.GenericIPAddressField(null=True)
    confirmation = models.ForeignKey(
        Confirmation,
        models.PROTECT,
        null=True,
        related_name="consents",
        help_text="The mail that asked whether they meant it.",
    )
    evidence = models.JSONField(
        default=dict, help_text="Which mail, form, file or confirmation; with its times."
    )
    at = models.DateTimeField(db_default=models.functions.Now())
    expires_at = models.DateTimeField(null=True, help_text="From then on it no longer counts.")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="given") & ~Q(basis="") | ~Q(state="given") & Q(basis=""),
                name="consent_given_has_basis",
            ),
            models.CheckConstraint(
                condition=~Q(state="paused") | Q(expires_at__isnull=False), name="consent_pause_ends"
            ),
            models.CheckConstraint(
                condition=~Q(state="asked") | Q(confirmation__isnull=False), name="consent_asked_is_by_mail"
            ),
            models.CheckConstraint(condition=~Q(wording=""), name="consent_has_wording"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["lead", "topic", "channel", "-at", "-id"], name="consent_newest_idx"),
            # The gates ask these of every lead, and hardly any lead has one.
            models.Index(
                fields=["lead"],
                name="consent_refusal_idx",
                condition=Q(topic=None) & (Q(state__in=["withdrawn", "asked"]) | Q(expires_at__isnull=False)),
            ),
            models.Index(fields=["lead"], name="consent_pause_idx", condition=Q(state="paused")),
        ]
        triggers: ClassVar = [_append_only()]

    def __str__(self) -> str:
        return f"{self.get_state_display()} on {self.at:%-d %b %Y}: {self.topic or 'everything'}"
