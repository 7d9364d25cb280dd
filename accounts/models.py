"""Facts about users, teams, tokens and the organisation."""

from __future__ import annotations

import hashlib
import re
import zoneinfo
from typing import ClassVar

import pghistory
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower

from accounts.querysets import ApiTokenQuerySet, UserManager

SITE = re.compile(r"https?://(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?")


def validate_sites(value: str) -> None:
    """One origin a line, as browsers name them: no path, no slash at the end."""
    for line in value.splitlines():
        if line.strip() and not SITE.fullmatch(line.strip().lower()):
            raise ValidationError(
                f"{line.strip()!r} is not the address of a site. Write it as https://www.example.com, without a path."
            )


def validate_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"{name} is not a time zone. Use a name such as Europe/Oslo.")


@pghistory.track()
class Team(models.Model):
    """Reps who share a manager and, later, routing rules."""

    name = models.CharField(max_length=100, unique=True)

    def __str__(self) -> str:
        return self.name


@pghistory.track(exclude=["password", "last_login"])
class User(AbstractBaseUser, PermissionsMixin):
    """A colleague. The role decides what they see; the e-mail address is the name they sign in with."""

    class Role(models.TextChoices):
        MARKETER = "marketer", "Marketer"
        REP = "rep", "Sales rep"
        MANAGER = "manager", "Sales manager"
        ADMIN = "admin", "Admin"

    email = models.EmailField("e-mail address", max_length=254)
    name = models.CharField(max_length=150)
    role = models.CharField(max_length=16, choices=Role, default=Role.MARKETER)
    job_title = models.CharField(max_length=100, blank=True)
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="members")
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_zone])
    is_active = models.BooleanField(
        "active", default=True, help_text="Switch off instead of deleting: history stays."
    )
    date_joined = models.DateTimeField(auto_now_add=True)

    objects = UserManager()
    EMAIL_FIELD = USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar = ["name"]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_unique",
                violation_error_message="Somebody has this address already.",
            )
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def is_staff(self) -> bool:
        """Only admins enter Django admin."""
        return self.role == self.Role.ADMIN

    @property
    def is_rep(self) -> bool:
        return self.role == self.Role.REP

    @property
    def works_in_marketing(self) -> bool:
        return self.role in {self.Role.MARKETER, self.Role.ADMIN}

    @property
    def leads_sales(self) -> bool:
        return self.role in {self.Role.MANAGER, self.Role.ADMIN}

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """In Django admin the role decides: admins may, nobody else enters."""
        return self.is_active and self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_staff

    def get_short_name(self) -> str:
        return self.name.split()[0] if self.name.strip() else self.email


@pghistory.track(exclude=["last_used_at", "digest"])
class ApiToken(models.Model):
    """A secret for a machine, stored as a hash. Write keys only send events in; API tokens carry scopes."""

    class Kind(models.TextChoices):
        WRITE = "write", "Write key"
        API = "api", "API token"

    kind = models.CharField(max_length=8, choices=Kind)
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16, help_text="The visible beginning of the secret.")
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="tokens")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ApiTokenQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @staticmethod
    def digest_of(secret: str) -> bytes:
        """256 random bits need no slow hash."""
        return hashlib.sha256(secret.encode()).digest()


@pghistory.track()
class Organisation(models.Model):
    """The company that runs this installation; exactly one row."""

    name = models.CharField(max_length=150, default="Your company")
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_zone])
    postal_address = models.TextField(blank=True, help_text="Printed under every mail; the law asks for it.")
    sender_name = models.CharField(max_length=100, default="Tandem")
    sender_email = models.EmailField(default="tandem@localhost.localdomain")
    tracking_host = models.CharField(max_length=200, blank=True)
    sites = models.TextField(
        "web sites",
        blank=True,
        validators=[validate_sites],
        help_text="Whose pages may send events, one a line: https://www.example.com or https://*.example.com.",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="organisation_single"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def origins(self) -> list[str]:
        return [line.strip().lower() for line in self.sites.splitlines() if line.strip()]

    @classmethod
    def current(cls) -> Organisation:
        return cls.objects.get_or_create(pk=1)[0]


class Heartbeat(models.Model):
    """When a process last said that it lives: worker groups and beat."""

    name = models.CharField(max_length=64, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at}"


class IdempotencyKey(models.Model):
    """The answer to a POST that named itself, so that sending it again does nothing twice."""

    owner = models.CharField(max_length=40, help_text="token:<id> or user:<id>.")
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=models.functions.Now(), db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "key"], name="idempotency_key_unique")
        ]

    def __str__(self) -> str:
        return f"{self.key} of {self.owner}"
