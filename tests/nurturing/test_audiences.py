"""Ad audiences: who leaves the house, as what, and who never does."""

import csv
import hashlib
import io
from typing import Any

import pytest
from django.db.models.functions import Now
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from leads.models import Consent, Lead
from leads.services.consent import suppress
from nurturing import audiences
from nurturing.ad_formats import FORMATS, Person, address, e164
from nurturing.models import Audience, AudienceExport, AudienceMember
from nurturing.services import advancing
from nurturing.services.audiences import add_members, create_audience, remove_members
from tests.nurturing import factories
from tests.nurturing.test_steps import add, run_of, start

pytestmark = pytest.mark.django_db


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def said(lead: Lead, state: str = "given") -> None:
    basis = "consent" if state == "given" else ""
    Consent.objects.create(
        lead=lead,
        subject_id=lead.pk,
        channel="ads",
        state=state,
        basis=basis,
        wording="You may show me ads.",
        source="form",
    )


def member(audience: Audience, *, agreed: bool = True, **values: object) -> Lead:
    lead = factories.lead(**values)
    if agreed:
        said(lead)
    add_members(audience_id=audience.pk, leads=[lead.pk], source="test")
    return lead


def table(answer: Any) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_each_network_gets_its_columns_and_its_way_of_writing() -> None:
    person = Person(
        " Ingrid.Solheim+x@Gmail.com ", "0170 123 45 67", " Ingrid ", "O'Neill", "Germany", "Bad Homburg"
    )

    rows = {key: dict(zip(kind.header, kind.row(person), strict=True)) for key, kind in FORMATS.items()}

    assert rows["google"] == {
        "Email": sha("ingridsolheim+x@gmail.com"),
        "Phone": sha("+491701234567"),
        "First Name": sha("ingrid"),
        "Last Name": sha("o'neill"),
        "Country": "DE",
        "Zip": "",
    }
    assert rows["meta"] == {
        "email": sha("ingrid.solheim+x@gmail.com"),
        "phone": sha("491701234567"),
        "fn": sha("ingrid"),
        "ln": sha("oneill"),
        "ct": sha("badhomburg"),
        "country": sha("de"),
    }
    assert rows["linkedin"] == {"email": sha("ingrid.solheim+x@gmail.com")}


@given(st.text(), st.text(), st.text())
def test_whatever_is_written_only_hashes_and_codes_come_out(email: str, phone: str, name: str) -> None:
    person = Person(email, phone, name, name, name, name)

    for kind in FORMATS.values():
        for value in kind.row(person):
            assert value == "" or len(value) == 64 or (len(value) == 2 and value.isalpha())


def test_an_empty_value_is_not_hashed() -> None:
    assert address("nobody") == ""
    assert e164("12", "Norway") == ""
    assert set(FORMATS["meta"].row(Person("a@b.example"))[1:]) == {""}


def test_only_those_who_agreed_are_exported() -> None:
    audience = create_audience(name="Energy ops", actor=None)
    yes = member(audience)
    member(audience, agreed=False)
    back = member(audience)
    said(back, "withdrawn")
    gone = member(audience)
    suppress(address=gone.email, reason="unsubscribed", lead=gone)
    left = member(audience)
    remove_members(audience_id=audience.pk, leads=[left.pk])

    assert list(audiences.people(audience)) == [yes]
    assert {back, gone, left} <= set(audiences.gone(audience))
    assert audiences.counts([audience])[audience.pk] == (4, 1)


def test_a_file_is_noted_with_who_fetched_it(client_of: Any, mara: User) -> None:
    audience = create_audience(name="Energy ops", actor=None)
    lead = member(audience, email="ingrid@fjord.example", first_name="=cmd|' /C calc'!A0")

    answer = client_of(mara).post(f"/audiences/{audience.pk}/google.csv")

    assert [row["Email"] for row in table(answer)] == [sha(lead.email)]
    noted = AudienceExport.objects.get()
    assert (noted.network, noted.rows, noted.by, noted.removal) == ("google", 1, mara, False)


def test_an_empty_audience_makes_no_file_and_no_note(client_of: Any, mara: User) -> None:
    audience = create_audience(name="Energy ops", actor=None)
    member(audience, agreed=False)

    answer = client_of(mara).post(f"/audiences/{audience.pk}/meta.csv", follow=True)

    assert "There is nobody to export" in answer.content.decode()
    assert not AudienceExport.objects.exists()


def test_a_rep_gets_no_file(client_of: Any, rita: User) -> None:
    audience = create_audience(name="Energy ops", actor=None)
    member(audience)

    assert client_of(rita).post(f"/audiences/{audience.pk}/google.csv").status_code in (403, 404)
    assert not AudienceExport.objects.exists()


def test_a_step_adds_once_and_another_takes_out() -> None:
    audience = create_audience(name="Energy ops", actor=None)
    campaign = factories.draft()
    add(campaign, "audience", audience=audience.pk, do="add")
    add(campaign, "wait", minutes=60)
    add(campaign, "audience", audience=audience.pk, do="remove")
    start(campaign)
    run = run_of(campaign)

    advancing.advance_due()
    inside = AudienceMember.objects.filter(lead=run.lead_id, left_at=None).count()
    for _ in range(4):
        campaign.enrolments.filter(ended_at=None).update(due_at=Now())
        advancing.advance_due()

    assert inside == 1
    assert AudienceMember.objects.get(lead=run.lead_id).left_at


@pytest.mark.parametrize(("width", "theme"), [(390, "light"), (1440, "dark")])
def test_the_pages_are_whole(page_as: Any, axe: Any, mara: User, width: int, theme: str) -> None:
    page = page_as(mara, "/audiences/", width=width, theme=theme)
    page.get_by_label("Name").fill("Energy ops")
    page.get_by_label("Name").press("Enter")
    page.get_by_role("heading", name="Energy ops").wait_for()
    axe(page)
    member(Audience.objects.get())

    page.reload()

    axe(page)
    assert page.get_by_text("1 of them agreed").is_visible()
