"""Machines that call the REST API: `api_with(*scopes, actor=None)` makes one with a token of its own."""

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts.models import ApiToken, User
from accounts.services import create_token


class Api(Client):
    """Bodies are JSON both ways."""

    def __init__(self, secret: str) -> None:
        super().__init__(HTTP_AUTHORIZATION=f"Bearer {secret}")

    def post(self, path: str, data: Any = None, **headers: Any) -> HttpResponse:
        return super().post(path, data or {}, content_type="application/json", **headers)

    def patch(self, path: str, data: Any, **headers: Any) -> HttpResponse:
        return super().patch(path, data, content_type="application/json", **headers)


@pytest.fixture
def api_with(db: None) -> Callable[..., Api]:
    def make(*scopes: str, actor: User | None = None) -> Api:
        return Api(create_token(kind=ApiToken.Kind.API, name="CRM", scopes=list(scopes), actor=actor)[1])

    return make
