"""Released SDKs, unchanged, pointed at a running server.

Each tells the same story: a visitor looks at prices, becomes known, comes with a company, reads a page, asks for
a demo twice under one message id, and sends one event without a name. The first answer with events gets lost on the
way, so that every SDK sends them again.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from accounts.models import ApiToken, Organisation
from accounts.services import create_token
from config.embedded.paths import LOCAL
from leads.capture import views
from leads.capture.reading import Refused
from leads.models import Activity, Lead
from leads.services.capture import Receipt, receive

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

SCRIPTS = Path(__file__).parent / "sdks"
PACKAGES = {
    "@segment/analytics-node": "3.1.0",
    "@rudderstack/rudder-sdk-node": "3.0.13",
    "@segment/analytics-next": "1.84.3",
}
EARLY = datetime(2025, 1, 1, 10, 0, 0, 123000, tzinfo=UTC)
STORED = ["custom:pricing_seen", "demo_request", "page_view"]
# Seven good calls, one of them under a known name, and a bad one; all of it sent twice in one request each.
TOLD_TWICE = (9, 5, 2)
PROPERTIES = {"comment": "🚲 Grüße, 東京", "when": datetime(2025, 2, 3, tzinfo=UTC)}


class Verdicts(list[Receipt]):
    """What the door answered. The first answer gets lost after its events are on disk."""

    def __call__(self, **request: Any) -> Receipt:
        self.append(receive(**request))
        if len(self) == 1:
            raise Refused(500, "The answer was lost on the way.")
        return self[-1]

    @property
    def figures(self) -> tuple[int, int, int]:
        return (
            sum(receipt.accepted for receipt in self),
            sum(receipt.duplicates for receipt in self),
            sum(len(receipt.rejected) for receipt in self),
        )


@pytest.fixture
def verdicts(monkeypatch: pytest.MonkeyPatch) -> Verdicts:
    told = Verdicts()
    monkeypatch.setattr(views, "receive", told)
    return told


@pytest.fixture
def write_key() -> str:
    return create_token(kind=ApiToken.Kind.WRITE, name="Site")[1]


@pytest.fixture(scope="session")
def node_packages() -> Path:
    """Where the Node SDKs lie. They are fetched once; without Node or without a registry the tests are skipped."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("no Node.js here: the JavaScript SDKs were not tried")
    folder = LOCAL / "test" / "sdks"
    wanted = json.dumps({"private": True, "dependencies": PACKAGES})
    manifest = folder / "package.json"
    if not (folder / "done").exists() or manifest.read_text() != wanted:
        _install(folder, manifest, wanted)
    return folder


