"""A compiled mail reads like one that the email package would have made."""

import email
import quopri
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nurturing import merging, rendering
from nurturing.content import markup
from nurturing.content.schema import from_text
from nurturing.rendering import Addresses, Letter, Mail, Sender

SENDER = Sender("Quillstone & Søn", "Dana Cole", "dana@quillstone.example", "Kai 4\n20457 Hamburg")


def filled(body: str, subject: str = "Hi", **values: object) -> EmailMessage:
    mail = Mail(subject=subject, content=from_text(body), sender=SENDER, list_name="campaign-3")
    addresses = Addresses(
        "https://t.example/u/1/",
        "https://t.example/o/1.gif",
        lambda target: f"https://t.example/c/{len(target)}/",
    )
    letter = Letter("abc", "ann@buyer.example", values, addresses, datetime(2026, 11, 17, 14, 26, tzinfo=UTC))
    raw = mail.fill(letter)
    assert max(len(line) for line in raw.split(b"\r\n")) <= 78
    assert b"\n" not in raw.replace(b"\r\n", b"")
    return email.message_from_bytes(raw, policy=policy.default)


def text_of(mail: EmailMessage) -> str:
    return mail.get_body(("plain",)).get_content().replace("\r\n", "\n")


def html_of(mail: EmailMessage) -> str:
    return mail.get_body(("html",)).get_content().replace("\r\n", "\n")


def test_paragraphs_links_lists_and_a_button() -> None:
    mail = filled(
        "Hello **you**,\n\n- one\n- [two](https://a.example/x)\n\n[button: Get it](https://b.example/)"
    )

    assert (
        "Hello you,\n\n- one\n- two (https://t.example/c/19/)\n\nGet it:\nhttps://t.example/c/18/"
        in text_of(mail)
    )
    assert "Hello <b>you</b>," in html_of(mail)
    assert "<li>one</li>" in html_of(mail)
    assert '<a href="https://t.example/c/18/"' in html_of(mail)
    assert mail.defects == []


def test_values_are_escaped_where_they_stand_and_defaults_fill_gaps() -> None:
    body = 'Dear {{ first_name | default: "R&D" }}, {{ company }}'

    full, empty = filled(body, first_name="<i>Ann</i>", company="A & B"), filled(body)

    assert "Dear <i>Ann</i>, A & B" in text_of(full)
    assert "Dear &lt;i&gt;Ann&lt;/i&gt;, A &amp; B" in html_of(full)
    assert "Dear R&amp;D, <" in html_of(empty)


@settings(deadline=None)
@given(st.text(max_size=400), st.text(max_size=120))
def test_whatever_a_field_holds_the_mail_stays_whole(value: str, name: str) -> None:
    mail = filled("A {{ company }} B", "For {{ first_name }}", company=value, first_name=name)

    assert text_of(mail).startswith(f"A {merging.clean(value)} B\n")
    assert mail["Subject"].split() == merging.clean(f"For {merging.clean(name)}").split()
    assert mail.keys().count("Subject") == 1
    assert mail["Bcc"] is None


@settings(deadline=None)
@given(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=30)),
    st.text(alphabet=st.characters(exclude_characters='"\\{}%', exclude_categories=["Cs"]), max_size=12),
)
def test_a_plain_merge_field_reads_as_the_language_says(value: object, otherwise: str) -> None:
    for field in ("{{ city }}", f'{{{{city|default:"{otherwise}"}}}}'):
        said = merging._environment.from_string(field).render(city=value)

        assert merging.fill(field, {"city": value}) == merging.clean(said)


@settings(deadline=None)
@given(st.text(alphabet="ab=.\n üé€\t", max_size=300))
def test_quoted_printable_survives_the_way(text: str) -> None:
    coded = rendering.quoted(text)

    assert quopri.decodestring(coded).decode().replace("\r\n", "\n") == text
    assert all(len(line) <= 76 for line in coded.split(b"\r\n"))


@pytest.mark.parametrize(
    "address",
    ["a b@x.example", "a@x.example\r\nBcc: b@y.example", "no-at", "a@<x>.example", "é@x.example", ""],
)
def test_an_address_that_could_break_the_envelope_is_refused(address: str) -> None:
    with pytest.raises(rendering.CannotCompose):
        rendering.envelope_address(address)


def test_a_domain_in_another_script_is_written_in_ascii() -> None:
    assert rendering.envelope_address("ann@bücher.example") == "ann@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "target", ["javascript:alert(1)", "//evil.example", "ftp://a.example", "https://", "data:text/html,x", ""]
)
def test_a_link_that_is_no_web_address_is_refused(target: str) -> None:
    assert markup.problems(f"[x]({target})")
