"""Who may do what: every address, every method, everybody. `matrix.txt` is the promise, and this its proof.

A route without a row fails, and so does a row without a route. After a change of addresses or permissions:
`python3 manage.py test tests/permissions --write-matrix`, then read the difference before you commit it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client

from accounts.models import ApiToken, User
from tests.permissions.routes import Route, all_routes
from tests.permissions.world import address, build

pytestmark = pytest.mark.django_db
FILE = Path(__file__).with_name("matrix.txt")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ACTORS = ("anonymous", "marketer", "rep", "stranger", "manager", "admin")
REFUSALS = ("login", "400", "401", "403", "404", "405", "415")
OWN = (
    "django_session",
    "accounts_apitoken",
    "account_emailaddress",
)  # a visit leaves its mark on the visitor's own
WRITES = (
    "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_xact_user_tables"
    " WHERE relname <> ALL(%s)"
)


@pytest.fixture
def people(mara, rita, otto, max, ada) -> dict[str, User]:
    return {"marketer": mara, "rep": rita, "stranger": otto, "manager": max, "admin": ada}


@pytest.fixture
def clients(people, client_of) -> dict[str, Client]:
    return {"anonymous": Client()} | {name: client_of(user) for name, user in people.items()}


@pytest.fixture
def machines(people, api_with) -> dict[str, Client]:
    """Tokens with every scope, each made by one of the people and so no mightier than they."""
    return {"anonymous": Client()} | {name: api_with(actor=user) for name, user in people.items()}


@pytest.fixture
def world(mara, rita) -> dict[str, Any]:
    return build(mara, rita)


def test_every_route_answers_everybody_as_promised_and_a_refusal_writes_nothing(
    clients, machines, world, request
):
    found, wrote = {}, []
    for route in ours():
        path = address(route, world)
        asking = machines if route.is_api else clients
        for method in METHODS if route.is_api else ("GET", "POST"):
            answers = []
            for name in ACTORS:
                answer, writes = _ask(asking[name], method, path)
                answers.append(answer)
                wrote += [f"{name} {method} {path}: {answer}"] if writes and answer in REFUSALS else []
            found[f"{route.name} {method}"] = answers

    if request.config.getoption("--write-matrix"):
        _write(found)
    assert not wrote, "Refused, and yet something was written:\n" + "\n".join(wrote)
    assert _lines(found) == FILE.read_text().splitlines()


def test_pages_know_no_other_methods(clients, world):
    """One asks for all: the method is looked at before the person, or after; nothing is ever done."""
    done = [
        f"{method} {path}: {answer}"
        for route in ours()
        if not route.is_api
        for path in [address(route, world)]
        for method in ("PUT", "PATCH", "DELETE")
        for answer, writes in [_ask(clients["admin"], method, path)]
        if answer not in REFUSALS or writes
    ]

    assert not done


def test_the_admin_belongs_to_admins(clients, world):
    from django.contrib import admin

    let_in = []
    for model in admin.site._registry:
        base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        for path in (base, f"{base}add/", f"{base}1/change/", f"{base}1/delete/"):
            for name in ACTORS[:-1]:
                for method in ("GET", "POST"):
                    answer, writes = _ask(clients[name], method, path)
                    let_in += (
                        [f"{name} {method} {path}: {answer}"] if answer not in REFUSALS or writes else []
                    )

    assert not let_in
    assert _ask(clients["admin"], "GET", "/admin/")[0] == "200"


def test_a_token_without_scopes_is_refused_everywhere(world, api_with):
    api = api_with("leads:read")
    ApiToken.objects.update(scopes=[])

    let_in = [
        f"{method} {path}: {answer}"
        for route in ours()
        if route.is_api
        for path in [address(route, world)]
        for method in METHODS
        for answer, writes in [_ask(api, method, path)]
        if answer not in ("401", "403", "405") or writes
    ]

    assert not let_in


def ours() -> list[Route]:
    """All but the admin, which has a test of its own, and allauth's pages, where everybody minds their own account."""
    return [route for route in all_routes() if not route.name.startswith(("admin:", "account_", "mfa_"))]


def _ask(client: Client, method: str, path: str) -> tuple[str, bool]:
    """The answer in a word, and whether anything was written. What was written is taken back."""
    with transaction.atomic():
        before, signed_in = _writes(), client.cookies.copy()
        answer = client.generic(method, path)
        words = "either" if path == "/healthz" and method == "GET" else _words(answer)
        wrote = _writes() > before
        client.cookies = signed_in
        transaction.set_rollback(True)
    return words, wrote


def _words(answer: HttpResponse) -> str:
    place = answer.get("Location", "")
    return "login" if "/login/" in place else str(answer.status_code)


def _writes() -> int:
    with connection.cursor() as cursor:
        cursor.execute(WRITES, [list(OWN)])
        return cursor.fetchone()[0]


def _write(found: dict[str, list[str]]) -> None:
    FILE.write_text("\n".join(_lines(found)) + "\n")


def _lines(found: dict[str, list[str]]) -> list[str]:
    head = ("# route and method".ljust(46) + "".join(name.ljust(10) for name in ACTORS)).rstrip()
    return [
        head,
        *(key.ljust(46) + "".join(word.ljust(10) for word in row).rstrip() for key, row in found.items()),
    ]
