"""Campaign mails through a mail service's API: each once, and whatever is not certain is settled by its events."""

from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from config import mail
from leads.models import Suppression
from nurturing import delivery, transports
from nurturing.esp.transport import composed
from nurturing.models import MailTrouble, Message
from nurturing.transports import Parcel
from tests.nurturing import factories
from tests.nurturing.api_server import ApiServer
from tests.nurturing.esp_posts import SETTINGS, post

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(settings: Any) -> Iterator[ApiServer]:
    with ApiServer() as server:
        url = f"anymail+postmark://token@?api_url={server.url}"
        settings.MAIL_TRANSPORT = "nurturing.esp.transport.Anymail"
        settings.EMAIL_BACKEND = mail.backend_of(url)
        settings.ANYMAIL = mail.anymail_settings(url, {}) | SETTINGS
        yield server


def sent(mode: str | int, api: ApiServer) -> Message:
    message = factories.queued()
    api.mode = mode
    delivery.send_due()
    message.refresh_from_db()
    return message


def test_a_mail_goes_to_the_service_once_with_its_key_and_its_own_links(api: ApiServer) -> None:
    message = sent("take", api)
    delivery.send_due()

    [taken] = api.taken
    headers = {header["Name"]: header["Value"] for header in taken["Headers"]}
    assert (message.state, message.reply) == ("accepted", "250 The mail service took it: pm-1")
    assert taken["Metadata"] == {"tandem_message": message.key.hex}
    assert (taken["To"], taken["Subject"]) == (message.to_address, "First")
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "/u/" in headers["List-Unsubscribe"]
    assert "/c/" in taken["TextBody"]
    assert "/c/" in taken["HtmlBody"]
    assert (taken["TrackOpens"], taken["TrackLinks"]) == (False, "None")


@pytest.mark.parametrize("mode", ["hang", "garble", 500, 502])
def test_without_a_clear_answer_nothing_is_repeated_and_an_event_settles_it(
    api: ApiServer, client: Client, mode: str | int
) -> None:
    message = sent(mode, api)
    before = message.state
    delivery.send_due()

    told = {"RecordType": "Delivery", "Recipient": message.to_address, "MessageID": "pm-1"}
    post(client, "postmark", told | {"Metadata": {"tandem_message": message.key.hex}})

    message.refresh_from_db()
    assert (before, message.state) == ("unknown", "accepted")
    assert len(api.taken) <= 1


@pytest.mark.parametrize(
    ("mode", "state"), [(422, "rejected"), (429, "queued"), (503, "queued"), (401, "queued")]
)
def test_a_clear_no_is_one(api: ApiServer, mode: int, state: str) -> None:
    message = sent(mode, api)

    assert message.state == state
    assert f"answered {mode}" in message.reply
    assert not Suppression.objects.exists()


def test_a_key_that_is_refused_costs_the_other_mails_no_try_and_is_shown(api: ApiServer) -> None:
    first = sent(401, api)
    second = sent(401, api)

    assert "refuses our key" in MailTrouble.objects.get().reason
    assert (first.failures, second.failures) == (1, 0)
    assert second.state == "queued"


def test_a_service_out_of_reach_costs_no_mail_a_try(settings: Any) -> None:
    settings.MAIL_TRANSPORT = "nurturing.esp.transport.Anymail"
    url = "anymail+postmark://token@?api_url=http://127.0.0.1:1/"
    settings.EMAIL_BACKEND, settings.ANYMAIL = mail.backend_of(url), mail.anymail_settings(url, {})
    message = factories.queued()

    delivery.send_due()

    message.refresh_from_db()
    assert (message.state, message.failures) == ("queued", 0)
    assert "cannot be reached" in MailTrouble.objects.get().reason


def test_a_service_without_its_key_says_so(settings: Any) -> None:
    settings.EMAIL_BACKEND, settings.ANYMAIL = mail.backend_of("anymail+brevo://"), {}
    settings.MAIL_TRANSPORT = "nurturing.esp.transport.Anymail"

    with pytest.raises(transports.ServerAway, match="not set up"):
        transports.chosen().open()


def test_what_is_attached_goes_along() -> None:
    letter = EmailMessage()
    letter["From"], letter["Subject"] = "Dana Cole <dana@quillstone.example>", "Über uns"
    letter.set_content("Text")
    letter.add_alternative("<p>HTML</p>", subtype="html")
    letter.add_attachment(b"BEGIN:VCALENDAR", maintype="text", subtype="calendar", filename="invite.ics")

    message = composed(Parcel("ab", "b@c.example", "d@e.example", letter.as_bytes()))

    assert (message.subject, message.body.strip()) == ("Über uns", "Text")
    assert [(name, kind) for name, _, kind in message.attachments] == [("invite.ics", "text/calendar")]


@pytest.mark.parametrize("name", sorted(mail.SERVICES))
def test_each_service_is_named_in_the_url(name: str) -> None:
    url = f"anymail+{name.replace('_', '-')}://k%40y:second@host.example?ignored=1"

    found = mail.anymail_settings(url, {"ANYMAIL_WEBHOOK_SECRET": "a:b, c:d", "ANYMAIL_X": "y"})

    assert mail.backend_of(url) == f"anymail.backends.{name}.EmailBackend"
    assert found["WEBHOOK_SECRET"] == ["a:b", "c:d"]
    assert found["X"] == "y"
    assert name == "amazon_ses" or "k@y" in found.values()


def test_a_service_nobody_knows_is_named() -> None:
    with pytest.raises(ImproperlyConfigured, match="Known: amazon_ses, brevo"):
        mail.backend_of("anymail+pigeon://")
