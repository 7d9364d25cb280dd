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
PREFIXES = {ApiToken.Kind.WRITE: "twk_", ApiToken.Kind.API: "tat_"}


class UnknownScope(ValueError):
    """Names the scope nobody defined."""


def create_token(
    *, kind: str, name: str, scopes: list[str] | None = None, actor: User | None = None
) -> tuple[ApiToken, str]:
    """The row, and the secret that is shown this once only.

    API tokens act as `actor`; without one they see what an admin sees. Raises UnknownScope.
    """
    unknown = set(scopes or []) - set(SCOPES)
    if unknown:
        raise UnknownScope(f"Unknown scope: {', '.join(sorted(unknown))}. Known: {', '.join(SCOPES)}.")
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


def revoke_token(*, token: ApiToken) -> None:
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
