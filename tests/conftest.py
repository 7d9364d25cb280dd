"""The cast of every test: Rita and Otto sell, Max leads them, Mara markets, Ada is the admin."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Team, User
from leads.capture import keys, limits, origins
from leads.services import capture, shapes
from nurturing.models import SendingRules

PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Mails of tests leave at any hour and as often as asked for; tests of the rules make their own."""
    with django_db_blocker.unblock():
        SendingRules.objects.all().delete()


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """A test that empties the tables must not leave ids of theirs in this process's memory."""
    shapes.forget_known()
    keys.forget_keys()
    origins.forget_sites()
    limits.forget_connection()
    capture.forget_custom_fields()


@pytest.fixture(autouse=True)
def no_activities_left(request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[None]:
    """The table of activities is made by SQL, so the flush after a transactional test does not know it."""
    yield
    marker = request.node.get_closest_marker("django_db")
    transactional = marker and marker.kwargs.get("transaction")
    if transactional or {"transactional_db", "live_server"} & set(request.fixturenames):
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute("TRUNCATE leads_activity")


@pytest.fixture
def team(db: None) -> Team:
    return Team.objects.create(name="Nordics")


@pytest.fixture
def person(db: None) -> Callable[..., User]:
    def make(name: str, role: str, **fields: object) -> User:
        email = f"{name.lower().replace(' ', '.')}@tandem.example"
        return User.objects.create_user(email, PASSWORD, name=name, role=role, **fields)

    return make


@pytest.fixture
def rita(person: Callable[..., User], team: Team) -> User:
    """A rep."""
    return person("Rita Rep", "rep", team=team)


@pytest.fixture
def otto(person: Callable[..., User]) -> User:
    """Another rep."""
    return person("Otto Other", "rep")


@pytest.fixture
def max(person: Callable[..., User], team: Team) -> User:
    """The sales manager."""
    return person("Max Manager", "manager", team=team)


@pytest.fixture
def mara(person: Callable[..., User]) -> User:
    """A marketer."""
    return person("Mara Marketer", "marketer")


@pytest.fixture
def ada(person: Callable[..., User]) -> User:
    """The admin."""
    return person("Ada Admin", "admin")


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return signed_in
