"""What happens to a person's fields, whoever names them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied

from leads.merging import Claim, Incoming
from leads.models import Company, CustomField, Identity, Lead, StageChange, Touch
from leads.services import people
from leads.services.people import AddressTaken, BadFields, TwoPeople, update_fields, upsert_lead

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)


def put(email="jane@acme.de", source="import", at=MONDAY, **values):
    return upsert_lead(values=values, source=source, at=at, email=email)


def test_a_new_person_is_made_with_company_and_names():
    lead, verdict = put(
        name="Jane Doe", company="Acme GmbH", title="Head of Sales", **{"custom.shoe_size": 38}
    )

    lead.refresh_from_db()
    assert verdict == "new"
    assert (lead.first_name, lead.last_name, lead.seniority) == ("Jane", "Doe", "head")
    assert (lead.company.name, lead.company.domain) == ("Acme GmbH", "acme.de")
    assert lead.custom == {"shoe_size": 38}
    assert CustomField.objects.get(key="shoe_size").type == "number"
    assert Identity.objects.get(kind="email").value == "jane@acme.de"


def test_saying_the_same_again_changes_nothing():
    put(title="CEO", company="Acme")
    Touch.objects.all().delete()

    _, verdict = put(title="CEO", company="Acme", at=MONDAY + timedelta(days=1))

    assert verdict == "unchanged"
    assert not Touch.objects.exists()


def test_a_lead_that_changed_is_looked_at_again():
    lead, _ = put(title="CEO")
    Touch.objects.all().delete()

    _, verdict = put(title="CFO", at=MONDAY + timedelta(days=1))

    assert verdict == "updated"
    assert Touch.objects.get().lead_id == lead.pk


@pytest.mark.parametrize("machine", ["import", "api", "enriched"])
@pytest.mark.parametrize("person", ["typed", "form"])
def test_a_machine_never_overwrites_what_a_person_wrote(person, machine):
    put(title="CEO", source=person)

    lead, verdict = put(title="Intern", source=machine, at=MONDAY + timedelta(days=30))

    assert verdict == "unchanged"
    assert Lead.objects.get(pk=lead.pk).title == "CEO"


def test_a_machine_does_not_overwrite_what_is_newer():
    put(title="CEO", source="api")

    lead, _ = put(title="Intern", source="import", at=MONDAY - timedelta(days=1))

    assert Lead.objects.get(pk=lead.pk).title == "CEO"


def test_enrichment_fills_gaps_and_refreshes_machines():
    put(title="CEO", source="import")

    lead, _ = put(title="CFO", city="Oslo", source="enriched", at=MONDAY + timedelta(days=1))

    lead.refresh_from_db()
    assert (lead.title, lead.city) == ("CFO", "Oslo")
    assert lead.provenance["city"]["source"] == "enriched"


def test_not_answered_is_not_an_answer():
    put(country="Norway", **{"custom.budget": "yes"})

    lead, verdict = put(country="Select", at=MONDAY + timedelta(days=1), **{"custom.budget": "N/A"})

    lead.refresh_from_db()
    assert verdict == "unchanged"
    assert (lead.country, lead.custom) == ("Norway", {"budget": "yes"})


def test_a_colleague_may_clear_a_field(mara):
    lead, _ = put(title="CEO", company="Acme")

    changed = update_fields(lead=lead, values={"title": None, "company": None}, source="typed", actor=mara)

    lead.refresh_from_db()
    assert set(changed) >= {"title", "company"}
    assert (lead.title, lead.company) == ("", None)
    assert lead.provenance["title"]["by"] == mara.pk


def test_two_people_of_one_company_share_it():
    put("jane@acme.de", company="Acme GmbH")
    put("tom@acme.de", industry="Energy")
    put("bo@gmail.com", company="acme gmbh")

    company = Company.objects.get()
    assert company.leads.count() == 3
    assert company.industry == "Energy"


def test_free_mail_names_no_company():
    lead, _ = put("jane@gmail.com")

    assert lead.company is None


def test_a_typed_company_is_the_company_of_that_name(mara):
    lead, _ = put(company="Acme")

    update_fields(lead=lead, values={"company": "Beta"}, source="typed", actor=mara)
    put(company="Acme", at=MONDAY + timedelta(days=1))

    lead.refresh_from_db()
    assert lead.company.name == "Beta"
    assert Company.objects.get(domain="acme.de").name == "Acme"


def test_without_an_address_the_external_id_names_the_person():
    first, _ = upsert_lead(values={"title": "CEO"}, source="import", external_id="P-1")

    again, verdict = upsert_lead(values={}, source="import", external_id="P-1", email="jane@acme.de")

    assert (again.pk, verdict) == (first.pk, "updated")
    assert Lead.objects.get().email == "jane@acme.de"


def test_an_address_and_an_id_of_different_people_are_refused():
    put("jane@acme.de")
    upsert_lead(values={}, source="import", external_id="P-1")

    with pytest.raises(TwoPeople):
        upsert_lead(values={"title": "CEO"}, source="import", external_id="P-1", email="jane@acme.de")
    assert not Lead.objects.filter(title="CEO").exists()


def test_a_value_that_cannot_be_read_is_named_and_nothing_is_saved():
    with pytest.raises(BadFields) as refusal:
        put(employees="about 200", title="CEO")

    assert refusal.value.errors == {"employees": "This is not a number."}
    assert not Lead.objects.exists()


def test_giving_a_lead_the_address_of_another_is_refused(mara):
    put("jane@acme.de", name="Jane Doe")
    lead, _ = put("tom@acme.de")

    with pytest.raises(AddressTaken, match="Jane Doe"):
        update_fields(lead=lead, values={"email": "JANE@acme.de"}, source="typed", actor=mara)
    assert update_fields(lead=lead, values={"email": "jane@acme.de", "city": "Oslo"}, source="api") == [
        "city"
    ]


def test_a_batch_costs_as_many_statements_as_one(django_assert_max_num_queries):
    rows = [
        Incoming({"title": "CEO", "company": f"Co {n}"}, f"p{n}@firm{n}.de", f"P-{n}") for n in range(200)
    ]

    with django_assert_max_num_queries(20):
        verdicts = people.upsert_many(rows=rows, claim=Claim("import", MONDAY))

    assert {planned.verdict for planned in verdicts} == {"new"}
    assert Lead.objects.count() == Company.objects.count() == 200


def test_disqualifying_is_told_once_and_can_be_taken_back(mara):
    lead, _ = put()

    assert people.disqualify(lead=lead, actor=mara, reason="Competitor")
    assert not people.disqualify(lead=lead, actor=mara, reason="Student")
    assert Lead.objects.get().stage == "disqualified"
    assert people.requalify(lead=lead, actor=mara)

    assert Lead.objects.get().stage == "lead"
    assert [change.reason for change in StageChange.objects.order_by("pk")] == ["Competitor", "Taken back"]


def test_owners_are_given_by_marketing_and_managers_only(rita, otto, mara):
    lead, _ = put()

    assert people.assign_many(leads=[lead], owner=rita, actor=mara) == 1
    with pytest.raises(PermissionDenied):
        people.assign_many(leads=[lead], owner=otto, actor=otto)
    assert Lead.objects.get().owner == rita


def test_a_company_known_by_its_domain_takes_the_name_a_colleague_types(mara):
    lead, _ = put("jane@acme.de")

    update_fields(lead=lead, values={"company": "Acme GmbH"}, source="typed", actor=mara)

    company = Company.objects.get()
    assert (company.name, company.domain) == ("Acme GmbH", "acme.de")
