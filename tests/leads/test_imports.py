"""Imports: what they change, what they leave alone, and that a killed worker repeats nothing."""

import gzip
import json
import os
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command

from leads.models import BadRow, CustomField, Import, Lead, LeadOutcome, Suppression
from leads.services import consent, imports
from leads.services.imports import WrongState
from leads.services.people import upsert_lead

pytestmark = pytest.mark.django_db
SHARED = Path(os.environ.get("TANDEM_SHARED") or Path(__file__).resolve().parents[3] / "shared")


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def command(tmp_path):
    def run(content, *arguments, mapping=None):
        path = content
        if not isinstance(content, Path):
            path = tmp_path / "leads.csv"
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        if mapping:
            text = mapping if isinstance(mapping, str | bytes) else json.dumps(mapping)
            (tmp_path / "mapping.json").write_bytes(text if isinstance(text, bytes) else text.encode())
            arguments = (*arguments, "--mapping", tmp_path / "mapping.json")
        out = StringIO()
        call_command("import_leads", path, "--json", *arguments, stdout=out)
        return json.loads(out.getvalue())

    return run


def counts(**given):
    nothing = {
        "new": 0,
        "updated": 0,
        "unchanged": 0,
        "duplicate": 0,
        "conflict": 0,
        "suppressed": 0,
        "bad": [],
    }
    return nothing | given


FILE = "email,first_name,company,Shoe size\njane@acme.de,Jane,Acme,38\ntom@acme.de,Tom,Acme,N/A\n"


def test_a_file_brings_people_and_own_fields(command):
    assert command(FILE) == counts(new=2)

    jane = Lead.objects.get(email="jane@acme.de")
    assert (jane.first_name, jane.company.name, jane.custom) == ("Jane", "Acme", {"shoe_size": 38})
    assert jane.provenance["first_name"]["source"] == "import"
    assert CustomField.objects.get().label == "Shoe size"


def test_the_same_file_again_changes_nothing(command):
    command(FILE)

    assert command(FILE) == counts(unchanged=2)


def test_two_rows_that_disagree_about_their_company_stay_quiet_the_second_time(command):
    content = "email,company,employees\njane@acme.de,Acme,10\ntom@acme.de,Acme GmbH,20\n"
    command(content)

    assert command(content) == counts(unchanged=2)


def test_a_dry_run_says_the_same_and_writes_nothing(command):
    assert command(FILE, "--dry-run") == counts(new=2)

    assert not Lead.objects.exists()
    assert not CustomField.objects.exists()
    assert not Import.objects.exists()


def test_changed_values_are_updates_and_typed_ones_stay(command):
    command(FILE)
    upsert_lead(values={"first_name": "Thomas"}, source="typed", email="tom@acme.de")

    assert command(FILE.replace("Jane,", "Janet,")) == counts(updated=1, unchanged=1)

    assert set(Lead.objects.values_list("first_name", flat=True)) == {"Janet", "Thomas"}


def test_the_first_of_two_rows_for_one_person_counts(command):
    content = "first_name,last_name,email\nAlice,A,\nDave,D,dup@test.com\nEve,E,DUP@test.com\n"

    assert command(content) == counts(
        new=1,
        duplicate=1,
        bad=[{"line": 2, "column": "email", "reason": "Has neither an e-mail address nor an external id."}],
    )
    assert Lead.objects.get().first_name == "Dave"


def test_an_address_and_an_id_of_two_people_are_a_conflict(command):
    upsert_lead(values={}, source="api", email="jane@acme.de")
    upsert_lead(values={}, source="api", external_id="P-1")

    assert command("id,email,city\nP-1,jane@acme.de,Oslo\n") == counts(conflict=1)
    assert not Lead.objects.filter(city="Oslo").exists()


def test_people_who_left_are_never_brought_back(command):
    consent.suppress(address="jane@acme.de", reason="unsubscribed")

    assert command("email,unsubscribed\njane@acme.de,no\ntom@acme.de,yes\n") == counts(suppressed=2)
    assert set(Suppression.objects.values_list("address", "reason")) == {
        ("jane@acme.de", "unsubscribed"),
        ("tom@acme.de", "unsubscribed"),
    }


