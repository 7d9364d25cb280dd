"""Tasks for personal outreach: who sees them, who settles them, and what that leaves behind."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from leads.models import Activity, Disqualification, Lead, OutreachTask
from leads.services.merges import merge_leads
from tests.nurturing import factories

pytestmark = pytest.mark.django_db


def task(lead: Lead | None = None, **values: object) -> OutreachTask:
    number = OutreachTask.objects.count()
    defaults = {
        "lead": lead or factories.lead(),
        "key": f"test:{number}",
        "source": "Energy nurture",
        "title": "Call about overtime",
        "text": "Hello Ingrid,\nyou asked about overtime.",
        "due_at": timezone.now() + timedelta(hours=5),
    }
    return OutreachTask.objects.create(**(defaults | values))


def test_a_rep_sees_the_tasks_of_their_leads_only(client_of: object, rita: User, otto: User) -> None:
    mine = task(factories.lead(owner=rita))
    task(factories.lead(owner=otto), title="Not for Rita")

    page = client_of(rita).get("/tasks/")

    assert mine.title in page.content.decode()
    assert "Not for Rita" not in page.content.decode()


def test_the_inbox_names_what_is_due_soon(client_of: object, rita: User) -> None:
    task(factories.lead(owner=rita))
    task(factories.lead(owner=rita), title="Next week", due_at=timezone.now() + timedelta(days=7))

    page = client_of(rita).get("/inbox/").content.decode()

    assert "Call about overtime" in page
    assert "Next week" not in page


def test_a_task_done_stands_in_the_timeline_once(client_of: object, rita: User, otto: User) -> None:
    asked = task(factories.lead(owner=rita))
    client: Client = client_of(rita)

    client.post(f"/tasks/{asked.pk}/", {"outcome": "done", "note": "Wants a demo"})
    second = client.post(f"/tasks/{asked.pk}/", {"outcome": "not_done"}, follow=True)

    asked.refresh_from_db()
    assert (asked.outcome, asked.note, asked.settled_by) == ("done", "Wants a demo", rita)
    assert Activity.objects.filter(lead=asked.lead, shape__kind="call").count() == 1
    assert "has settled this task" in second.content.decode()


def test_a_stranger_finds_no_task_and_changes_nothing(client_of: object, otto: User, rita: User) -> None:
    asked = task(factories.lead(owner=rita))

    answer = client_of(otto).post(f"/tasks/{asked.pk}/", {"outcome": "done"})

    asked.refresh_from_db()
    assert answer.status_code == 404
    assert asked.settled_at is None


def test_put_off_until_tomorrow_it_is_out_of_sight(client_of: object, rita: User) -> None:
    asked = task(factories.lead(owner=rita))
    client: Client = client_of(rita)

    client.post(f"/tasks/{asked.pk}/snooze/")

    assert asked.title not in client.get("/tasks/").content.decode()
    assert asked.title in client.get("/tasks/?show=later").content.decode()


def test_a_task_goes_along_with_a_merge_and_away_with_a_disqualification(rita: User) -> None:
    asked, winner = task(), factories.lead()
    merge_leads(winner=winner, loser=asked.lead, cause="test")

    asked.refresh_from_db()
    assert asked.lead == winner

    Disqualification.objects.create(lead=winner, reason="Competitor")
    assert not OutreachTask.objects.now().exists()


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_nobody_is_led_away_by_a_forged_way_back(client_of: object, rita: User, target: str) -> None:
    asked = task(factories.lead(owner=rita))

    answer = client_of(rita).post(f"/tasks/{asked.pk}/", {"outcome": "done", "back": target})

    assert answer["Location"] == "/tasks/"


def test_ten_tasks_cost_as_many_queries_as_two(
    client_of: object, rita: User, django_assert_max_num_queries: object
) -> None:
    for _ in range(10):
        task(factories.lead(owner=rita))
    client = client_of(rita)
    client.get("/tasks/")

    with django_assert_max_num_queries(12):
        client.get("/tasks/")


@pytest.mark.parametrize(("width", "theme"), [(390, "dark"), (1440, "light")])
def test_the_page_is_whole_without_a_mouse(
    page_as: object, axe: object, rita: User, width: int, theme: str
) -> None:
    asked = task(factories.lead(owner=rita), due_at=timezone.now() - timedelta(hours=1))

    page = page_as(rita, "/tasks/", width=width, theme=theme)

    axe(page)
    page.get_by_label("Note").fill("Left a message")
    page.get_by_role("button", name="Done", exact=True).press("Enter")
    page.get_by_text("No tasks").wait_for()
    asked.refresh_from_db()
    assert asked.note == "Left a message"
