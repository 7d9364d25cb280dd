"""Calls to addresses that people typed go outwards only, and end."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any

import pytest

from accounts import outbound


class Site(ThreadingHTTPServer):
    """A web server on this machine; `leads_to` says where each path redirects."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Page)
        self.leads_to: dict[str, str] = {}
        self.asked: list[str] = []

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class Page(BaseHTTPRequestHandler):
    server: Site

    def do_HEAD(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        target = self.server.leads_to.get(self.path)
        self.send_response(302 if target else 404 if self.path == "/gone" else 200)
        if target:
            self.send_header("Location", target)
        self.end_headers()

    do_GET = do_HEAD

    def log_message(self, *_words: Any) -> None:
        """Quiet."""


@pytest.fixture
def site() -> Iterator[Site]:
    server = Site()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_page_is_looked_at_through_its_redirects(site):
    site.leads_to = {"/a": "/b", "/b": "/gone"}

    answer = outbound.look(f"http://{site.host}/a", [site.host])

    assert answer.status == 404
    assert site.asked == ["HEAD /a", "HEAD /b", "HEAD /gone"]


def test_letters_beyond_ascii_are_sent_as_browsers_do(site):
    assert outbound.look(f"http://{site.host}/über?x=1#part", [site.host], method="GET").status == 200

    assert site.asked == ["GET /%C3%BCber?x=1"]


@pytest.mark.parametrize(
    "target", ["http://127.0.0.1:1/", "http://[::ffff:10.0.0.1]/", "file:///etc/passwd", "//0x7f.1/"]
)
def test_a_redirect_into_our_own_network_is_not_followed(site, target):
    site.leads_to = {"/a": target}

    with pytest.raises(outbound.NotAllowed):
        outbound.look(f"http://{site.host}/a", [site.host])


def test_a_circle_of_redirects_ends(site):
    site.leads_to = {"/a": "/a"}

    with pytest.raises(outbound.Unreachable, match="without end"):
        outbound.look(f"http://{site.host}/a", [site.host])

    assert len(site.asked) == 1 + outbound.MOST_HOPS


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.slack.com/services/x",
        "https://user:word@hooks.slack.com/x",
        "ftp://hooks.slack.com/",
        "javascript:alert(1)",
        "https://",
        "https://[::1",
        "https://hooks.slack.com:99999/",
        "https://exämple.com/",
        "hooks.slack.com",
        "https://127.0.0.1:8899/x",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://localhost/",
        "https://chat.localhost./",
        "https://169.254.169.254/latest",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://0177.0.0.1/",
        "https://[64:ff9b::7f00:1]/",
    ],
)
def test_what_is_no_safe_address_is_refused_before_anything_is_sent(url):
    with pytest.raises(outbound.NotAllowed):
        outbound.check(url)


def test_no_call_goes_to_the_inside_whatever_a_name_stands_for(monkeypatch):
    """The spelling is harmless; the address that is found is not."""
    monkeypatch.setattr(outbound, "look_up", lambda *_: ["1.1.1.1", "169.254.169.254"])

    with pytest.raises(outbound.NotAllowed, match="private address"):
        outbound.post("https://chat.example.com/x", b"{}")


def test_private_addresses_are_known_in_every_disguise():
    plain = "10.1.2.3 192.168.0.1 172.16.0.1 100.64.0.1 0.0.0.0 224.0.0.1 fe80::1 fd00::1"
    disguised = (
        "64:ff9b::7f00:1 2002:7f00:1:: ::ffff:10.0.0.1 ::127.0.0.1 ::ffff:0:10.0.0.1 2001:0:7f00:1:: fec0::1"
    )

    assert not [text for text in f"{plain} {disguised}".split() if outbound.is_public(ip_address(text))]
    assert outbound.is_public(ip_address("1.1.1.1"))
    assert outbound.is_public(ip_address("2606:4700:4700::1111"))
