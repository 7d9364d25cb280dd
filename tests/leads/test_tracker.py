"""The tracker in a real browser, on somebody else's site, against the real events API."""

import gzip
import http.server
import threading
import time

import pytest

from accounts.models import ApiToken, Organisation
from accounts.services import create_token
from leads.capture import origins
from leads.management.commands.build_tracker import BUILT, built
from leads.models import Activity, Identity, Lead

PAGE = """<!doctype html><html lang="en"><title>%(title)s</title>%(before)s
<script src="%(host)s/static/tandem.js" data-tandem-key="%(key)s" %(more)s></script><h1>%(title)s</h1>%(body)s"""
FORM = """<form name="guide" action="/thanks" method="post"><input name="firstname" value="Ingrid">
<input type="email" name="mail" value="i.solheim@fjellheim.no"><input name="pin" value="4111 1111 1111 1111">
<input name="cc" autocomplete="cc-number" value="7"><input type="hidden" name="title" value="Spy">
<input type="hidden" name="job" data-tandem-field="title" value="Director"><button>Send</button></form>
<form name="login" method="post" action="/in?token=s3cret">
<input type="email" name="e" value="x@y.no"><input type="password" name="p" value="s3cret">
<button>Sign in</button></form>
<a href="/files/cost%20sheet.pdf">Sheet</a>
<button data-tandem-event="Demo requested" data-tandem-prop-plan="pro">Demo</button>"""


class Site:
    """A site of its own origin. `more` and `before` go into its pages."""

    more = before = ""

    def __init__(self, host, key):
        self.host, self.key, self.body = host, key, FORM
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                page = PAGE % {
                    **vars(site),
                    "more": site.more,
                    "before": site.before,
                    "title": self.path.split("?")[0],
                }
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(page.encode())

            do_POST = do_GET

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def site(live_server):
    key = create_token(kind=ApiToken.Kind.WRITE, name="Site")[1]
    site = Site(live_server.url, key)
    Organisation.objects.update_or_create(pk=1, defaults={"sites": site.url})
    origins.forget_sites()
    yield site
    site.server.shutdown()
    site.server.server_close()


@pytest.fixture
def visit(site, page_as):
    """Opens one of its pages; `script` runs before anything of the page."""

    def open_page(path="", script="", page=None):
        page = page or page_as(None)
        if script:
            page.add_init_script(script)
        if path:
            page.goto(site.url + path)
        return page

    return open_page


def stored(*expected, within=10):
    """What the server has, in order: `kind path`; waits until it is what was expected.

    Time spent is left out unless it is asked for: on a busy machine a page may stand open for a second.
    """
    timed = any("engaged_time" in one for one in expected)
    deadline = time.monotonic() + within
    while True:
        rows = Activity.objects.select_related("shape").order_by("occurred_at", "id")
        rows = rows if timed else rows.exclude(shape__kind="engaged_time")
        found = [f"{row.shape.kind} {row.shape.props.get('path', '')}".strip() for row in rows]
        if sorted(found) == sorted(expected) or time.monotonic() > deadline:
            assert sorted(found) == sorted(expected)
            return list(rows)
        time.sleep(0.05)


def seconds():
    return sum(Activity.objects.filter(shape__kind="engaged_time").values_list("seconds", flat=True))


def test_what_browsers_get_is_built_from_the_source_and_small():
    sent = BUILT.read_text(encoding="utf-8")

    assert sent == built(), "run manage.py build_tracker"
    assert len(gzip.compress(sent.encode(), 9)) < 5_000


def test_each_page_of_an_application_counts_once_with_where_the_visit_came_from(visit):
    page = visit("/start?utm_source=google&utm_medium=cpc&utm_campaign=rota&gclid=abc")

    for call in ("pushState", "replaceState"):  # a router often says the same address twice
        page.evaluate(f"history.{call}({{}}, '', '/pricing')")
    page.wait_for_timeout(1)
    page.evaluate("history.pushState({}, '', '/pricing#plans')")
    page.go_back()
    page.go_back()

    first, *_ = stored("page_view /start", "page_view /pricing", "page_view /start")
    assert first.shape.props["utm_campaign"] == "rota"
    assert first.props["gclid"] == "abc"
    assert Lead.objects.count() == 1


def test_time_counts_while_somebody_is_there_and_the_last_page_counts(visit):
    page = visit(script="")
    page.clock.install()
    visit("/solution", page=page)

    page.clock.run_for(20_000)
    page.mouse.move(5, 5)
    page.clock.run_for(600_000)  # gone for coffee: half a minute of it counts
    page.mouse.move(9, 9)
    page.clock.run_for(4_000)
    page.close()

    stored("page_view /solution", "engaged_time /solution", "engaged_time /solution")
    assert 52 <= seconds() <= 58


def test_a_tab_that_is_killed_keeps_its_time_for_the_next_page(visit, site):
    page = visit()
    page.clock.install()
    visit("/long", page=page)
    page.clock.run_for(12_000)

    kept = page.evaluate("Object.entries(localStorage).filter(([name]) => name.startsWith('tandem:'))")
    mine = [value for _, value in kept if "engaged_time" in value]

    assert len(mine) == 1
    assert '"seconds":10' in mine[0]


HIDDEN = """window.shown = false; Object.defineProperty(document, 'visibilityState', {
  get: () => window.shown ? 'visible' : 'hidden'});"""


