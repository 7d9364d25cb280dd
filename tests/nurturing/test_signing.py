"""Every mail that arrives verifies with dkimpy, whatever is in it, and no change goes unnoticed."""

from datetime import UTC, datetime
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from nurturing import delivery
from nurturing.models import MailTrouble, Message
from nurturing.signing import BadKey, Signer
from tests.nurturing import factories
from tests.nurturing.sink import Sink

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def pem(key: Any) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


RSA = pem(generate_private_key(65537, 2048))
ED25519 = pem(Ed25519PrivateKey.generate())
SIGNERS = [Signer.of(domain="quillstone.example", selector="mail", pem=key) for key in (RSA, ED25519)]


def verifies(mail: bytes, signer: Signer) -> bool:
    """As a receiver sees it: with the record from the DNS."""

    def dns(name: bytes, timeout: int = 5) -> bytes:
        assert name == b"mail._domainkey.quillstone.example."
        return signer.record.encode()

    try:
        return dkim.DKIM(mail).verify(dnsfunc=dns)
    except dkim.ValidationError:
        return False


lines = st.lists(st.text("ab .\t=ø", max_size=90), max_size=8).map("\r\n".join)


@pytest.mark.parametrize("signer", SIGNERS)
@given(subject=st.text("ab \t:=", max_size=60), body=lines)
def test_whatever_the_body_the_signature_verifies(signer: Signer, subject: str, body: str) -> None:
    head = f"From: Dana <dana@quillstone.example>\r\nSubject: {subject}\r\n folded  on\r\nTo: a@b.example"
    mail = f"{head}\r\n\r\nHello\r\n{body}\r\n".encode()

    signed = signer.sign(mail, AT)

    assert signed.endswith(mail)
    assert verifies(signed, signer)
    assert verifies(signed + b"\r\n", signer)  # as the end of DATA leaves it
    assert max(map(len, signed.partition(b"From:")[0].split(b"\r\n"))) <= 120


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"Subject: Hello", b"Subject: Hullo"),
        (b"the guide", b"the bribe"),
        (b"From: Dana", b"From: Eve <eve@evil.example>\r\nFrom: Dana"),
        (b"List-Unsubscribe: <x>", b"List-Unsubscribe: <y>"),
    ],
)
def test_a_change_on_the_way_is_noticed(before: bytes, after: bytes) -> None:
    mail = b"From: Dana <dana@quillstone.example>\r\nSubject: Hello\r\nList-Unsubscribe: <x>\r\n\r\nRead the guide.\r\n"
    signed = SIGNERS[0].sign(mail, AT)
    assert verifies(signed, SIGNERS[0])

    changed = signed.replace(before, after)

    assert changed != signed
    assert not verifies(changed, SIGNERS[0])


@pytest.mark.django_db
@pytest.mark.parametrize("key", [RSA, ED25519.replace("\n", "\\n")], ids=["rsa", "ed25519"])
def test_every_mail_that_arrives_is_signed(sink: Sink, settings: Any, key: str) -> None:
    settings.DKIM_DOMAIN, settings.DKIM_SELECTOR, settings.DKIM_KEY = "quillstone.example", "mail", key
    campaign = factories.running()
    for name in ("Åse", ".", "x" * 140, "=?utf-8?q?x?="):
        factories.queued(campaign, first_name=name)

    delivery.send_due()

    signer = Signer.of(domain="quillstone.example", selector="mail", pem=key)
    assert len(sink.accepted) == 4
    assert all(verifies(mail, signer) for mail in sink.accepted)
    covered = sink.mails[0]["DKIM-Signature"].replace(" ", "")
    assert "list-unsubscribe:list-unsubscribe-post" in covered


@pytest.mark.django_db
def test_with_a_key_that_cannot_be_used_nothing_leaves_unsigned(sink: Sink, settings: Any) -> None:
    settings.DKIM_DOMAIN, settings.DKIM_SELECTOR, settings.DKIM_KEY = "quillstone.example", "mail", "secret"
    message = factories.queued()

    delivery.send_due()

    assert sink.accepted == []
    assert Message.objects.get(pk=message.pk).state == "queued"
    assert "DKIM" in MailTrouble.objects.get().reason
    assert "secret" not in MailTrouble.objects.get().reason


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"domain": ""}, "DKIM_DOMAIN"),
        ({"selector": "a b"}, "DKIM_SELECTOR"),
        ({"pem": RSA[:200]}, "no private key"),
        ({"pem": pem(generate_private_key(65537, 1024))[::-1]}, "no private key"),
    ],
)
def test_a_key_that_cannot_be_used_says_why(change: dict[str, str], words: str) -> None:
    with pytest.raises(BadKey, match=words):
        Signer.of(**({"domain": "a.example", "selector": "s", "pem": RSA} | change))
