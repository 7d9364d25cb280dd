"""Questions about people and tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.contrib.auth.base_user import BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils import timezone

if TYPE_CHECKING:
    from accounts.models import User


class UserQuerySet(models.QuerySet["User"]):
    def reps(self) -> Self:
        """Active people who can be handed a lead."""
        return self.filter(role="rep", is_active=True)

    def visible_to(self, user: User) -> Self:
        """Colleagues are no secret inside one company."""
        return self if user.is_active else self.none()


class UserManager(BaseUserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Creates users by e-mail; addresses are compared without case."""

    use_in_migrations = False

    def get_by_natural_key(self, email: str) -> User:
        return self.get(email__iexact=email)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, role="admin", is_superuser=True, **fields)


class ApiTokenQuerySet(models.QuerySet):
    def usable(self) -> Self:
        """Neither revoked nor past its expiry."""
        return self.filter(
            Q(expires_at=None) | Q(expires_at__gt=timezone.now()), revoked_at=None, created_by__is_active=True
        ) | self.filter(
            Q(expires_at=None) | Q(expires_at__gt=timezone.now()), revoked_at=None, created_by=None
        )