def _install(folder: Path, manifest: Path, wanted: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    manifest.write_text(wanted)
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"]
    got = subprocess.run([*command, "--loglevel=error"], cwd=folder, capture_output=True, text=True)
    if got.returncode:
        pytest.skip(f"npm could not fetch the JavaScript SDKs: {got.stderr.strip()[-200:]}")
    (folder / "done").touch()


def tell_in_python(sdk: Any, name: str) -> None:
    visitor, user = f"{name}-v", f"{name}-u"
    sdk.track(anonymous_id=visitor, event="Pricing Seen", timestamp=EARLY, message_id=f"{name}-1")
    sdk.alias(visitor, user)
    sdk.identify(user, {"email": f"{name}@{name}.example", "name": "Zoë Łąka 🚲", "title": "CTO"})
    sdk.page(user, "Docs", "Pricing", {"url": "https://acme.example/pricing"})
    sdk.group(user, "g1", {"name": f"Acme {name}", "industry": "Steel"})
    for _ in range(2):
        sdk.track(user, "Demo Requested", dict(PROPERTIES), message_id=f"{name}-2")
    sdk.track(user, " ", message_id=f"{name}-bad")


def assert_told(name: str) -> None:
    """One person with the whole history, each event once."""
    lead = Lead.objects.select_related("company").get(email=f"{name}@{name}.example", merged_into=None)
    assert (lead.name, lead.title) == ("Zoë Łąka 🚲", "CTO")
    assert lead.company, "the company did not come"
    assert (lead.company.name, lead.company.industry) == (f"Acme {name}", "Steel")
    activities = Activity.objects.filter(lead=lead).select_related("shape")
    assert sorted(activity.shape.kind for activity in activities) == STORED
    done = {activity.shape.kind: activity for activity in activities}
    assert done["custom:pricing_seen"].occurred_at == EARLY
    assert done["demo_request"].props["comment"] == PROPERTIES["comment"]
    assert str(done["demo_request"].props["when"]).startswith("2025-02-03T00:00:00")
    assert done["page_view"].props["url"] == "https://acme.example/pricing"


def note(client: str, released: str, verdicts: Verdicts) -> None:
    """A line of the table in the notes; `-s` shows it."""
    print(
        f"{client} {released}: {verdicts.figures} accepted, duplicate, rejected in {len(verdicts)} requests"
    )


def test_segment_for_python(live_server: Any, write_key: str, verdicts: Verdicts) -> None:
    from segment.analytics.client import Client

    errors: list[Exception] = []
    sdk = Client(write_key, host=live_server.url, on_error=lambda error, batch: errors.append(error))

    tell_in_python(sdk, "segpy")
    sdk.shutdown()

    assert errors == []
    assert_told("segpy")
    assert verdicts.figures == TOLD_TWICE
    note("segment-analytics-python", version("segment-analytics-python"), verdicts)


def test_rudder_for_python(live_server: Any, write_key: str, verdicts: Verdicts) -> None:
    from rudderstack.analytics.client import Client

    errors: list[Exception] = []
    sdk = Client(write_key, host=live_server.url, on_error=lambda error, batch: errors.append(error))

    tell_in_python(sdk, "rudpy")
    sdk.shutdown()

    assert errors == []
    assert_told("rudpy")
    assert verdicts.figures == TOLD_TWICE
    note("rudder-sdk-python", version("rudder-sdk-python"), verdicts)


@pytest.mark.parametrize(
    ("script", "package"),
    [("segment_node", "@segment/analytics-node"), ("rudder_node", "@rudderstack/rudder-sdk-node")],
)
def test_node_on_a_server(
    live_server: Any, write_key: str, verdicts: Verdicts, node_packages: Path, script: str, package: str
) -> None:
    name = script.replace("_", "")
    command = ["node", str(SCRIPTS / f"{script}.cjs"), live_server.url, write_key, name]

    ran = subprocess.run(command, cwd=node_packages, capture_output=True, text=True, timeout=60)

    assert ran.returncode == 0, ran.stderr
    assert_told(name)
    assert verdicts.figures[2] in (1, 2)  # the first request may hold one event or all of them
    note(package, PACKAGES[package], verdicts)


def test_segment_in_a_browser(
    live_server: Any,
    write_key: str,
    verdicts: Verdicts,
    shop: str,
    new_context: Callable[..., BrowserContext],
) -> None:
    Organisation.objects.update_or_create(pk=1, defaults={"sites": shop})
    page = new_context().new_page()
    page.goto(shop)

    for strategy in ("standard", "batching"):
        delivery = {"strategy": strategy, "config": {"size": 8, "timeout": 200}}
        story = {"host": live_server.url, "writeKey": write_key, "name": strategy}
        page.evaluate("story => tell(story)", story | {"deliveryStrategy": delivery})
        wait_for(page, partial(assert_told, strategy))

    assert {line["messageId"] for receipt in verdicts for line in receipt.rejected} >= {"batching-bad"}
    note("@segment/analytics-next", PACKAGES["@segment/analytics-next"], verdicts)


@pytest.fixture
def shop(node_packages: Path) -> Iterator[str]:
    """A web site of its own with the SDK on its page."""
    sdk = node_packages / "node_modules/@segment/analytics-next/dist/umd/index.js"
    files = {"/sdk.js": sdk.read_bytes(), "/story.js": (SCRIPTS / "segment_browser.js").read_bytes()}
    scripts = "".join(f"<script src={path}></script>" for path in files)

    class Shop(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header(
                "Content-Type", "text/javascript; charset=utf-8" if self.path in files else "text/html"
            )
            self.end_headers()
            self.wfile.write(files.get(self.path, f"<!doctype html><title>Shop</title>{scripts}".encode()))

        def log_message(self, *told: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Shop) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_address[1]}"
        server.shutdown()


def wait_for(page: Page, check: Callable[[], None]) -> None:
    """The SDK sends in the background, and again after a while what was not answered."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return check()
        except (AssertionError, Lead.DoesNotExist):
            if time.monotonic() > deadline:
                raise
            page.wait_for_timeout(50)
