"""`create_key`: what it prints is the secret and nothing else; what it refuses leaves no key behind."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import ApiToken

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--kind", "api", "--name", "x" * 10_000], "10,000 characters; at most 100"),
        (["--kind", "api", "--name", ""], "Give the key a name"),
        (["--kind", "api", "--name", "  "], "Give the key a name"),
        (["--kind", "api", "--name", "a\nb"], "cannot be shown"),
        (["--kind", "write", "--name", "Site", "--scopes", "leads:read"], "write key has no scopes"),
        (["--kind", "api", "--name", "CRM", "--scopes", "leads:rule"], "Unknown scope: leads:rule"),
        (["--kind", "api", "--name", "CRM", "--scopes"], "--scopes names none"),
    ],
)
def test_a_key_that_would_not_be_what_was_asked_for_is_not_made(arguments, words):
    out = StringIO()

    with pytest.raises(CommandError, match=words):
        call_command("create_key", *arguments, stdout=out)

    assert out.getvalue() == ""
    assert not ApiToken.objects.exists()


def test_the_secret_is_printed_alone():
    out = StringIO()

    call_command("create_key", "--kind", "api", "--name", " CRM ", "--scopes", "leads:read", stdout=out)

    token = ApiToken.objects.get()
    assert (token.name, token.scopes) == ("CRM", ["leads:read"])
    assert token.digest == ApiToken.digest_of(out.getvalue().strip())


def test_the_admin_page_says_the_same_in_the_form(client_of, ada):
    fields = {"kind": "write", "name": "Site", "scopes": ["leads:read"]}

    page = client_of(ada).post("/admin/accounts/apitoken/add/", fields)

    assert "A write key has no scopes" in page.content.decode()
    assert not ApiToken.objects.exists()