def test_an_outcome_is_recorded_and_a_change_of_it_is_an_update(command):
    mapping = {
        "columns": {"id": "external_id"},
        "outcome": {"column": "Converted", "won": ["1"], "lost": ["0"]},
    }
    content = "id,Converted\nP-1,1\nP-2,0\n"

    assert command(content, mapping=mapping) == counts(new=2)
    assert command(content, mapping=mapping) == counts(unchanged=2)
    assert command(content.replace("P-2,0", "P-2,1"), mapping=mapping) == counts(updated=1, unchanged=1)
    assert list(LeadOutcome.objects.values_list("result", flat=True)) == ["won", "won"]
    assert not CustomField.objects.exists()


def test_outcomes_are_read_as_people_write_them_and_the_rest_is_named_with_its_line(command):
    mapping = {
        "columns": {"id": "external_id"},
        "outcome": {"column": "Ended", "won": ["1", "Won"], "lost": ["0"]},
    }
    cells = ["1", " 1.0", "WON ", "0.00", "", "N/A", "maybe", "=1", "maybe", "TRUE"]
    content = "id,Ended\n" + "".join(f"P-{place},{cell}\n" for place, cell in enumerate(cells))

    assert command(content, mapping=mapping) == counts(new=10)

    results = dict(LeadOutcome.objects.values_list("lead__identities__value", "result"))
    assert results == {"P-0": "won", "P-1": "won", "P-2": "won", "P-3": "lost"}
    report = Import.objects.get().report
    assert report["unclear"] == [["maybe", 2, 8], ["=1", 1, 9], ["TRUE", 1, 11]]
    assert report["counts"]["unclear"] == 4


def test_a_value_that_does_not_fit_a_registered_field_is_a_bad_row(command):
    command(FILE)

    result = command("email,Shoe size\nbo@beta.de,large\n")

    assert result["bad"] == [{"line": 2, "column": "Shoe size", "reason": "This is not a number."}]


def test_a_name_of_ten_thousand_characters_is_refused_in_words(command):
    result = command(f"email,first_name\na@b.de,{'x' * 10_000}\nb@b.de,<b>😀</b> \u202eأهلا\n")

    assert result["bad"][0]["reason"] == "Longer than 150 characters."
    assert Lead.objects.get().first_name == "<b>😀</b> أهلا"


@pytest.mark.parametrize("content", [b"", b"email\n", b"PK\x03\x04zip"])
def test_a_file_that_cannot_be_used_leaves_nothing_behind(command, content):
    with pytest.raises(CommandError, match="Nothing was imported"):
        command(content)

    assert not Import.objects.exists()


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"columns": {"email": ["email"]}}, "“columns”, “email”: must be the name of a field"),
        ({"columns": {"email": {"a": 1}}}, "“columns”, “email”: must be the name of a field"),
        ({"columns": ["email"]}, "“columns” must be an object"),
        ({"columns": {"email": "email", "company": "email"}}, "both “email” and “company” go to email"),
        ({"columns": {}, "colums": {}}, "unknown key “colums”"),
        ({"columns": {}, "prefix": 7}, "“prefix” must be text"),
        ({"columns": {}, "outcome": ["won"]}, "“outcome” must be an object"),
        ({"columns": {}, "outcome": {"column": ["company"]}}, "“outcome”, “column”: must be the name"),
        ({"columns": {}, "outcome": {"column": "company", "won": 1}}, "“outcome”, “won”: must be a list"),
        ({"columns": {}, "outcome": {"column": "company", "won": "yes"}}, "“outcome”, “won”: must be a list"),
        (
            {"columns": {}, "outcome": {"column": "company", "lost": [None]}},
            "“outcome”, “lost”: must be a list",
        ),
        ([1], "must hold one JSON object"),
        ('{"columns": {"email": "email", "email": null}}', "has “email” twice"),
        ("{", "not JSON"),
        (b"\xff\xfe\xff", "not UTF-8"),
    ],
)
def test_a_mapping_file_of_the_wrong_shape_names_the_key(command, mapping, words):
    with pytest.raises(CommandError, match=words):
        command(FILE, "--dry-run", mapping=mapping)


