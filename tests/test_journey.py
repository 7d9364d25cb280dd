"""The whole ride, in a real browser, with real workers and a real mail server: from a first click to a handoff."""

import base64
import json
import urllib.request
from typing import Any

import pytest
from django.core.management import call_command
from playwright.sync_api import expect

from accounts.services import create_token
from handoff.models import Handoff, RoundRobinSeat, SlaClock
from leads.models import Lead

pytestmark = pytest.mark.django_db(transaction=True)


def send(url: str, key: str, *events: dict[str, Any]) -> dict[str, Any]:
    """What an SDK does."""
    auth = base64.b64encode(f"{key}:".encode()).decode()
    request = urllib.request.Request(
        f"{url}/v1/batch",
        data=json.dumps({"batch": list(events)}).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Basic {auth}"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def demo_request(number: int, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    traits = {
        "email": f"{name.lower()}@acme.example",
        "firstName": name,
        "lastName": "Journey",
        "title": "Director",
    }
    return (
        {"type": "identify", "userId": f"j{number}", "messageId": f"i{number}", "traits": traits},
        {"type": "track", "userId": f"j{number}", "messageId": f"t{number}", "event": "Demo Requested"},
    )


def test_a_demo_request_becomes_a_handoff_that_sales_answers(live_server, worker, page_as, axe, mara, rita):
    call_command("publish_default_model", verbosity=0)
    RoundRobinSeat.objects.create(rep=rita)
    _, key = create_token(kind="write", name="Website")

    answer = send(live_server.url, key, *demo_request(1, "Ingrid"), *demo_request(2, "Pieter"))
    assert answer["accepted"] >= 2

    queue = page_as(mara)
    expect_within(queue, "/queue/", "Ingrid Journey")
    expect(queue.get_by_text("Pieter Journey")).to_be_visible()
    axe(queue)
    for name in ("Ingrid", "Pieter"):
        hand_off(queue, f"{name} Journey")

    inbox = page_as(rita, "/inbox/")
    expect(inbox.locator("#lead")).to_contain_text("Journey")
    inbox.keyboard.press("a")
    expect(inbox.locator("#toasts")).to_contain_text("Undo")
    inbox.goto("/inbox/")
    waiting = Handoff.objects.open().get()
    inbox.goto(f"/inbox/{waiting.pk}/")
    inbox.keyboard.press("r")
    expect(inbox.locator("#dialog")).to_be_visible()
    axe(inbox)

    accepted = Handoff.objects.exclude(pk=waiting.pk).get()
    assert accepted.accepted_at is not None
    assert accepted.answered_by == rita
    assert Lead.objects.get(pk=accepted.lead_id).stage == "sql"
    kinds = {"accept", "first_touch", "disposition"}
    assert set(accepted.clocks.values_list("kind", flat=True)) == kinds
    assert SlaClock.objects.filter(handoff=waiting, kind="accept", met_at=None).exists()


def expect_within(page: Any, path: str, text: str, seconds: int = 60) -> None:
    """The worker scores in its own time; the page is asked again until it knows."""
    for _ in range(seconds):
        page.goto(path)
        if page.get_by_text(text).count():
            return
        page.wait_for_timeout(1000)
    pytest.fail(f"{text} did not appear on {path} within {seconds} reloads")


def hand_off(page: Any, name: str) -> None:
    page.goto("/queue/")
    row = page.locator("tr", has_text=name)
    row.get_by_text("Hand off").click()
    dialog = page.locator("#dialog")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Hand off").click()
    expect(page.locator("#toasts")).to_contain_text(name.split()[0])
