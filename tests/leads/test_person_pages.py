"""An admin answers a person: a copy of everything, and the erasure with its second look."""

import csv
import io
import json
import zipfile

import pytest
from django.core.management import call_command
from django.utils import timezone

from leads.models import Lead, PersonRequest
from leads.services import person_requests
from leads.services.activities import NewActivity, record_activities
from leads.services.people import update_fields, upsert_lead

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def jane(mara):
    lead = upsert_lead(values={"name": "Jane Roe", "title": "=1+1"}, source="form", email="jane@b.example")[0]
    update_fields(lead=lead, values={"title": "CFO"}, source="typed", actor=mara)
    record_activities([NewActivity(lead.pk, "note", timezone.now(), {"text": "Called twice"})])
    return lead


def copied(client, lead):
    client.post(f"/leads/{lead.pk}/person/copy/")
    person_requests.work_on(PersonRequest.objects.get().pk)
    link = person_requests.link(PersonRequest.objects.get())
    return f"/people/copies/{link}/"


def test_the_copy_holds_everything_as_json_and_csv_former_values_too(ada, jane, client_of):
    client = client_of(ada)
    address = copied(client, jane)
    assert 'href="/people/copies/' in client.get(f"/leads/{jane.pk}/person/").content.decode()

    archive = zipfile.ZipFile(io.BytesIO(b"".join(client.get(address).streaming_content)))

    assert json.loads(archive.read("leads_lead.json"))[0]["email"] == "jane@b.example"
    assert json.loads(archive.read("leads_activity.json"))[0]["props"] == {"text": "Called twice"}
    former = list(csv.DictReader(io.StringIO(archive.read("leads_lead_history.csv").decode("utf-8-sig"))))
    assert {row["title"] for row in former} == {"'=1+1", "CFO"}


def test_a_copy_is_for_admins_with_the_signed_link_and_ends(ada, mara, jane, client_of):
    address = copied(client_of(ada), jane)

    assert client_of(mara).get(address).status_code == 403
    assert client_of(ada).get("/people/copies/forged/").status_code == 404
    PersonRequest.objects.update(expires_at=timezone.now())
    assert client_of(ada).get(address).status_code == 404
    name = PersonRequest.objects.get().file
    person_requests.forget_copies()
    assert not name.storage.exists(name.name)


def test_an_erasure_wants_the_address_typed(ada, jane, client_of):
    client = client_of(ada)

    answer = client.post(f"/leads/{jane.pk}/erasure/", {"typed": "jane"})

    assert answer.status_code == 422
    assert 'value="jane"' in answer.content.decode()
    assert not PersonRequest.objects.exists()
    assert client.post(f"/leads/{jane.pk}/erasure/", {"typed": "Jane@b.example"}).status_code == 302
    assert client.post(f"/leads/{jane.pk}/erasure/", {"typed": "jane@b.example"}).status_code == 422


@pytest.mark.parametrize("path", ["person/", "person/copy/", "erasure/"])
def test_only_admins_answer_for_people(mara, max, jane, client_of, path):
    for user in (mara, max):
        assert client_of(user).post(f"/leads/{jane.pk}/{path}", {"typed": jane.email}).status_code == 403
    assert not PersonRequest.objects.exists()


def test_after_a_restore_numbers_are_enough(jane, capsys):
    call_command("erase_again", str(jane.pk), "999999")

    assert capsys.readouterr().out.split("\n")[:2] == [f"{jane.pk}: erased", "999999: not there"]
    assert Lead.objects.get(pk=jane.pk).email is None


@pytest.mark.django_db(transaction=True)
def test_an_admin_looks_asks_for_a_copy_and_erases(ada, jane, page_as, axe):
    page = page_as(ada, f"/leads/{jane.pk}/person/", width=390, theme="dark")
    axe(page)
    page.get_by_role("button", name="Make a copy").click()
    page.get_by_text("Under way").wait_for()
    axe(page)
    page.get_by_role("link", name="Look at what would go").click()
    axe(page)
    page.get_by_label("to confirm").fill("jane@b.example")
    page.get_by_role("button", name="Erase for good").click()

    page.get_by_text("The erasure is under way").first.wait_for()
    axe(page)
    assert PersonRequest.objects.filter(kind="erase").count() == 1