def test_a_mapping_file_may_begin_with_a_byte_order_mark(command):
    mapping = b"\xef\xbb\xbf" + json.dumps({"columns": {"email": "email"}}).encode()

    assert command(FILE, "--dry-run", mapping=mapping) == counts(new=2)


def test_a_stray_byte_costs_its_own_row_and_no_other(command):
    good = "".join(f"p{n}@acme.de,Zoë Müller\n" for n in range(50))
    content = ("email,name\n" + good).encode() + b"jose@acme.de,Jos\xe9\n"

    found = command(content)

    assert (found["new"], [row["line"] for row in found["bad"]]) == (50, [52])
    assert "another encoding" in found["bad"][0]["reason"]
    assert set(Lead.objects.values_list("first_name", "last_name")) == {("Zoë", "Müller")}


def test_a_mapping_that_does_not_fit_leaves_nothing_behind(command):
    with pytest.raises(CommandError, match="no column Nope"):
        command(FILE, mapping={"columns": {"Nope": "email"}})

    assert not Import.objects.exists()


# In steps, in the background


@pytest.fixture
def uploaded(mara):
    def make(content, name="leads.csv"):
        return imports.create_import(name=name, file=ContentFile(content.encode()), actor=mara)

    return make


def many(number, start=0):
    return "email,city\n" + "".join(f"p{n}@firm.de,Oslo\n" for n in range(start, number))


def ready(uploaded, content):
    run = uploaded(content)
    imports.set_mapping(run=run, columns=run.mapping["columns"])
    imports.confirm(run=run)
    return run


def test_a_file_is_proposed_checked_and_confirmed(uploaded):
    run = uploaded(FILE)
    imports.set_mapping(run=run, columns=run.mapping["columns"])
    assert (run.state, run.report["counts"]["new"], Lead.objects.count()) == ("checked", 2, 0)

    imports.confirm(run=run)
    imports.work_on(run.pk)

    run.refresh_from_db()
    assert (run.state, run.done_rows, run.percent, Lead.objects.count()) == ("done", 2, 100, 2)


def test_a_second_click_on_confirm_is_told_so(uploaded):
    run = ready(uploaded, FILE)

    with pytest.raises(WrongState, match="already"):
        imports.confirm(run=run)


def test_a_run_that_stopped_halfway_goes_on_where_it_was(uploaded):
    run = ready(uploaded, many(2500) + "p3@firm.de,Rome\n")

    more = imports.work_on(run.pk, budget=0)
    run.refresh_from_db()
    assert (more, run.state, run.done_rows, Lead.objects.count()) == (True, "running", 1000, 1000)
    while imports.work_on(run.pk, budget=0):
        pass

    run.refresh_from_db()
    assert run.state == "done"
    assert run.report["counts"] == {"new": 2500, "duplicate": 1, "bad": 0}


def test_a_worker_killed_in_a_step_loses_and_repeats_nothing(uploaded, monkeypatch):
    run = ready(uploaded, many(1500))
    keep_bad = imports.keep_bad

    def dies_in_the_second_step(run, bad):
        if run.done_rows:
            raise SystemExit
        keep_bad(run, bad)

    monkeypatch.setattr(imports, "keep_bad", dies_in_the_second_step)
    with pytest.raises(SystemExit):
        imports.work_on(run.pk)
    monkeypatch.undo()
    assert imports.waiting() == []
    Import.objects.update(claimed_until="2020-01-01T00:00Z")
    assert imports.waiting() == [run.pk]
    imports.work_on(run.pk)

    run.refresh_from_db()
    assert (run.state, run.report["counts"]["new"], Lead.objects.count()) == ("done", 1500, 1500)


