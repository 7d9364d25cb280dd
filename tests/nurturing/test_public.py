"""What a mail links to: unsubscribe, click, open."""

from datetime import timedelta

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone

from leads.models import Activity, Suppression
from nurturing import letters, tokens
from nurturing.models import Enrolment, Message, TrackedLink, Unsubscribe
from tests.nurturing import factories

pytestmark = pytest.mark.django_db
BROWSER = {
    "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "HTTP_ACCEPT": "text/html,*/*;q=0.8",
    "HTTP_ACCEPT_LANGUAGE": "nb",
    "REMOTE_ADDR": "203.0.113.9",
}


@pytest.fixture
def message() -> Message:
    mail = factories.queued()
    Message.objects.update(state="accepted", sent_at=timezone.now() - timedelta(minutes=10))
    mail.refresh_from_db()
    return mail


def address(name: str, message: Message, link_id: int = 0) -> str:
    purpose = {"unsubscribe": "u", "click": "c", "open": "o"}[name]
    full = letters.web_address(f"nurturing:{name}", tokens.sign(purpose, message.key, link_id))
    return "/" + full.split("/", 3)[3]


def activities(machine: bool = False) -> list[str]:
    factories.let_hits_settle()
    return list(Activity.objects.filter(shape__machine=machine).values_list("shape__kind", flat=True))


def test_looking_at_the_page_unsubscribes_nobody(client: Client, message: Message) -> None:
    for method in (client.get, client.head):
        response = method(address("unsubscribe", message))

    assert response.status_code == 200
    assert not Suppression.objects.exists()


def test_the_button_unsubscribes_at_once(client: Client, message: Message) -> None:
    response = client.post(address("unsubscribe", message), {"from": "page"})

    assert "You are unsubscribed" in response.text
    assert Suppression.objects.get().address == message.to_address
    assert Unsubscribe.objects.get().how == "page"
    assert Enrolment.objects.get().ended_because == "unsubscribed"
    assert activities() == ["email_unsubscribe"]


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b"]
)
def test_one_click_needs_no_cookie_and_no_csrf_token(message: Message, content_type: str) -> None:
    bodies = {
        "application/x-www-form-urlencoded": b"List-Unsubscribe=One-Click",
        "multipart/form-data; boundary=b": (
            b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
        ),
    }
    strict = Client(enforce_csrf_checks=True)

    response = strict.post(address("unsubscribe", message), bodies[content_type], content_type=content_type)

    assert response.status_code == 200
    assert Unsubscribe.objects.get().how == "one_click"


def test_unsubscribing_twice_changes_nothing(client: Client, message: Message) -> None:
    for _ in range(2):
        client.post(address("unsubscribe", message), {"from": "page"})

    assert Suppression.objects.count() == Unsubscribe.objects.count() == 1
    assert "already" in client.get(address("unsubscribe", message)).text


def test_a_link_survives_a_new_secret_key(client: Client, message: Message, settings: object) -> None:
    old = address("unsubscribe", message)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "brand new", [settings.SECRET_KEY]

    assert client.get(old).status_code == 200


def test_a_click_leads_to_the_stored_target_only(client: Client, message: Message) -> None:
    link = TrackedLink.objects.get(step=message.step)

    response = client.get(address("click", message, link.pk) + "?url=https://evil.example", **BROWSER)

    factories.let_hits_settle()
    message.refresh_from_db()
    assert (response.status_code, response["Location"]) == (302, "https://quillstone.example/guide")
    assert message.clicked_at is not None
    assert activities() == ["email_click"]


OPEN_REDIRECTS = (
    "https://evil.example", "//evil.example", "///evil.example", "\\\\evil.example", "/\\evil.example",
    "https:evil.example", "https:/evil.example", "http:\\\\evil.example", "javascript:alert(1)",
    "%0d%0aLocation:%20//evil.example",
    "data:text/html,<script>1</script>", "//evil.example/%2f..", "https://quillstone.example@evil.example",
    "https://quillstone.example.evil.example", "//evil%E3%80%82example",
    "////evil.example/%2e%2e", "%09//evil.example",
    "https://evil.example#https://quillstone.example/guide", "〱evil.example", "%68%74%74%70%73%3a//evil.example",
)  # fmt: skip
NAMES = (
    "url",
    "u",
    "to",
    "next",
    "redirect",
    "redirect_uri",
    "target",
    "dest",
    "r",
    "link",
    "continue",
    "return",
)


def test_no_known_trick_makes_a_link_lead_elsewhere(client: Client, message: Message) -> None:
    link = TrackedLink.objects.get(step=message.step)
    path = address("click", message, link.pk)

    for trick in OPEN_REDIRECTS:
        asked = [
            client.get(path, dict.fromkeys(NAMES, trick), **BROWSER),
            client.get(path + trick, **BROWSER),
        ]
        targets = {answer.headers.get("Location") for answer in asked if answer.status_code != 404}
        assert targets <= {"https://quillstone.example/guide"}


@pytest.mark.parametrize(
    "target", ["javascript:alert(1)", "data:text/html,x", "ftp://files.example", "//evil.example"]
)
def test_a_stored_target_that_is_no_web_address_is_not_followed(
    client: Client, message: Message, target: str
) -> None:
    link = TrackedLink.objects.create(step=message.step, url=target)

    assert client.get(address("click", message, link.pk), **BROWSER).status_code == 404


def test_a_link_of_another_mail_leads_nowhere(client: Client, message: Message) -> None:
    other = TrackedLink.objects.exclude(step=message.step).first()

    assert client.get(address("click", message, other.pk), **BROWSER).status_code == 404


@pytest.mark.parametrize("path", ["/u/x/", "/c/x/", "/o/x.gif", "/u/%00/", "/c/" + "x" * 500 + "/"])
def test_a_forged_address_is_not_found(client: Client, path: str) -> None:
    assert client.post(path).status_code in (404, 405)
    assert client.get(path).status_code == 404


def test_a_token_is_good_for_its_own_purpose_only(client: Client, message: Message) -> None:
    opening = tokens.sign(tokens.OPEN, message.key)
    other_salt = signing.Signer(salt="other", sep=".").sign("u" + opening[1:23])

    assert client.get(f"/u/{opening}/").status_code == 404
    assert client.get(f"/u/{other_salt}/").status_code == 404


@pytest.mark.parametrize(
    ("method", "agent", "age"),
    [
        ("head", BROWSER["HTTP_USER_AGENT"], 600),
        ("get", "", 600),
        ("get", "Barracuda Sentinel (EE)", 600),
        ("get", "Mozilla/5.0 (compatible; bingbot/2.0)", 600),
        ("get", BROWSER["HTTP_USER_AGENT"], 1),
    ],
)
def test_a_scanners_click_is_kept_but_is_not_the_leads(
    client: Client, message: Message, method: str, agent: str, age: int
) -> None:
    link = TrackedLink.objects.get(step=message.step)
    Message.objects.update(sent_at=timezone.now() - timedelta(seconds=age))

    response = getattr(client, method)(address("click", message, link.pk), HTTP_USER_AGENT=agent)

    message.refresh_from_db()
    assert response.status_code == 302
    assert message.clicked_at is None
    assert (activities(), activities(machine=True)) == ([], ["email_click"])


def test_a_persons_click_counts_although_a_scanner_was_first(client: Client, message: Message) -> None:
    link = TrackedLink.objects.get(step=message.step)
    client.get(address("click", message, link.pk), HTTP_USER_AGENT="scanner")

    client.get(address("click", message, link.pk), **BROWSER)

    assert (activities(), activities(machine=True)) == (["email_click"], ["email_click"])


def test_a_click_that_is_the_goal_ends_the_run(client: Client, message: Message) -> None:
    message.enrolment.campaign.goal = "email_click"
    message.enrolment.campaign.save()
    link = TrackedLink.objects.get(step=message.step)

    client.get(address("click", message, link.pk), **BROWSER)
    factories.let_hits_settle()

    assert Enrolment.objects.get().ended_because == "goal"


def test_an_open_counts_for_people_and_not_for_apples_proxy(client: Client, message: Message) -> None:
    picture = client.get(address("open", message), HTTP_USER_AGENT="Mozilla/5.0")
    message.refresh_from_db()
    assert message.opened_at is None

    client.get(address("open", message), **BROWSER)
    client.get(address("open", message), **BROWSER)

    factories.let_hits_settle()
    message.refresh_from_db()
    assert picture["Content-Type"] == "image/gif"
    assert message.opened_at is not None
    assert (activities(), activities(machine=True)) == (["email_open"], ["email_open"])


def test_a_test_mails_link_says_that_it_is_one(client: Client) -> None:
    token = tokens.sign(tokens.UNSUBSCRIBE, tokens.TEST)

    response = client.post(f"/u/{token}/")

    assert "test mail" in response.text
    assert not Suppression.objects.exists()


def test_the_page_to_unsubscribe_speaks_the_readers_language(client: Client) -> None:
    message = factories.queued(language="de")

    page = client.get(f"/u/{tokens.sign(tokens.UNSUBSCRIBE, message.key)}/").content.decode()

    assert "Unsere Werbung abstellen?" in page
    assert '<html lang="de"' in page
