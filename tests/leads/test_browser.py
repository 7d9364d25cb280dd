"""The pages of this floor in a real browser."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from leads.models import Lead
from leads.services import imports
from leads.services.activities import NewActivity, record_activities
from leads.services.people import assign_owner, disqualify, upsert_lead

pytestmark = pytest.mark.django_db(transaction=True)
SIZES = [(1440, "light"), (1440, "dark"), (390, "light")]


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def ingrid(mara, rita):
    lead = upsert_lead(
        values={
            "name": "Ingrid Solheim",
            "title": "Operations Director",
            "company": "Fjellheim Energi",
            "industry": "Energy",
            "employees": 640,
            "city": "Bergen",
            "country": "Norway",
            "custom.planning_tool": "Spreadsheets",
        },
        source="import",
        email="i.solheim@fjellheim.no",
    )[0]
    for name in ("Håkon Brekke", "Siri Nygaard", "<b>😀</b> \u202eأهلا"):
        address = f"{abs(hash(name))}@fjellheim.no"
        disqualify(
            lead=upsert_lead(values={"name": name, "title": "Planner"}, source="form", email=address)[0],
            actor=mara,
            reason="Student",
        ) if name.startswith("Siri") else upsert_lead(values={"name": name}, source="form", email=address)
    assign_owner(lead=lead, owner=rita, actor=mara)
    now = timezone.now()
    record_activities(
        [
            NewActivity(
                lead.pk, kind, now - timedelta(hours=7 * n), {"path": f"/pricing/{n}"}, seconds=70 + n
            )
            for n in range(40)
            for kind in ("page_view", "email_click")
        ]
    )
    return lead


@pytest.mark.parametrize(("width", "theme"), SIZES)
@pytest.mark.parametrize("name", ["list", "detail", "companies", "company", "imports", "import"])
def test_every_page_reads_well_for_everybody(page_as, axe, mara, ingrid, name, width, theme):
    run = imports.create_import(name="leads.csv", file=csv_file(), actor=mara)
    args = {"detail": [ingrid.pk], "company": [ingrid.company_id], "import": [run.pk]}.get(name, [])

    page = page_as(mara, reverse(f"leads:{name}", args=args), width=width, theme=theme)
    page.wait_for_load_state("networkidle")

    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def csv_file():
    from django.core.files.base import ContentFile

    rows = "".join(f"p{n}@firm.de,Person {n},{n}\n" for n in range(30))
    return ContentFile(f"email,name,Shoe size\n{rows}nobody,Tom,x\n".encode())


def test_a_lead_is_found_opened_edited_and_read_back(page_as, mara, ingrid):
    page = page_as(mara, "/leads/")
    page.get_by_role("searchbox", name="Search this view").fill("solh")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Ingrid Solheim").click()
    page.get_by_role("link", name="Show older").click()
    page.get_by_role("navigation", name="Filter timeline").get_by_role("link", name="E-mail").click()
    page.get_by_text("Viewed a page").first.wait_for(state="detached")

    page.locator("#details").get_by_role("link", name="Edit").click()
    page.get_by_label("Job title").fill("Chief Operating Officer")
    page.get_by_label("Company size").fill("many")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("This is not a number.").first.wait_for()
    assert page.get_by_label("Job title").input_value() == "Chief Operating Officer"
    page.get_by_label("Company size").fill("650")
    page.get_by_role("button", name="Save").click()

    page.get_by_text("Typed by Mara Marketer").first.wait_for()
    assert Lead.objects.get(pk=ingrid.pk).title == "Chief Operating Officer"


def test_several_leads_change_hands(page_as, mara, otto, ingrid):
    page = page_as(mara, "/leads/?sort=name")
    page.get_by_label("Select all shown").check()
    page.get_by_label("Owner").last.select_option(label="Otto Other")
    page.get_by_role("button", name="Assign").click()

    page.get_by_text("4 leads are now with Otto Other").wait_for()
    assert Lead.objects.filter(owner=otto).count() == 4


@pytest.mark.parametrize("javascript", [True, False])
def test_a_file_is_imported(page_as, mara, tmp_path, javascript):
    path = tmp_path / "people.csv"
    path.write_bytes(csv_file().read())
    page = page_as(mara, "/imports/", javascript=javascript)

    page.get_by_label("CSV file").set_input_files(path)
    page.get_by_role("button", name="Upload").click()
    page.get_by_role("button", name="Check the file").click()
    page.get_by_text("Nothing is written yet").wait_for()
    page.get_by_role("button", name="Import 30 rows").click()
    page.get_by_text("Waiting for its turn").wait_for()
    for run_id in imports.waiting():
        imports.work_on(run_id)
    if not javascript:
        page.reload()

    page.get_by_text("What happened").wait_for()
    assert Lead.objects.count() == 30


def test_the_palette_finds_a_lead_by_keyboard(page_as, mara, ingrid):
    page = page_as(mara, "/companies/")
    page.keyboard.press("Control+k")
    page.keyboard.type("solheim")
    page.get_by_role("link", name="Ingrid Solheim").wait_for()
    page.keyboard.press("Enter")

    page.wait_for_url(f"**/leads/{ingrid.pk}/")
