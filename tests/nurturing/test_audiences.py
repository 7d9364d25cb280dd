"""Ad audiences: who leaves the house, as what, and who never does."""

import csv
import hashlib
import io
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from leads.models import Consent, Lead
from leads.services import merges
from leads.services.consent import suppress
from nurturing import audiences
from nurturing.ad_formats import FORMATS, Person, address, e164
from nurturing.models import Audience, AudienceExport, AudienceMember
from nurturing.services import advancing
from nurturing.services.audiences import add_members, create_audience, note_upload, remove_members
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


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("नीता", "नीता"),
        ("Zoe\u0308", "zo\u00eb"),
        ("Valéry", "valéry"),
        ("정", "정"),
        ("D'Arcy-Smith 2.", "darcysmith"),
        ("Нина_1", "нина"),
    ],
)
def test_meta_gets_letters_of_every_script_with_their_marks(name: str, expected: str) -> None:
    row = FORMATS["meta"].row(Person("a@b.example", "", name, name, "", name))

    assert row[2:5] == (sha(expected),) * 3


def test_a_name_has_one_hash_however_its_accents_are_typed() -> None:
    for kind in FORMATS.values():
        assert kind.row(Person("zoe\u0308@b.example", "", "Zoe\u0308")) == kind.row(
            Person("zo\u00eb@b.example", "", "Zo\u00eb")
        )


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
    assert audiences.counts([audience])[audience.pk] == (4, 1)


def test_nobody_is_taken_off_a_list_they_never_stood_on(client_of: Any, mara: User) -> None:
    audience = create_audience(name="Energy ops", actor=None)
    member(audience, agreed=False)
    member(audience, agreed=False)

    answer = client_of(mara).post(f"/audiences/{audience.pk}/google.csv", {"removal": "1"}, follow=True)

    page = answer.content.decode()
    assert "There is nobody to export" in page
    assert "to take off<" not in page
    assert not AudienceExport.objects.exists()


@pytest.mark.parametrize("network", FORMATS)
def test_the_file_to_take_off_names_addresses_as_they_were_uploaded(
    client_of: Any, mara: User, network: str
) -> None:
    audience = create_audience(name="Energy ops", actor=None)
    stays = member(audience, email="b.o@gmail.com", first_name="Bo")
    moved, back = member(audience, email="old.one@gmail.com"), member(audience, email="c@fjord.example")
    file = f"/audiences/{audience.pk}/{network}.csv"
    given = [next(iter(row.values())) for row in table(client_of(mara).post(file))]
    Lead.objects.filter(pk=moved.pk).update(email="new@fjord.example")
    said(back, "withdrawn")
    member(audience, agreed=False)

    taken = table(client_of(mara).post(file, {"removal": "1"}))

    google = network == "google"
    left = {sha("oldone@gmail.com" if google else "old.one@gmail.com"), sha("c@fjord.example")}
    assert [list(row) for row in taken] == [[FORMATS[network].header[0]]] * 2
    assert {next(iter(row.values())) for row in taken} == left
    assert set(given) == left | {sha("bo@gmail.com" if google else stays.email)}
    assert not audiences.gone(audience, next(key for key in FORMATS if key != network)).exists()


@pytest.mark.parametrize("network", ["google", "meta"])
def test_files_of_before_uploads_were_noted_can_be_taken_back_too(network: str) -> None:
    audience = create_audience(name="Energy", actor=None)
    given = member(audience, email="lea.berg@gmail.com")
    AudienceExport.objects.create(audience=audience, network=network, rows=1)
    member(audience)
    AudienceMember.objects.exclude(lead=given).update(since=Now() + timedelta(minutes=1))

    with connection.cursor() as cursor:
        cursor.execute(import_module("nurturing.migrations.0030_earlier_ad_uploads").NOTE)
        cursor.execute(import_module("nurturing.migrations.0030_earlier_ad_uploads").NOTE)

    remove_members(audience_id=audience.pk, leads=[given.pk])
    assert list(audiences.gone(audience, network)) == [
        sha(address("lea.berg@gmail.com", google=network == "google"))
    ]


def test_who_comes_back_is_not_taken_off() -> None:
    audience = create_audience(name="Energy ops", actor=None)
    lead = member(audience)
    note_upload(audience=audience, network="meta", actor=None)
    remove_members(audience_id=audience.pk, leads=[lead.pk])
    away = audiences.gone(audience, "meta").count()

    add_members(audience_id=audience.pk, leads=[lead.pk], source="test")

    assert (away, audiences.gone(audience, "meta").count()) == (1, 0)


def test_a_place_follows_a_merge_and_goes_back() -> None:
    audience = create_audience(name="Energy ops", actor=None)
    loser, winner = member(audience), factories.lead()
    said(winner)

    merge = merges.merge_leads(winner=winner, loser=loser, cause="test", by=None)
    merged = list(audiences.people(audience))
    merges.unmerge(merge=merge)

    assert merged == [winner]
    assert list(audiences.people(audience)) == [loser]


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