def test_two_tabs_are_one_visitor_and_a_tab_nobody_looked_at_is_no_view(visit):
    first = visit("/one")
    stored("page_view /one")
    second = first.context.new_page()
    visit("/two", HIDDEN, page=second)
    stored("page_view /one")

    second.evaluate("window.shown = true; document.dispatchEvent(new Event('visibilitychange'))")

    stored("page_view /one", "page_view /two")
    assert Identity.objects.filter(kind="visitor").count() == 1


def test_a_page_that_comes_back_from_the_cache_is_seen_again(browser_type, browser_type_launch_args, site):
    cached = ["--disable-back-forward-cache"]
    browser = browser_type.launch(**browser_type_launch_args, ignore_default_args=cached)
    page = browser.new_page()
    page.goto(site.url + "/a")
    page.evaluate("window.same = true")
    page.goto(site.url + "/b")

    page.go_back(wait_until="commit")

    stored("page_view /a", "page_view /b", "page_view /a")
    assert page.evaluate("window.same") is True
    browser.close()


WISHES = [
    "Object.defineProperty(navigator, 'globalPrivacyControl', {get: () => true})",
    "Object.defineProperty(navigator, 'doNotTrack', {get: () => '1'})",
]


def test_who_asks_not_to_be_tracked_is_not(visit, page_as):
    for wish in WISHES:
        check_nothing_is_sent(visit, page_as(None), wish)


def check_nothing_is_sent(visit, page, wish):
    sent = []
    page.on("request", lambda request: sent.append(request.url))
    visit("/quiet", wish, page=page)

    page.evaluate("tandem.consent(true); tandem.track('Demo requested')")
    page.click("text=Sheet")
    page.wait_for_load_state()

    assert not [url for url in sent if "/v1/" in url]
    assert page.evaluate("document.cookie + Object.keys(localStorage).join()") == ""


def test_nothing_is_stored_or_sent_before_a_yes_and_nothing_is_left_after_a_no(visit, site):
    site.more = 'data-tandem-consent="ask"'
    page = visit("/asked?utm_source=ad")
    kept = "document.cookie + Object.keys(localStorage).join() + Object.keys(sessionStorage).join()"
    assert page.evaluate(kept) == ""

    page.evaluate("tandem.consent(true)")
    stored("page_view /asked")
    page.goto(site.url + "/next")
    stored("page_view /asked", "page_view /next")
    page.evaluate("tandem.consent(false); tandem.track('Demo requested')")
    page.goto(site.url + "/later")
    page.wait_for_load_state("networkidle")

    assert page.evaluate(kept) == ""
    stored("page_view /asked", "page_view /next")


def test_blocked_storage_and_another_tracker_do_no_harm(visit, site):
    site.before = """<script>window.tandem = [['track', 'Demo requested']];
      const push = history.pushState; history.pushState = function () { return push.apply(this, arguments); };
      </script>"""
    names = "Object.keys(window).filter(name => /tandem/i.test(name)).join()"
    blocked = """for (const name of ['localStorage', 'sessionStorage'])
      Object.defineProperty(window, name, {get() { throw new DOMException('no', 'SecurityError'); }});
      Object.defineProperty(document, 'cookie', {get() { throw new Error('no'); },
        set() { throw new Error('no'); }});"""

    page = visit("/blocked", blocked)
    page.evaluate("history.pushState({}, '', '/inside')")

    stored("page_view /blocked", "demo_request /blocked", "page_view /inside")
    assert Lead.objects.count() == 1
    assert page.evaluate(names) == "tandem"


def test_what_could_not_be_sent_is_sent_later_under_the_same_name(visit, site):
    ids = []
    page = visit()
    page.route("**/v1/batch", lambda route: (ids.append(route.request.post_data_json), route.abort()))
    visit("/away", page=page)
    page.wait_for_function("Object.keys(localStorage).length > 0")

    page.unroute("**/v1/batch")
    page.evaluate("window.dispatchEvent(new Event('online'))")

    (row,) = stored("page_view /away")
    assert {body["batch"][0]["messageId"] for body in ids} == {row.message_id}


def test_forms_tell_who_it_is_and_never_a_secret(visit, site):
    page = visit("/form?utm_campaign=rota")
    bodies = []
    page.on("request", lambda request: bodies.append(("/v1/" in request.url and request.post_data) or ""))

    page.click("text=Sign in")
    page.wait_for_url("**/in?*")
    page.goto(site.url + "/form")
    page.click("text=Demo")
    page.click("text=Send")
    page.wait_for_url("**/thanks")

    rows = stored(
        *["page_view /form"] * 2,
        "page_view /in",
        "page_view /thanks",
        "demo_request /form",
        "form_submit /form",
    )
    sent = next(row for row in rows if row.shape.kind == "form_submit")
    assert sent.shape.props["form"] == "guide"
    assert sent.shape.props["utm_campaign"] == "rota"  # of some pages ago
    lead = Lead.objects.get(email="i.solheim@fjellheim.no")
    assert (lead.first_name, lead.title) == ("Ingrid", "Director")
    assert not any(secret in body for body in bodies for secret in ("s3cret", "4111", "Spy"))


def test_downloads_are_told(visit):
    page = visit("/library")

    page.click("text=Sheet")

    rows = stored("page_view /library", "content_download /library", "page_view /files/cost%20sheet.pdf")
    assert rows[1].shape.props["asset"] == "cost sheet.pdf"
