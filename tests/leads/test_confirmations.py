"""Double opt-in: a yes counts when whoever reads mail at that address repeats it, and the record says how."""

import hashlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from leads import consents as rules
from leads.models import Confirmation, Consent, Lead, Topic
from leads.services import confirmations, consents
from leads.services.confirmations import Asked, Outcome, Standing
from leads.services.consent import suppress
from leads.services.consents import Origin

pytestmark = pytest.mark.django_db
FORM = Origin(Consent.Source.FORM, ip="192.0.2.7", evidence={"form": "guide"})
READER = Origin(Consent.Source.FORM, ip="192.0.2.9", evidence={"program": "Firefox"})
ClientOf = Callable[[User], Client]
WORDS = "Yes, send me the product news."


@pytest.fixture
def lead() -> Lead:
    return Lead.objects.create(email="Lea@Buyer.example", created_at=timezone.now())


@pytest.fixture
def news() -> Topic:
    return Topic.objects.create(name="Product news", confirm=True)


def asked(lead: Lead, *topics: Topic | None) -> Asked:
    return confirmations.ask_to_confirm(
        lead=lead, topics=topics, wording=WORDS, origin=FORM, version="guide 3"
    )


def request_of(lead: Lead, *topics: Topic | None) -> Confirmation:
    confirmation = asked(lead, *topics).confirmation
    assert confirmation is not None
    return confirmation


def confirm(confirmation: Confirmation) -> Standing:
    return confirmations.confirm(confirmation=confirmation, origin=READER)


def allowed(lead: Lead, topic: Topic | None) -> tuple[bool, bool]:
    """(may be mailed about it, waits for a confirmation)"""
    topic_id = topic.pk if topic else None
    this = Lead.objects.filter(pk=lead.pk)
    return (
        this.filter(rules.allows("pk", topic_id)).exists(),
        this.filter(rules.waits("pk", topic_id)).exists(),
    )


@pytest.mark.parametrize("opt_in", [True, False])
def test_until_they_confirm_nothing_is_allowed_and_then_the_record_proves_it(
    lead: Lead, news: Topic, opt_in: bool
) -> None:
    Topic.objects.update(opt_in=opt_in)

    confirmation = request_of(lead, news)
    before = allowed(lead, news)
    first, second = confirm(confirmation), confirm(confirmation)

    assert (before, allowed(lead, news)) == ((False, True), (True, False))
    assert (first, second) == (Standing.CONFIRMED, Standing.CONFIRMED)
    given = Consent.objects.get(state="given")
    assert (given.wording, given.version, given.ip, given.basis) == (WORDS, "guide 3", READER.ip, "consent")
    assert given.evidence["address_sha256"] == hashlib.sha256(b"lea@buyer.example").hexdigest()
    assert given.evidence["asked_at"] < given.evidence["confirmed_at"]
    assert (given.evidence["form"], given.evidence["program"]) == ("guide", "Firefox")
    assert given.confirmation == confirmation


def test_asked_for_mail_at_all_nothing_is_sent_before_but_what_was_agreed_by_itself(
    lead: Lead, news: Topic
) -> None:
    events = Topic.objects.create(name="Events")
    consents.give(lead=lead, topic=events, wording="Events, please", origin=FORM)

    request_of(lead, None)

    assert allowed(lead, None) == (False, True)
    assert allowed(lead, news) == (False, True)
    assert allowed(lead, events) == (True, False)


def test_a_strangers_wish_takes_nothing_away_from_who_agreed_before(lead: Lead, news: Topic) -> None:
    consents.give(lead=lead, topic=news, wording=WORDS, origin=FORM)

    assert asked(lead, news).outcome == Outcome.ALREADY

    assert allowed(lead, news) == (True, False)
    assert not Confirmation.objects.exists()


def test_nobody_is_subscribed_again_in_silence(lead: Lead, news: Topic) -> None:
    suppress(address="lea@buyer.example", reason="unsubscribed", lead=lead)

    assert asked(lead, news) == (Outcome.SUPPRESSED, None)

    assert not Consent.objects.filter(state="asked").exists()


def test_a_no_after_the_mail_is_stronger_than_the_link_in_it(lead: Lead, news: Topic) -> None:
    guides = Topic.objects.create(name="Guides", confirm=True)
    confirmation = request_of(lead, news, guides)
    consents.withdraw(lead=lead, topic=guides, wording="Not the guides", origin=FORM)

    assert confirm(confirmation) == Standing.CONFIRMED

    assert allowed(lead, news) == (True, False)
    assert allowed(lead, guides) == (False, False)


def test_unsubscribed_since_or_moved_to_another_address_nothing_is_confirmed(lead: Lead, news: Topic) -> None:
    confirmation = request_of(lead, news)

    Lead.objects.filter(pk=lead.pk).update(email="new@buyer.example")
    moved = confirm(confirmation)
    Lead.objects.filter(pk=lead.pk).update(email="lea@buyer.example")
    suppress(address="lea@buyer.example", reason="unsubscribed", lead=lead)

    assert (moved, confirm(confirmation)) == (Standing.MOVED, Standing.REFUSED)
    assert not Consent.objects.filter(state="given").exists()


def test_asking_again_is_the_same_request_with_few_mails(lead: Lead, news: Topic) -> None:
    confirmation = request_of(lead, news)
    outcomes = [asked(lead, news).outcome]
    for _ in range(3):
        Confirmation.objects.update(last_asked_at=timezone.now() - timedelta(hours=1))
        outcomes.append(confirmations.ask_again(confirmation=confirmation).outcome)

    assert outcomes == [Outcome.ASKED, Outcome.ASKED, Outcome.ASKED, Outcome.ENOUGH]
    assert Confirmation.objects.get().mails == confirmations.MOST_MAILS
    assert Consent.objects.count() == 1


def test_too_late_confirms_nothing_and_a_new_mail_has_the_same_words(lead: Lead, news: Topic) -> None:
    old = request_of(lead, news)
    Confirmation.objects.update(expires_at=timezone.now() - timedelta(minutes=1))

    late = confirm(old)
    new = confirmations.ask_again(confirmation=old).confirmation
    assert new is not None

    assert late == Standing.EXPIRED
    assert confirm(new) == Standing.CONFIRMED
    assert new.pk != old.pk
    assert allowed(lead, news) == (True, False)


def test_a_form_records_at_once_what_needs_no_confirming(lead: Lead, news: Topic) -> None:
    events = Topic.objects.create(name="Events", opt_in=True)

    result = confirmations.record_wish(lead=lead, topics=[events, news], wording=WORDS, origin=FORM)

    assert result.outcome == Outcome.ASKED
    assert (allowed(lead, events), allowed(lead, news)) == ((True, False), (False, True))


def test_a_marketer_sends_the_mail_from_the_leads_page_which_says_what_is_missing(
    lead: Lead, news: Topic, client_of: ClientOf, mara: User
) -> None:
    typed = {"topic": news.pk, "state": "asked", "wording": "On the telephone"}

    page = client_of(mara).post(f"/leads/{lead.pk}/consents/", typed, follow=True).content.decode()

    assert "A mail asks them to confirm." in page
    assert "not yet, they were asked to confirm by mail" in page
    assert Confirmation.objects.get().consents.get().by == mara
