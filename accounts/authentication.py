"""Bearer tokens for the REST API, and the scope each view asks for."""

from datetime import timedelta
from typing import Any

import pghistory
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.models import ApiToken, User

USED_EVERY = timedelta(minutes=5)  # writing last_used_at on every call would cost more than the call


class TokenUser(AnonymousUser):
    """A token that nobody owns any more sees what an admin sees, within its scopes."""

    role = User.Role.ADMIN
    is_active = True  # type: ignore[assignment]
    is_authenticated = True  # type: ignore[assignment]
    is_rep = False
    works_in_marketing = leads_sales = True
    name = "API token"


class BearerToken(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Any, ApiToken] | None:
        scheme, _, secret = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = find_token(kind=ApiToken.Kind.API, secret=secret.strip())
        if token is None:
            raise AuthenticationFailed("This token is unknown, expired or revoked.")
        pghistory.context(token=f"API token {token}")  # the audit names the machine beside its owner
        return token.created_by or TokenUser(), token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class HasScope(BasePermission):
    """A view names `read_scope` and `write_scope`; people signed in with a session need no scope."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user or not request.user.is_authenticated:
            return False
        if not isinstance(request.auth, ApiToken):
            return True
        safe = request.method in {"GET", "HEAD", "OPTIONS"}
        scope = getattr(view, "read_scope" if safe else "write_scope", None)
        self.message = f"This token lacks the scope {scope}."
        return scope is not None and scope in request.auth.scopes


class BearerTokenScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.authentication.BearerToken"
    name = "bearerToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


def find_token(*, kind: str, secret: str) -> ApiToken | None:
    """The usable token with this secret, marked as used; None for any other."""
    token = (
        ApiToken.objects.usable()
        .select_related("created_by")
        .filter(kind=kind, digest=ApiToken.digest_of(secret))
        .first()
    )
    if token and (token.last_used_at is None or token.last_used_at < timezone.now() - USED_EVERY):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=timezone.now())
    return token
