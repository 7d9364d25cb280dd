"""The API describes itself, without warnings, and its pages work under our content security policy."""

import io

import pytest
import yaml
from django.core.management import call_command
from django.test import Client

from tests.browser import PageAs


def test_the_schema_is_valid_and_made_without_warnings():
    schema = io.StringIO()

    call_command("spectacular", "--validate", "--fail-on-warn", stdout=schema)

    paths = yaml.safe_load(schema.getvalue())["paths"]
    assert {"/api/leads/", "/api/leads/{id}/", "/api/activities/"} <= set(paths)


@pytest.mark.django_db
def test_anybody_may_read_what_the_api_can_do(client: Client):
    assert client.get("/api/schema/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_the_pages_of_the_api_open_without_breaking_the_content_policy(page_as: PageAs):
    page = page_as(None, "/api/docs/")

    page.get_by_text("/api/leads/", exact=True).first.wait_for()
    assert page.get_by_role("heading", name="Tandem API").is_visible()
