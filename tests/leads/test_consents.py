"""What people agreed to: the record, and what follows from it now."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import User
from leads import consents as rules
from leads.models import Consent, Lead, Topic
from leads.services import consent, consents, merges
from leads.services.consents import Origin
from tests.nurturing.factories import lead

pytestmark = pytest.mark.django_db
FORM = Origin(Consent.Source.FORM, ip="192.0.2.7", evidence={"form": "guide"})
NOW = timezone.now()


def topic(name: str = "Product news", **values: Any) -> Topic:
    return Topic.objects.create(name=name, **values)


def may(person: Lead, about: Topic | None) -> bool:
    return Lead.objects.filter(rules.allows("pk", about and about.pk), pk=person.pk).exists()


def test_an_open_topic_goes_to_everybody_until_they_refuse_it() -> None:
    news, events, person = topic(), topic("Events"), lead()

    before = may(person, news)
    consents.withdraw(lead=person, topic=news, wording="Product news: off", origin=FORM)

    assert before
    assert not may(person, news)
    assert may(person, events)
    assert may(person, None)


def test_a_topic_for_those_who_asked_waits_until_they_ask() -> None:
    guides, person = topic("Guides", opt_in=True), lead()
    consents.give(lead=person, topic=None, wording="On our list.", origin=FORM, basis="interest")

    before = may(person, guides)
    consents.give(lead=person, topic=guides, wording="Send me guides", origin=FORM)

    assert not before
    assert may(person, guides)


def test_a_permission_runs_out_by_itself() -> None:
    person = lead()
    yesterday = NOW - timedelta(days=1)

    consents.give(
        lead=person,
        topic=None,
        wording="Asked for a quote",
        origin=FORM,
        basis="customer",
        expires_at=yesterday,
    )

    assert not may(person, None)


def test_saying_no_to_everything_outlasts_an_older_yes_and_lifting_it_does_not_revive_a_no() -> None:
    news, events, person = topic(), topic("Events"), lead()
    consents.give(lead=person, topic=news, wording="Yes to news", origin=FORM)
    consents.withdraw(lead=person, topic=events, wording="No events", origin=FORM)

    consent.suppress(address=person.email, reason="unsubscribed", detail="By the link in a mail")
    silent = may(person, news) or may(person, None)
    consent.lift(address=person.email)

    assert not silent
    assert may(person, news)
    assert not may(person, events)
    words = list(person.consents.filter(topic=None).order_by("pk").values_list("state", "wording"))
    assert words == [("withdrawn", "By the link in a mail"), ("given", consent.ASKED_AGAIN)]


def test_the_record_refuses_every_change() -> None:
    entry = consents.give(lead=lead(), topic=None, wording="Yes", origin=FORM)
    other = lead()

    with pytest.raises(IntegrityError), transaction.atomic():
        Consent.objects.filter(pk=entry.pk).update(wording="Yes to everything")
    with pytest.raises(IntegrityError), transaction.atomic():
        Consent.objects.filter(pk=entry.pk).update(lead=other, basis="contract")
    with pytest.raises(IntegrityError), transaction.atomic():
        entry.delete()

    entry.refresh_from_db()
    assert (entry.wording, entry.ip, entry.evidence) == ("Yes", "192.0.2.7", {"form": "guide"})


def test_a_merge_brings_the_record_along_and_parting_takes_it_back() -> None:
    news, winner, loser = topic(), lead(), lead()
    consents.withdraw(lead=loser, topic=news, wording="No news", origin=FORM)

    merge = merges.merge_leads(winner=winner, loser=loser, cause="same person")
    merged = may(winner, news)
    merges.unmerge(merge=merge)

    assert not merged
    assert may(winner, news)
    assert not may(loser, news)


def test_nobody_speaks_from_the_future() -> None:
    entry = consents.give(
        lead=lead(), topic=None, wording="Yes", origin=FORM, at=timezone.now() + timedelta(days=3)
    )

    assert entry.at <= timezone.now()


def test_a_pause_holds_until_it_is_over_or_taken_back() -> None:
    person, other = lead(), lead()

    consents.pause(lead=person, days=30, wording="Nothing for 30 days", origin=FORM)
    consents.pause(lead=other, days=30, wording="Nothing for 30 days", origin=FORM)
    consents.resume(lead=other, wording="Write again", origin=FORM)

    assert list(Lead.objects.filter(rules.paused("pk"))) == [person]
    ends = Lead.objects.annotate(ends=rules.pause_ends("pk")).get(pk=person.pk).ends
    assert timedelta(days=29) < ends - NOW < timedelta(days=31)


def test_why_we_may_mail_is_recorded_once() -> None:
    people, without = [lead(), lead()], lead(email=None)
    consents.withdraw(lead=people[0], topic=None, wording="No", origin=FORM)
    basis = {
        "basis": "customer",
        "wording": "From the file x.csv",
        "source": "import",
        "evidence": {"import": 7},
    }

    first = consents.record_basis(lead_ids=[*(person.pk for person in people), without.pk], **basis)
    second = consents.record_basis(lead_ids=[person.pk for person in people], **basis)

    assert (first, second) == (1, 0)
    assert not may(people[0], None)


def test_the_question_to_the_database_answers_as_the_rule_in_words() -> None:
    dice = random.Random(7)
    topics = [topic("Open"), topic("Asked", opt_in=True)]
    people = [lead() for _ in range(150)]
    Consent.objects.bulk_create(
        [_entry(dice, person, topics) for person in people for _ in range(dice.randrange(6))]
    )
    said = {person.pk: list(person.consents.order_by("at", "pk")) for person in people}

    for about in [None, *topics]:
        allowed = Lead.objects.filter(rules.allows("pk", about and about.pk))
        cited = dict(
            Lead.objects.annotate(entry=rules.relied_on("pk", about and about.pk)).values_list("pk", "entry")
        )

        assert set(allowed.values_list("pk", flat=True)) == {
            person.pk for person in people if _allowed(said[person.pk], about)
        }
        relied = [pk for pk in allowed.values_list("pk", flat=True) if cited[pk]]
        assert all(Consent.objects.get(pk=cited[pk]).state == "given" for pk in relied)


def _entry(dice: random.Random, person: Lead, topics: list[Topic]) -> Consent:
    state = dice.choice(["given", "given", "withdrawn", "paused", "resumed"])
    ends = NOW + timedelta(days=dice.choice([-5, 5])) if dice.random() < 0.3 or state == "paused" else None
    return Consent(
        lead=person, subject_id=person.pk, topic=dice.choice([None, *topics]), state=state, source="form",
        basis="consent" if state == "given" else "", wording="Words", expires_at=ends,
        channel=dice.choice(["email", "email", "email", "phone"]), at=NOW - timedelta(days=dice.randrange(6)),
    )  # fmt: skip


def _allowed(said: list[Consent], about: Topic | None) -> bool:
    """The rule of leads.consents in plain Python, for entries in the order they were said."""
    heard = [one for one in said if one.channel == "email" and one.state in ("given", "withdrawn")]
    of_all = [one for one in heard if one.topic_id is None]
    generally = not of_all or (of_all[-1].state == "given" and _lasts(of_all[-1], NOW))
    own = [one for one in heard if about and one.topic_id == about.pk]
    if about is None or not own:
        return generally and not (about and about.opt_in)
    if own[-1].state == "withdrawn":
        return False
    after = [one for one in of_all if heard.index(one) > heard.index(own[-1]) and one.state == "withdrawn"]
    return (_lasts(own[-1], NOW) and not after) or (generally and not about.opt_in)


def _lasts(one: Consent, now: datetime) -> bool:
    return one.expires_at is None or one.expires_at > now


def test_the_lead_page_says_what_is_allowed_by_which_words(
    mara: User, client_of: Callable[[User], Client]
) -> None:
    news, person = topic(), lead()
    topic("Guides", opt_in=True)
    consents.withdraw(lead=person, topic=news, wording="No news, thank you", origin=FORM)

    page = client_of(mara).get(f"/leads/{person.pk}/").content.decode()

    for words in ("Product news: no", "“No news, thank you”", "Guides: no", "Mail in general: yes"):
        assert words in page


def test_what_a_person_said_on_the_phone_is_recorded_with_the_colleague(
    mara: User, rita: User, client_of: Callable[[User], Client]
) -> None:
    guides, person = topic("Guides", opt_in=True), lead(owner=rita)
    address = f"/leads/{person.pk}/consents/"
    typed = {"topic": guides.pk, "state": "given", "wording": "On the phone, 3 May: yes, send them"}

    refused = client_of(rita).post(address, typed).status_code
    bad = client_of(mara).post(address, typed | {"wording": " "})
    client_of(mara).post(address, typed)

    assert refused == 403
    assert bad.status_code == 422
    entry = person.consents.get()
    assert (entry.by, entry.source, entry.wording) == (mara, "person", typed["wording"])
    assert may(person, guides)
