"""Clicks and opens over HTTP: held for a moment, judged together, and put right when they turn out otherwise."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from accounts.models import User
from leads.machines.seen import CLICK, FOOT, OPEN, TRAP
from leads.models import Activity, Hit, Lead, Touch
from leads.services import merges, verdicts
from nurturing import letters, tokens
from nurturing.models import Enrolment, Message, TrackedLink
from nurturing.rendering import Sender
from nurturing.services import advancing, campaigns, tracking
from nurturing.services.steps import waiting
from tests.leads.machines import gateways
from tests.nurturing import factories
from tests.nurturing.test_steps import add, mail, make_due, run_of, stands, start

pytestmark = pytest.mark.django_db
BODY = "\n\n".join(f"[Guide {number}](https://quillstone.example/guide-{number})" for number in range(1, 5))
LAPTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CLICKED = "email_click"


@pytest.fixture
def message() -> Message:
    """A mail with four links, sent an hour ago; a click is its campaign's goal."""
    factories.organisation()
    campaign = factories.draft(goal=CLICKED)
    factories.email(campaign, "Guides", BODY)
    factories.wait(campaign)
    factories.email(campaign, "More guides")
    campaigns.publish_version(campaign=campaign, actor=None)
    campaign.refresh_from_db()
    factories.queued(campaign)
    Message.objects.update(state="accepted", sent_at=timezone.now() - timedelta(hours=1), due_at=Now())
    return Message.objects.select_related("enrolment__lead", "step").get()


def visit(message: Message, kind: str = CLICK, link: int = 1, at: float = 0, **headers: str) -> int:
    """One request, so many seconds after the mail was half an hour old."""
    ids = list(TrackedLink.objects.filter(step=message.step).order_by("pk").values_list("pk", flat=True))
    purpose, name, target = {
        CLICK: (tokens.CLICK, "click", ids[link - 1]),
        TRAP: (tokens.CLICK, "click", tokens.TRAP),
        OPEN: (tokens.OPEN, "open", 0),
        FOOT: (tokens.UNSUBSCRIBE, "unsubscribe", 0),
    }[kind]
    address = letters.web_address(f"nurturing:{name}", tokens.sign(purpose, message.key, target))
    browser = {"User-Agent": LAPTOP, "Accept": "text/html", "Accept-Language": "nb"}
    method = getattr(Client(REMOTE_ADDR=headers.pop("address", "203.0.113.9")), headers.pop("method", "get"))
    with time_machine.travel(message.sent_at + timedelta(minutes=30, seconds=at), tick=False):
        return method("/" + address.split("/", 3)[3], headers=browser | headers).status_code


def told(machine: bool) -> int:
    return Activity.objects.filter(shape__machine=machine, shape__kind=CLICKED).count()


def state(message: Message) -> tuple[datetime | None, str]:
    factories.let_hits_settle()
    message.refresh_from_db()
    return message.clicked_at, Enrolment.objects.get(pk=message.enrolment_id).ended_because


def test_the_hidden_link_is_for_machines_alone(message: Message) -> None:
    sender = Sender("Quillstone", "Dana", "dana@quillstone.example", "Kai 4")
    filled = letters.mail_of(message.step, sender)
    letter = letters.letter_for(message, {}, sender, timezone.now())

    html, text = filled.as_html(letter), filled.as_text(letter)

    trap = letters.addresses(message.key, {}).trap
    hidden = next(line for line in html.split("<a ") if trap in line)
    assert 'aria-hidden="true" tabindex="-1"' in hidden
    assert "display:none" in hidden
    assert "></a>" in hidden
    assert trap not in text
    assert visit(message, TRAP) == 204


def test_a_click_is_held_until_it_is_known_to_be_a_persons(message: Message) -> None:
    visit(message)
    Hit.objects.update(at=timezone.now())
    tracking.settle_due()
    message.refresh_from_db()
    assert (message.clicked_at, told(False)) == (None, 0)

    clicked, ended = state(message)

    assert clicked is not None
    assert (ended, told(False)) == ("goal", 1)


def test_a_first_click_becomes_a_machines_when_the_others_follow(message: Message) -> None:
    visit(message, at=0)
    for place in range(2, 5):
        visit(message, link=place, at=place / 5)

    assert state(message) == (None, "")
    assert (told(False), told(True)) == (0, 4)
    assert "at_once" in Hit.objects.earliest("at").reasons


def test_what_took_effect_is_put_right_when_a_later_hit_tells(message: Message) -> None:
    visit(message, at=0)
    assert state(message)[1] == "goal"
    Touch.objects.all().delete()

    visit(message, TRAP, at=4)

    assert state(message) == (None, "")
    assert (told(False), told(True)) == (0, 1)
    assert Touch.objects.filter(lead_id=message.enrolment.lead_id).exists()
    assert "no reader can see" in Activity.objects.get(shape__kind=CLICKED).props["machine"]
    assert Enrolment.objects.get().due_at is not None


def test_a_person_counts_though_a_machine_was_first(message: Message) -> None:
    for place in range(1, 5):
        visit(message, link=place, at=place, address="198.51.100.1", method="head")
    visit(message, link=2, at=600)

    clicked, ended = state(message)

    assert clicked == message.sent_at + timedelta(minutes=40)
    assert (ended, told(False), told(True)) == ("goal", 1, 4)


