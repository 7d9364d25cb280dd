"""The block editor: nothing typed is lost, nobody is overwritten unawares, and the panel says what to look at."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from leads.models import CustomField
from nurturing.content import schema
from nurturing.content_forms import ContentForm
from nurturing.models import LinkCheck, Picture, Step
from nurturing.services import campaigns, links
from tests.nurturing import factories

pytestmark = pytest.mark.django_db
ODD = "a\x00\x08b {{ city | default: “there” }}"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


@pytest.fixture
def marketer(client_of: Callable[[User], Client], mara: User) -> Client:
    factories.organisation()
    return client_of(mara)


@pytest.fixture
def step() -> Step:
    return factories.email(factories.draft())


def url(name: str, step: Step, query: str = "") -> str:
    return reverse(f"nurturing:{name}", args=(step.pk,)) + query


def typed(step: Step, **changes: Any) -> dict[str, Any]:
    """What a browser would send for the mail as it stands."""
    step.refresh_from_db()
    data: dict[str, Any] = {"seen": schema.token(step), "subject": step.subject, "block": []}
    for place, blocks in [("", step.content), *_inner(step.content)]:
        for block in blocks:
            parts, rows = len(block.get("parts", [])), len(block.get("conditions", []))
            data["block"].append(f"{block['id']} {block['kind']} {place} {parts} {rows}")
            data |= {f"{block['id']}-{key}": value for key, value in block.items() if isinstance(value, str)}
    return data | {"do": "save"} | changes


def _inner(content: list[dict[str, Any]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for block in content:
        for number, part in enumerate(block.get("parts", [])):
            yield f"{block['id']}.{number}", part["blocks"]


def post(client: Client, step: Step, **changes: Any) -> Any:
    return client.post(url("content", step), typed(step, **changes))


def test_every_button_saves_what_was_typed_beside_it(marketer: Client, step: Step) -> None:
    post(marketer, step, do="add:columns")
    post(marketer, step, **{"do": "add:button:b2.1", "b1-text": "Hello again", "subject": "New"})
    post(marketer, step, **{"do": "up:b2", "b3-text": "Go", "b3-link": "https://a.example/"})
    post(marketer, step, do="copy:b1")

    step.refresh_from_db()
    assert step.subject == "New"
    assert [block["kind"] for block in step.content] == ["columns", "text", "text"]
    assert step.content[0]["parts"][1]["blocks"][0] == {
        "id": "b3",
        "kind": "button",
        "text": "Go",
        "link": "https://a.example/",
    }
    assert step.content[2]["text"] == "Hello again"


def test_blocks_for_some_readers_are_written_in_the_form(marketer: Client, step: Step) -> None:
    post(marketer, step, do="add:personal")
    post(marketer, step, do="add:conditional")
    post(marketer, step, **{"do": "condition:b3", "b2-field": "industry", "b2-values-0": "Energy, Utilities"})
    condition = {"b3-0-ask": "employees", "b3-0-op": "between", "b3-0-value": "50; 200"}
    post(marketer, step, **{"b2-values-0": "Energy, Utilities", **condition})

    step.refresh_from_db()
    assert step.content[1]["field"] == "industry"
    assert step.content[1]["parts"][0]["values"] == ["Energy", "Utilities"]
    assert step.content[2]["conditions"] == [{"field": "employees", "op": "between", "value": [50, 200]}]


def test_the_later_of_two_windows_is_told_and_keeps_its_text(marketer: Client, step: Step) -> None:
    mine = typed(step, **{"b1-text": "mine"})
    post(marketer, step, **{"b1-text": "theirs"})

    refused = marketer.post(url("content", step), mine)
    step.refresh_from_db()
    kept = step.content[0]["text"]
    again = marketer.post(url("content", step), mine | {"seen": refused.context["content_form"].seen})

    assert refused.status_code == 409
    assert "changed in another window" in refused.text
    assert ">\nmine</textarea>" in refused.text
    assert kept == "theirs"
    assert again.status_code == 302
    step.refresh_from_db()
    assert step.content[0]["text"] == "mine"


def test_saving_while_typing_answers_with_the_next_token_and_never_replaces(
    marketer: Client, step: Step
) -> None:
    mine = typed(step, do="autosave", **{"b1-text": "one"})

    first = marketer.post(url("content", step), mine)
    stale = marketer.post(url("content", step), mine | {"b1-text": "two"})

    step.refresh_from_db()
    assert first.json()["seen"] == schema.token(step)
    assert stale.status_code == 409
    assert step.content[0]["text"] == "one"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"subject": "x" * 201}, "Subject: 201 characters"),
        ({"b1-text": "x" * 10_001}, "Text: 10,001 characters"),
        ({"do": "add:columns:b1.0"}, "gone by now"),
        ({"do": "put:b1"}, "not known"),
        ({"do": "remove:b77"}, "gone by now"),
        ({"block": ["b1 marquee  0 0"]}, "did not arrive"),
        ({"block": ["b1 text  0 0", "b1 text  0 0"]}, "came twice"),
    ],
)
def test_what_cannot_be_saved_is_refused_in_words_and_nothing_changes(
    marketer: Client, step: Step, changes: dict[str, Any], said: str
) -> None:
    before = step.content

    answer = post(marketer, step, **changes)

    assert answer.status_code == 422
    assert said in answer.text
    step.refresh_from_db()
    assert step.content == before


def test_control_characters_vanish_and_a_subject_stays_one_line(marketer: Client, step: Step) -> None:
    post(
        marketer,
        step,
        **{"subject": "Hi\r\nBcc: x@y.example\x00", "b1-text": ODD},
    )

    step.refresh_from_db()
    assert step.subject == "Hi Bcc: x@y.example"
    assert step.content[0]["text"] == 'ab {{ city | default: "there" }}'


def test_a_broken_mail_cannot_go_live(marketer: Client, step: Step) -> None:
    post(marketer, step, do="add:image")

    with pytest.raises(campaigns.CannotPublish, match=r"Block 2 \(image\): It has no picture"):
        campaigns.publish_version(campaign=step.version.campaign, actor=None)


def test_the_preview_shows_the_mail_as_the_lead_that_was_searched_for(marketer: Client, step: Step) -> None:
    factories.lead(first_name="Ingrid", last_name="Solheim", email="ingrid@kraft.example")
    twin = factories.lead(first_name="Ingrid", last_name="Berg")

    page = marketer.get(url("step", step), follow=True)
    found = marketer.get(page.redirect_chain[-1][0] + "&lead=ingrid")
    html = marketer.get(url("preview", step, "?lead=ingrid@kraft.example&scheme=dark"))
    text = marketer.get(url("preview", step, "?lead=ingrid@kraft.example&part=text"))

    assert f"lead={twin.pk}" in found.text
    assert "Ingrid Solheim" in found.text
    assert "Hello Ingrid," in html.text
    assert "@media all" in html.text
    assert "read the guide (https://quillstone.example/guide)" in text.text
    assert "sandbox" in html.headers["Content-Security-Policy"]


def test_nobody_of_that_name_is_said(marketer: Client, step: Step) -> None:
    page = marketer.get(
        reverse("nurturing:campaign", args=(step.version.campaign_id,)) + "?lead=nobody%00%25"
    )

    assert "Nobody is called" in page.text


def test_a_picture_is_kept_once_and_stands_in_the_mail(marketer: Client, step: Step) -> None:
    post(marketer, step, do="add:image")
    for _ in range(2):
        upload = SimpleUploadedFile("x.png", PNG, "image/png")
        post(marketer, step, **{"b2-alt": "A rota", "b2-upload": upload})

    picture = Picture.objects.get()
    step.refresh_from_db()
    mail = marketer.get(url("preview", step)).text
    shown = Client().get(reverse("nurturing:picture", args=(picture.pk,)))
    assert step.content[1]["src"] == f"asset:{picture.pk}"
    assert f'/i/{picture.pk}/" width="552"' in mail
    assert (shown.content, shown["Content-Type"]) == (PNG, "image/png")
    assert shown["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("data", [b"<svg onload=alert(1)>", b"", PNG + b"x" * 1_000_000])
def test_what_is_no_picture_for_a_mail_is_refused_beside_its_block(
    marketer: Client, step: Step, data: bytes
) -> None:
    post(marketer, step, do="add:image")

    answer = post(marketer, step, **{"b2-alt": "kept", "b2-upload": SimpleUploadedFile("x.png", data)})

    assert answer.status_code in (302, 422)
    assert not Picture.objects.exists()
    if data:
        assert 'id="b2-upload_error"' in answer.text
        assert 'value="kept"' in answer.text


def test_the_panel_counts_who_lacks_a_value_and_says_what_they_read(marketer: Client, step: Step) -> None:
    CustomField.objects.create(key="budget", label="Budget", type="text")
    for name in ("Ann", "", ""):
        factories.lead(first_name=name, custom={"budget": "x"} if name else {})
    body = "Hello {{ first_name | default: 'there' }}, {{ custom.budget }} {{ organisation }}"

    post(marketer, step, **{"subject": "FREE MONEY NOW!! click here", "b1-text": body})
    panel = marketer.get(url("checks", step), headers={"HX-Request": "true"}).text

    assert "2 of 3 people have no first name" in panel
    assert "They read “there” instead." in panel
    assert "2 of 3 people have no budget" in panel
    assert "The subject shouts" in panel
    assert "“click here”" in panel
    assert "1 address" not in panel


class Page(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        only_get = self.command == "HEAD" and self.path == "/get"
        self.send_response(405 if only_get else 404 if self.path == "/gone" else 200)
        self.end_headers()

    do_GET = do_HEAD

    def log_message(self, *_words: Any) -> None:
        """Quiet."""


def test_links_are_looked_at_in_the_background_and_broken_ones_named(marketer: Client, step: Step) -> None:
    site = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    host = f"127.0.0.1:{site.server_port}"
    body = f"http://{host}/a http://{host}/get http://{host}/gone"

    post(marketer, step, **{"b1-text": body})
    asked = marketer.get(url("checks", step), headers={"HX-Request": "true"}).text
    looked = links.check_waiting(inside=[host])
    again = links.check_waiting(inside=[host])
    marketer.post(url("checks", step))
    panel = marketer.get(url("checks", step), headers={"HX-Request": "true"}).text
    site.shutdown()
    site.server_close()

    assert "3 of 3 addresses not checked yet" in asked
    assert "hx-trigger" in asked
    assert (looked, again) == (3, 0)
    assert f"1 address does not answer<small>http://{host}/gone: It answers 404." in panel
    assert not LinkCheck.objects.filter(waiting=True).exists()


def test_a_link_into_our_own_network_is_never_called() -> None:
    links.ask(["http://127.0.0.1:1/", "http://[::ffff:10.0.0.1]/"])

    links.check_waiting()

    assert set(LinkCheck.objects.values_list("answers", flat=True)) == {False}
    assert all("private address" in row.words for row in LinkCheck.objects.all())


def test_a_form_of_a_stranger_changes_nothing(
    client_of: Callable[[User], Client], rita: User, step: Step
) -> None:
    for name in ("content", "checks", "preview"):
        assert client_of(rita).post(url(name, step), {"subject": "x"}).status_code in (403, 405)

    assert ContentForm(Step.objects.get(pk=step.pk)).subject == "Hello"
