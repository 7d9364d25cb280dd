"""A stranger's B2B world, replayed through the events API in the order of time, up to an accepted handoff."""

import base64
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from django.test import Client

from accounts.services import create_token
from handoff.models import Handoff, RejectReason, RoundRobinSeat
from handoff.services.answers import accept, reject
from handoff.services.offers import offer
from leads.models import Activity, Lead
from scoring.explain import explain
from scoring.models import QualificationCycle, Score
from scoring.services import keeping
from scoring.services.versions import create_from, publish

Table = Callable[[str], list[dict[str, str]]]
BATCH = 500
GROUPS = [
    {"key": "fit", "name": "Fit", "axis": "fit", "minimum": -20, "maximum": 40},
    {"key": "intent", "name": "Intent", "axis": "engagement", "minimum": 0, "maximum": 60},
]


def behaviour(key: str, activity: str, points: int, **more: Any) -> dict[str, Any]:
    return {
        "key": key,
        "name": key,
        "group": "intent",
        "subject": "behaviour",
        "activity": activity,
        "points": points,
        **more,
    }


def fit(key: str, points: int, field: str, op: str, value: Any) -> dict[str, Any]:
    conditions = [{"field": field, "op": op, "value": value}]
    return {
        "key": key,
        "name": key,
        "group": "fit",
        "subject": "fit",
        "points": points,
        "conditions": conditions,
    }


PRICING = [{"field": "path", "op": "is", "value": "/pricing"}]
RULES = [
    behaviour("pricing, twice", "page_view", 20, n=2, conditions=PRICING),
    behaviour("downloads", "content_download", 6, mode="each", cap=18),
    behaviour("webinars", "webinar_attended", 8, mode="each", cap=16),
    behaviour("five minutes", "engaged_time", 10, aggregate="sum", n=300),
    fit("seniority", 20, "seniority", "in", ["vp", "c_level", "director"]),
    fit("size", 10, "employees", "at_least", 200),
]
DEEDS = {
    "content_download": "Content Downloaded",
    "webinar": "Webinar Attended",
    "call": "call",
    "email": "Email Sent",
    "linkedin_message": "LinkedIn Message",
}


@pytest.fixture
def rules(db: None) -> None:
    draft = create_from(
        groups=GROUPS, rules=RULES, note="For leadforge", threshold=45, fit_floor=10, margin=5
    )
    publish(version=draft)


def test_the_replayed_world_yields_mqls_that_explain_themselves(table: Table, rules: None, mara, rita, otto):
    _, key = create_token(kind="write", name="replay")
    sent = replay(table, key)
    again = replay(table, key)
    keep_scoring()

    assert sent == Activity.objects.count() > 30_000
    assert again == 0, "the same messages twice are one"
    assert Lead.objects.filter(merged_into=None).count() == 3000
    qualified = QualificationCycle.objects.count()
    assert 100 < qualified < 2500
    for score in Score.objects.filter(qualified=True).select_related("lead")[:25]:
        assert sum(line.points for line in explain(score.lead).lines) == score.total

    hand_off_accept_reject(mara, rita, otto)


def replay(table: Table, secret: str) -> int:
    """Sends everything in the order of time; says how many activities were new."""
    events = sorted(_events(table), key=lambda event: event["timestamp"])
    client, accepted = Client(), 0
    for batch in _batched(events):
        before = Activity.objects.count()
        answer = client.post(
            "/v1/batch",
            orjson.dumps({"batch": batch}),
            content_type="application/json",
            headers={"Authorization": "Basic " + base64.b64encode(f"{secret}:".encode()).decode()},
        )
        assert answer.status_code == 200, answer.content[:500]
        assert not answer.json()["rejected"], answer.json()["rejected"][:3]
        accepted += Activity.objects.count() - before
    return accepted


def _batched(events: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(events), BATCH):
        yield events[start : start + BATCH]


def _events(table: Table) -> Iterator[dict[str, Any]]:
    accounts = {row["account_id"]: row for row in table("leadforge/accounts")}
    contacts = {row["contact_id"]: row for row in table("leadforge/contacts")}
    for lead in table("leadforge/leads"):
        contact, account = contacts[lead["contact_id"]], accounts[lead["account_id"]]
        yield _identify(lead, contact, account)
    for touch in table("leadforge/touches"):
        props = {"asset": touch["touch_id"][-2:], "channel": touch["touch_channel"]}
        yield _track(
            touch["lead_id"], touch["touch_id"], DEEDS[touch["touch_type"]], touch["touch_timestamp"], props
        )
    for visit in table("leadforge/sessions"):
        yield from _visit(visit)


def _identify(lead: dict[str, str], contact: dict[str, str], account: dict[str, str]) -> dict[str, Any]:
    company = {
        "name": account["company_name"],
        "industry": account["industry"],
        "employees": account["employee_band"].partition("-")[0].rstrip("+"),
    }
    traits = {
        "email": f"{lead['lead_id']}@{account['account_id']}.example",
        "title": contact["job_title"],
        "seniority": contact["seniority"],
        "company": company,
    }
    return {
        "type": "identify",
        "userId": lead["lead_id"],
        "messageId": f"identify-{lead['lead_id']}",
        "timestamp": f"{lead['lead_created_at']}T00:00:00Z",
        "traits": traits,
    }


def _track(lead: str, key: str, event: str, day: str, props: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "track",
        "userId": lead,
        "messageId": key,
        "event": event,
        "timestamp": f"{day}T09:00:00Z",
        "properties": props,
    }


def _visit(visit: dict[str, str]) -> Iterator[dict[str, Any]]:
    lead, key, day = visit["lead_id"], visit["session_id"], visit["session_timestamp"]
    for number in range(int(visit["pricing_page_views"])):
        yield _page(lead, f"{key}-p{number}", day, "/pricing")
    for number in range(int(visit["demo_page_views"])):
        yield _page(lead, f"{key}-d{number}", day, "/demo")
    props = {"path": "/product", "seconds": int(visit["session_duration_seconds"])}
    yield _track(lead, f"{key}-t", "engaged_time", day, props)


def _page(lead: str, key: str, day: str, path: str) -> dict[str, Any]:
    return {
        "type": "page",
        "userId": lead,
        "messageId": key,
        "timestamp": f"{day}T10:00:00Z",
        "properties": {"path": path},
    }


def keep_scoring() -> None:
    while keeping.score_touched(limit=2000):
        pass


def hand_off_accept_reject(mara: Any, rita: Any, otto: Any) -> None:
    for rep in (rita, otto):
        RoundRobinSeat.objects.get_or_create(rep=rep)
    first, second = QualificationCycle.objects.open().order_by("-total", "pk")[:2]
    offered = [offer(cycle=cycle, actor=mara) for cycle in (first, second)]
    accept(handoff=offered[0], actor=offered[0].rep)
    reject(
        handoff=offered[1],
        actor=offered[1].rep,
        reason=RejectReason.objects.first(),
        note="Said so on the phone.",
    )

    assert {handoff.answer for handoff in Handoff.objects.all()} == {"accepted", "rejected"}
    assert {handoff.rep for handoff in offered} == {rita, otto}