def test_a_link_followed_twice_by_two_devices_within_a_minute_is_one_deed(message: Message) -> None:
    visit(message, at=0)
    visit(message, at=20, address="198.51.100.77", **{"User-Agent": gateways.IPHONE.format(1)})

    state(message)

    assert (Hit.objects.count(), told(False)) == (2, 1)


def test_a_colleague_releases_a_hit_and_holds_it_back_again(message: Message, mara: User) -> None:
    visit(message, method="head")
    assert state(message) == (None, "")
    hit = Hit.objects.get()

    verdicts.decide(hit=hit, person=True, actor=mara)
    tracking.follow()
    assert state(message) == (hit.at, "goal")
    assert (told(False), told(True)) == (1, 0)

    verdicts.decide(hit=hit, person=False, actor=mara)
    tracking.follow()
    assert state(message) == (None, "")
    assert (told(False), told(True)) == (0, 1)


def test_a_rule_for_a_network_puts_right_what_is_on_file_and_its_end_does_too(
    message: Message, mara: User
) -> None:
    visit(message, method="head", address="198.51.100.1")
    assert state(message)[0] is None

    rule = verdicts.rule(kind="network", pattern="198.51.100.9/24", people=True, actor=mara)
    verdicts.judge_again()
    assert (rule.pattern, state(message)[0] is not None) == ("198.51.100.0/24", True)

    verdicts.forget_rule(rule)
    verdicts.judge_again()
    assert state(message)[0] is None


def test_a_slow_gateway_of_a_domain_gets_its_time(message: Message, mara: User) -> None:
    visit(message)
    verdicts.rule(kind="domain", pattern="@buyer.example", people=False, seconds=3600, actor=mara)

    verdicts.judge_again()

    assert state(message)[0] is None
    assert Hit.objects.get().reasons == ["soon"]


def test_a_mark_is_found_after_the_lead_was_merged(message: Message, mara: User) -> None:
    visit(message)
    state(message)
    other = factories.lead()
    merges.merge_leads(winner=other, loser=message.enrolment.lead, cause="test")

    verdicts.decide(hit=Hit.objects.get(), person=False, actor=mara)

    assert Activity.objects.get(lead=other, shape__kind=CLICKED).shape.machine


def test_a_wait_for_a_click_does_not_take_a_machines(mara: User) -> None:
    campaign = factories.draft()
    first = mail(campaign, "The guide")
    ask = add(campaign, "event", event={"mail": str(first.key), "did": "click"}, minutes=60)
    yes = add(campaign, "wait", ask, "did", minutes=5)
    start(campaign)
    run = run_of(campaign)
    advancing.advance_due()
    Message.objects.update(state="accepted", sent_at=Now() - timedelta(hours=1))
    make_due()
    advancing.advance_due()
    met = Message.objects.select_related("enrolment__lead", "step").get()
    links = (TrackedLink(step=met.step, url=f"https://quillstone.example/{place}") for place in range(4))
    TrackedLink.objects.bulk_create(links)

    for place in range(1, 5):
        visit(met, link=place, at=place / 5)
    factories.let_hits_settle()
    advancing.advance_due()
    assert stands(run) == ask

    visit(met, at=900)
    factories.let_hits_settle()
    waiting.wake_for_events()
    advancing.advance_due()
    assert stands(run) == yes


@pytest.mark.parametrize(
    "profile", [gateways.defender, gateways.barracuda, gateways.antivirus, gateways.unfurl, gateways.tabs]
)
def test_profiles_of_the_simulation_through_the_real_doors(
    message: Message, profile: gateways.Profile
) -> None:
    drawn = gateways.Mail(random.Random(7), links=4)
    profile(drawn)

    for seen, _ in drawn.hits:
        headers = {} if "no_language" not in seen.signs else {"Accept": "*/*", "Accept-Language": ""}
        after = (seen.at - gateways.SENT).total_seconds() - 1800
        visit(message, seen.kind, max(seen.link, 1), after, address=seen.address, method=seen.method.lower(),
              **{"User-Agent": seen.agent}, **headers)  # fmt: skip
    state(message)

    machines = Hit.objects.filter(machine=True).exclude(kind__in=[OPEN, TRAP, FOOT]).count()
    clicks = [machine for seen, machine in drawn.hits if seen.kind == CLICK]
    assert (machines, told(False)) == (sum(clicks), len(clicks) - sum(clicks))


def test_nobody_fills_the_table(message: Message) -> None:
    row = Hit(lead=message.enrolment.lead, kind=OPEN, at=message.sent_at, mail=message.key)
    for number in range(200):
        row.pk, row.key = None, f"00000000-0000-0000-0000-{number:012}"
        row.save(force_insert=True)

    assert visit(message) == 302
    assert Hit.objects.count() == 200
    assert Lead.objects.get().hits.count() == 200


@pytest.mark.parametrize(("address", "machine"), [("203.0.113.9", True), ("127.0.0.1", False)])
def test_one_visitor_in_many_peoples_mails_is_a_gateway_unless_it_may_be_our_own_proxy(
    message: Message, address: str, machine: bool
) -> None:
    visit(message, address=address)
    hit = Hit.objects.get()
    same = {"lead": hit.lead, "kind": CLICK, "at": hit.at, "agent": hit.agent, "address": address}
    Hit.objects.bulk_create(Hit(mail=uuid4(), settled_at=hit.at, **same) for _ in range(7))

    state(message)

    hit.refresh_from_db()
    assert (hit.machine, "crowd" in hit.reasons) == (machine, machine)
