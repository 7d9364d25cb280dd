import pytest

from leads.models import Suppression
from leads.services import consent
from leads.services.people import upsert_lead

pytestmark = pytest.mark.django_db


def test_an_address_is_suppressed_once_whatever_its_spelling():
    lead, _ = upsert_lead(values={}, source="api", email="jane@acme.de")

    assert consent.suppress(address="Jane@ACME.de", reason="unsubscribed")
    assert not consent.suppress(address="jane@acme.de", reason="bounced")

    row = Suppression.objects.get()
    assert (row.address, row.reason, row.lead) == ("jane@acme.de", "unsubscribed", lead)
    assert consent.is_suppressed("JANE@acme.de")


def test_a_lifted_suppression_is_gone():
    consent.suppress(address="jane@acme.de", reason="manual")

    assert consent.lift(address="jane@acme.de")
    assert not consent.lift(address="jane@acme.de")
    assert not consent.is_suppressed("jane@acme.de")


def test_a_spam_complaint_stays():
    consent.suppress(address="jane@acme.de", reason="complained")

    with pytest.raises(consent.CannotLift):
        consent.lift(address="jane@acme.de")
    assert consent.is_suppressed("jane@acme.de")
