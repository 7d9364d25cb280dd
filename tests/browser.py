"""Real pages in a real browser: `page_as(user)` opens them, `axe(page)` reads them as a screen reader's lawyer.

The system's Chromium is driven through Playwright (CHROMIUM_PATH names another one). Without a browser these tests
are skipped and say so; with REQUIRE_BROWSER=1 they fail instead. A page that logs an error, breaks the content
security policy, throws, or receives a 5xx fails its test.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Response

USUAL_PATHS = ["chromium", "chromium-browser", "google-chrome"]
FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SESSION_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
STEP_MILLISECONDS = 10_000  # patience for one click or one element on a busy machine

PageAs = Callable[..., Page]


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Overrides pytest-playwright's: nothing is downloaded, Debian's browser is used."""
    named = os.environ.get("CHROMIUM_PATH")
    found = named or next(filter(None, map(shutil.which, USUAL_PATHS)), None)
    if found is None and os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail("REQUIRE_BROWSER=1, but there is no Chromium (apt-get install chromium).", pytrace=False)
    if found is None:
        pytest.skip("no Chromium: apt-get install chromium, or set CHROMIUM_PATH")
    return {"executable_path": found, "args": FLAGS}


@pytest.fixture
def problems() -> list[str]:
    """What the pages of this test did wrong. A test that provokes an error removes it from here."""
    return []


@pytest.fixture
def page_as(
    live_server: Any, new_context: Callable[..., BrowserContext], problems: list[str]
) -> Iterator[PageAs]:
    """`page_as(user, path, width=1440, height=900, theme="light", javascript=True)`: a page, signed in.

    `user=None` stays a stranger. `path` is opened at once if given; `page.goto("/leads/")` works as well.
    """

    def open_page(
        user: Any,
        path: str = "",
        *,
        width: int = 1440,
        height: int = 900,
        theme: str = "light",
        javascript: bool = True,
    ) -> Page:
        context = new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": height},
            color_scheme=theme,
            reduced_motion="reduce",
            locale="en-GB",
            timezone_id="Europe/Berlin",
            java_script_enabled=javascript,
        )
        context.set_default_timeout(STEP_MILLISECONDS)
        if user is not None:
            context.add_cookies([session_cookie(user, live_server.url)])
        page = context.new_page()
        watch(page, problems)
        if path:
            page.goto(path)
        return page

    yield open_page
    assert not problems, "The pages of this test had problems:\n" + "\n".join(problems)


def session_cookie(user: Any, url: str) -> Any:
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(user, backend=SESSION_BACKEND)
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value, "url": url}


def watch(page: Page, problems: list[str]) -> None:
    """4xx answers are a page's business (a refused form is one); the console's note about them is not an error."""

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            problems.append(f"console on {page.url}: {message.text}")

    def on_response(response: Response) -> None:
        missing_file = response.status == 404 and "/static/" in response.url
        if response.status >= 500 or missing_file:
            problems.append(f"{response.status} for {response.url}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: problems.append(f"script on {page.url}: {error}"))
    page.on("response", on_response)


@pytest.fixture
def axe() -> Callable[..., None]:
    """`axe(page)` fails on any accessibility violation; `axe(page, "main")` looks at a part."""

    def check(page: Page, part: str | None = None) -> None:
        # Its preloading writes imported style sheets into the page, which our policy forbids; no rule in use needs it.
        found = Axe().run(page, context=part, options={"preload": False}).response["violations"]
        assert not found, f"axe on {page.url}:\n" + "\n".join(map(violation, found))

    return check


def violation(found: dict[str, Any]) -> str:
    nodes = [
        f"    {' '.join(map(str, node['target']))}: {node['failureSummary']}" for node in found["nodes"][:8]
    ]
    return "\n".join([f"  {found['id']} ({found['impact']}): {found['help']}", *nodes])
