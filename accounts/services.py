"""Verbs about tokens; the only code that makes or revokes them."""

import secrets

from django.utils import timezone

from accounts.models import ApiToken, User

SCOPES = {
    "leads:read": "Read leads, companies and activities",
    "leads:write": "Create and change leads, add activities",
    "scores:read": "Read scores and their explanation",
    "handoffs:read": "Read handoffs",
    "handoffs:write": "Hand off, accept and reject",
    "opportunities:read": "Read deals and the stages of the pipeline",
    "opportunities:write": "Open, move, win, lose and reopen deals",
}
MOST_NAME = 100  # characters, as the column has it
PREFIXES = {ApiToken.Kind.WRITE: "twk_", ApiToken.Kind.API: "tat_"}


class UnknownScope(ValueError):
    """Names the scope nobody defined, or says that a key of this kind has none."""


class BadName(ValueError):
    """A token must have a name by which somebody can tell it from others."""


def create_token(
    *, kind: str, name: str, scopes: list[str] | None = None, actor: User | None = None
) -> tuple[ApiToken, str]:
    """The row, and the secret that is shown this once only.

    API tokens act as `actor`; without one they see what an admin sees. Raises BadName, UnknownScope.
    """
    name = checked_name(name)
    check_scopes(kind, scopes or [])
    secret = PREFIXES[ApiToken.Kind(kind)] + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        kind=kind,
        name=name,
        prefix=secret[:10],
        digest=ApiToken.digest_of(secret),
        scopes=sorted(scopes or ([] if kind == ApiToken.Kind.WRITE else SCOPES)),
        created_by=actor,
    )
    return token, secret


def checked_name(name: str) -> str:
    name = name.strip()
    if not name:
        raise BadName("Give the key a name, so that people can tell it from others.")
    if not name.isprintable():
        raise BadName("The name holds characters that cannot be shown.")
    if len(name) > MOST_NAME:
        raise BadName(f"The name has {len(name):,} characters; at most {MOST_NAME} fit.")
    return name


def check_scopes(kind: str, scopes: list[str]) -> None:
    unknown = set(scopes) - set(SCOPES)
    if unknown:
        raise UnknownScope(f"Unknown scope: {', '.join(sorted(unknown))}. Known: {', '.join(SCOPES)}.")
    if scopes and kind == ApiToken.Kind.WRITE:
        raise UnknownScope("A write key has no scopes: it sends events in and does nothing else.")


def revoke_token(*, token: ApiToken) -> None:
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
