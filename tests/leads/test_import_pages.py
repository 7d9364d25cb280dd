"""The import pages: upload, columns, check, progress, result; and what a wrong file or click does."""

import gzip
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from leads.models import Import, Lead, LeadOutcome
from leads.services import imports

pytestmark = pytest.mark.django_db
FILE = "email,first_name,Shoe size\njane@acme.de,Jane,38\nnobody,Tom,39\n"


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def client(client_of, mara):
    return client_of(mara)


def upload(client, content=FILE, name="leads.csv"):
    data = content if isinstance(content, bytes) else content.encode()
    return client.post(reverse("leads:imports"), {"file": SimpleUploadedFile(name, data)})


def uploaded(client, content=FILE):
    upload(client, content)
    return Import.objects.latest("pk")


def columns_of(client, run):
    page = client.get(reverse("leads:import", args=[run.pk]), {"columns": ""})
    return {f"column-{column['place']}": column["target"] for column in page.context["columns"]}


def test_from_upload_to_result(client):
    run = uploaded(client)
    proposed = columns_of(client, run)
    assert proposed == {"column-0": "email", "column-1": "first_name", "column-2": "custom"}

    client.post(reverse("leads:import_mapping", args=[run.pk]), proposed)
    checked = client.get(reverse("leads:import", args=[run.pk]))
    assert "Nothing is written yet" in checked.content.decode()
    assert not Lead.objects.exists()
    client.post(reverse("leads:import_confirmation", args=[run.pk]))
    waiting = client.get(reverse("leads:import_progress", args=[run.pk]), headers={"HX-Request": "true"})
    assert "Waiting for its turn" in waiting.content.decode()
    imports.work_on(run.pk)

    done = client.get(reverse("leads:import_progress", args=[run.pk]), headers={"HX-Request": "true"})
    assert done["HX-Refresh"] == "true"
    assert (
        "This is not an e-mail address."
        in client.get(reverse("leads:import", args=[run.pk])).content.decode()
    )
    assert Lead.objects.get().custom == {"shoe_size": 38}


def test_known_results_are_mapped_on_the_page(client):
    run = uploaded(client, "email,Bought\na@b.de,yes\nb@b.de,no\n")
    chosen = columns_of(client, run) | {"outcome": "Bought", "won": "yes", "lost": "no, never"}

    client.post(reverse("leads:import_mapping", args=[run.pk]), chosen)
    client.post(reverse("leads:import_confirmation", args=[run.pk]))
    imports.work_on(run.pk)

    assert sorted(LeadOutcome.objects.values_list("result", flat=True)) == ["lost", "won"]