def test_two_workers_do_not_work_on_one_import(uploaded):
    run = ready(uploaded, many(10))
    assert imports._take(run.pk)

    assert imports.work_on(run.pk) is False
    assert not Lead.objects.exists()


def test_a_file_that_stops_every_worker_is_given_up_with_words(uploaded):
    run = ready(uploaded, many(10))
    for _ in range(imports.MOST_STARTS):
        assert imports._take(run.pk)
        Import.objects.update(claimed_until=None)

    assert imports.work_on(run.pk) is False

    run.refresh_from_db()
    assert (run.state, "Stopped" in run.error) == ("failed", True)


def test_a_lost_file_is_a_failure_in_words(uploaded):
    run = ready(uploaded, FILE)
    run.file.storage.delete(run.file.name)

    imports.work_on(run.pk)

    run.refresh_from_db()
    assert (run.state, run.error) == ("failed", "The file is no longer there. Upload it again.")


def test_only_what_is_not_imported_can_be_discarded(uploaded):
    draft, running = uploaded(FILE), ready(uploaded, FILE)

    imports.discard(run=draft)
    with pytest.raises(WrongState):
        imports.discard(run=running)

    assert Import.objects.get() == running


def test_bad_rows_are_all_kept_and_counted(uploaded):
    run = uploaded("email,city\n" + "nobody,Oslo\n" * 3000 + "a@b.de,Oslo\n")

    imports.set_mapping(run=run, columns=run.mapping["columns"])

    assert run.report["counts"] == {"bad": 3000, "new": 1}
    assert BadRow.objects.filter(run=run).count() == 3000


# On real shapes

EXPORTS = SHARED / "data" / "exports"
needs_exports = pytest.mark.skipif(not EXPORTS.is_dir(), reason="the sample exports are not here")


@needs_exports
@pytest.mark.parametrize(
    ("name", "new", "bad"),
    [
        ("hubspot_contacts_basic.csv", 3, 0),
        ("hubspot_contacts_lifecycle.csv", 2, 0),
        ("hubspot_contacts_b2b.csv", 4, 0),
        ("apollo_contacts_short.csv", 2, 0),
        ("apollo_contacts_phones.csv", 1, 0),
        ("linkedin_connections.csv", 8, 0),
        ("mailchimp_audience.csv", 2, 0),
        ("mailchimp_audience_labels.csv", 1, 0),
        ("salesforce_leads_report.csv", 2, 1),
        ("european_semicolon.csv", 2, 0),
        ("tab_delimited.csv", 3, 0),
        ("pipe_delimited.csv", 3, 0),
        ("mautic_demo_leads.csv.gz", 50, 4),
    ],
)
def test_exports_of_common_tools_go_in_and_stay_the_same(command, name, new, bad):
    first = command(EXPORTS / name)
    again = command(EXPORTS / name)

    assert (first["new"], len(first["bad"])) == (new, bad)
    assert (again["new"], again["updated"], again["unchanged"]) == (0, 0, new)


XEDUCATION = SHARED / "data" / "xeducation" / "leads_dev.csv.gz"


@pytest.mark.skipif(not XEDUCATION.exists(), reason="the X Education leads are not here")
def test_six_thousand_leads_without_an_address_go_in(command):
    mapping = {
        "columns": {
            "Prospect ID": "external_id",
            "Lead Source": "source",
            "Country": "country",
            "City": "city",
            "Lead Number": None,
        },
        "outcome": {"column": "Converted", "won": ["1"], "lost": ["0"]},
    }
    rows = len(gzip.decompress(XEDUCATION.read_bytes()).splitlines()) - 1

    assert command(XEDUCATION, mapping=mapping) == counts(new=rows)
    assert command(XEDUCATION, "--dry-run", mapping=mapping) == counts(unchanged=rows)

    assert LeadOutcome.objects.count() == rows
    assert CustomField.objects.get(key="totalvisits").type == "number"
    assert CustomField.objects.get(key="do_not_email").type == "boolean"
    assert not Lead.objects.filter(custom__specialization="Select").exists()
