"""Merging on the pages: choosing the other one, the preview, the merge, taking it apart."""

import pytest
from django.utils import timezone

from leads.models import Lead, LeadMerge
from leads.services.people import update_fields, upsert_lead

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(mara):
    ann = upsert_lead(
        values={"name": "Ann Lee", "title": "Buyer", "custom.fleet": "12"},
        source="import",
        email="ann@acme.example",
    )[0]
    anna = upsert_lead(
        values={"name": "Anna Lee", "title": "Head of fleet", "city": "Oslo"}, source="form", external_id="x1"
    )[0]
    return ann, anna


def address(winner, loser):
    return f"/leads/{winner.pk}/merge/?with={loser.pk}"


def merge(client, pair, **sides):
    winner, loser = pair
    seen = client.get(address(winner, loser)).context["preview"].seen
    data = {"with": loser.pk, "seen": seen} | {f"side.{name}": side for name, side in sides.items()}
    return client.post(f"/leads/{winner.pk}/merge/", data)


def test_the_preview_says_which_value_stands_why_and_what_moves(mara, client_of, pair):
    page = client_of(mara).get(address(*pair)).content.decode()

    assert "Head of fleet" in page
    assert "They filled it in themselves" in page
    assert "1 name for machines moves over." in page
    assert "Mails, alerts and files that went out meanwhile stay out." in page


def test_what_was_chosen_stands_and_the_page_of_the_lead_offers_to_take_it_apart(mara, client_of, pair):
    winner, loser = pair

    answer = merge(client_of(mara), pair, title="mine", city="theirs")

    winner.refresh_from_db()
    assert answer.status_code == 302
    assert (winner.title, winner.city) == ("Buyer", "Oslo")
    done = LeadMerge.objects.get()
    assert done.by == mara
    assert f"/merges/{done.pk}/" in client_of(mara).get(f"/leads/{winner.pk}/").content.decode()
    assert client_of(mara).post(f"/merges/{done.pk}/").status_code == 302
    assert Lead.objects.get(pk=loser.pk).merged_into is None


def test_who_changed_meanwhile_is_shown_again_and_nothing_is_merged(mara, client_of, pair):
    winner, loser = pair
    client = client_of(mara)
    seen = client.get(address(*pair)).context["preview"].seen
    update_fields(lead=loser, values={"title": "CFO"}, source="typed", actor=mara)

    answer = client.post(
        f"/leads/{winner.pk}/merge/", {"with": loser.pk, "seen": seen, "side.title": "theirs"}
    )

    assert answer.status_code == 409
    assert "CFO" in answer.content.decode()
    assert not LeadMerge.objects.exists()


@pytest.mark.parametrize("other", ["0", "x", "-1", "9" * 30, "self"])
def test_somebody_who_is_not_there_is_not_found(mara, client_of, pair, other):
    number = pair[0].pk if other == "self" else other

    assert client_of(mara).get(f"/leads/{pair[0].pk}/merge/?with={number}").status_code == 404


def test_sales_cannot_merge(max, client_of, pair):
    assert client_of(max).get(address(*pair)).status_code == 403


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("width", "theme"), [(390, "dark")])
def test_a_marketer_finds_the_other_merges_and_takes_it_apart(mara, pair, page_as, axe, width, theme):
    winner = pair[0]
    Lead.objects.create(first_name="Else", last_name="Lee", created_at=timezone.now())
    page = page_as(mara, f"/leads/{winner.pk}/merge/", width=width, theme=theme)
    axe(page)

    page.get_by_role("link", name="Compare with Anna Lee").click()
    axe(page)
    page.get_by_role("radio", name="Anna Lee: Anna").check()
    page.get_by_role("button", name="Merge", exact=True).click()
    page.get_by_text("is part of").first.wait_for()
    page.get_by_role("link", name="Take the merge with Anna Lee apart").click()
    axe(page)
    page.get_by_role("button", name="Take apart").click()

    page.get_by_text("is a lead of its own again").first.wait_for()
    assert not LeadMerge.objects.exists()