def test_results_that_are_not_understood_stand_in_the_check_before_anything_is_written(client):
    run = uploaded(client, "email,Bought\na@b.de,Yes\nb@b.de,<i>perhaps\n")
    chosen = columns_of(client, run) | {"outcome": "Bought", "won": "yes", "lost": "no, never"}

    client.post(reverse("leads:import_mapping", args=[run.pk]), chosen)
    page = client.get(reverse("leads:import", args=[run.pk])).content.decode()

    assert "1 row: the lead goes in, its outcome stays not known" in page
    assert "&lt;i&gt;perhaps" in page
    assert "As lost: no, never" in page


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"email\n", "no rows below the header"),
        (b"PK\x03\x04" + b"x" * 100, "Excel workbook"),
        (bytes(range(256)) * 4, "not a text file"),
        (gzip.compress(FILE.encode(), mtime=0)[:30], "damaged"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_on_the_spot(client, content, words):
    response = upload(client, content)

    assert response.status_code == 422
    assert words in response.content.decode()
    assert not Import.objects.exists()


def test_no_file_and_too_large_a_file_are_refused(client, monkeypatch):
    assert "Choose a file first" in client.post(reverse("leads:imports")).content.decode()
    monkeypatch.setattr("leads.forms.MOST_UPLOAD", 10)

    assert "at most 50 MB" in upload(client).content.decode()


def test_a_mapping_without_a_name_for_people_keeps_what_was_chosen(client):
    run = uploaded(client)

    response = client.post(
        reverse("leads:import_mapping", args=[run.pk]),
        {"column-0": "", "column-1": "last_name", "column-2": "custom"},
    )

    assert response.status_code == 422
    assert "Choose the column that holds the e-mail address" in response.content.decode()
    assert [column["target"] for column in response.context["columns"]] == ["", "last_name", "custom"]
    run.refresh_from_db()
    assert run.state == "draft"


def test_a_forged_field_is_refused(client):
    run = uploaded(client)

    response = client.post(
        reverse("leads:import_mapping", args=[run.pk]), {"column-0": "email", "column-1": "stage"}
    )

    assert response.status_code == 422
    assert "there is no field stage" in response.content.decode()


def test_a_second_confirmation_says_so_and_does_nothing_twice(client):
    run = uploaded(client)
    client.post(reverse("leads:import_mapping", args=[run.pk]), columns_of(client, run))
    client.post(reverse("leads:import_confirmation", args=[run.pk]))

    again = client.post(reverse("leads:import_confirmation", args=[run.pk]))
    changed = client.post(reverse("leads:import_mapping", args=[run.pk]), {"column-0": "email"})
    discarded = client.post(reverse("leads:import_removal", args=[run.pk]))

    assert (again.status_code, changed.status_code, discarded.status_code) == (409, 409, 409)
    assert "already" in again.content.decode()


def test_a_discarded_file_is_gone(client):
    run = uploaded(client)

    assert client.post(reverse("leads:import_removal", args=[run.pk])).url == reverse("leads:imports")
    assert not Import.objects.exists()


def test_the_rows_to_correct_come_as_they_were_and_are_no_formulas(client):
    run = uploaded(client, "email,note\n=cmd(),@x\na@b.de,fine\nbad,+1\n")
    client.post(reverse("leads:import_mapping", args=[run.pk]), columns_of(client, run))

    response = client.get(reverse("leads:import_errors", args=[run.pk]))

    lines = b"".join(response.streaming_content).decode().removeprefix("\ufeff").splitlines()
    assert lines == [
        "Line,Column,What is wrong,email,note",
        "2,email,This is not an e-mail address.,'=cmd(),'@x",
        "4,email,This is not an e-mail address.,bad,'+1",
    ]


def test_a_strange_file_name_and_strange_headers_break_nothing(client):
    response = upload(client, "email,<script>x</script>,\u202eأهلا 😀\na@b.de,1,2\n", name="<b>é\u202e.csv")

    body = client.get(response.url).content.decode()

    assert "<script>x" not in body
    assert "<b>é" not in body


def test_a_large_file_is_checked_in_the_background(client, monkeypatch):
    monkeypatch.setattr(imports, "CHECK_AT_ONCE", 0)
    run = uploaded(client)

    client.post(reverse("leads:import_mapping", args=[run.pk]), columns_of(client, run))

    page = client.get(reverse("leads:import", args=[run.pk]))
    assert "being checked" in page.content.decode()
    imports.work_on(run.pk)
    run.refresh_from_db()
    assert run.state == "checked"


@pytest.mark.parametrize("who", ["rita", "max"])
def test_sales_does_not_see_imports(client, client_of, who, request):
    run = uploaded(client)
    sales = client_of(request.getfixturevalue(who))

    for name in ("imports", "import", "import_progress", "import_errors"):
        args = [] if name == "imports" else [run.pk]
        assert sales.get(reverse(f"leads:{name}", args=args)).status_code == 403
    assert sales.post(reverse("leads:import_confirmation", args=[run.pk])).status_code == 403
    assert upload(sales).status_code == 403
    assert Import.objects.count() == 1


@pytest.mark.parametrize("name", ["import_mapping", "import_confirmation", "import_removal"])
def test_changes_are_posts_and_nobody_s_import_is_not_there(client, name):
    assert client.get(reverse(f"leads:{name}", args=[1])).status_code == 405
    assert client.post(reverse(f"leads:{name}", args=[999])).status_code == 404


def test_a_stranger_uploads_nothing(client_of):
    from django.test import Client

    response = Client().post(reverse("leads:imports"), {"file": BytesIO(b"email\na@b.de\n")})

    assert "/accounts/login/" in response.url
    assert not Import.objects.exists()
