"""Moving leads: by a deal's new owner, by a rep's own T; nothing stays behind with the old rep."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from handoff.clock import database_now
from handoff.deal_history import owner_changes
from handoff.errors import CannotTake, HandoffError
from handoff.models import ClockMove, Handoff, Notification, Opportunity, RoundRobinSeat, SlaClock
from handoff.services.answers import accept, reject, undo
from handoff.services.notifications import tell_missed
from handoff.services.offers import withdraw
from handoff.services.opportunities import Terms, change, reopen, win
from handoff.services.reassignments import reassign
from handoff.services.returns import recycle
from handoff.services.silence import act
from handoff.services.snoozing import snooze
from handoff.services.touches import log_touch
from leads.models import Lead
from tests.handoff.factories import (
    clock,
    let_time_pass,
    make_deal,
    make_offer,
    make_pipeline,
    open_around_the_clock,
    reason,
)

pytestmark = pytest.mark.django_db
TERMS = Terms("Fjellheim, 120 seats", Decimal(12400), "EUR")


@pytest.fixture(autouse=True)
def around_the_clock():
    open_around_the_clock()
    return make_pipeline()


@pytest.fixture
def deal(rita, mara):
    return make_deal(rita, mara)


def give(deal, otto, actor, version=None):
    return change(opportunity=deal, actor=actor, version=version or deal.version, terms=TERMS, owner=otto)


def win_it(deal, actor):
    return win(opportunity=deal, actor=actor, version=deal.version, amount=Decimal(9), currency="EUR")


def card(user, handoff, client_of):
    return client_of(user).get(reverse("handoff:inbox_detail", args=[handoff.pk])).content.decode()


def listed(user, client_of):
    groups = client_of(user).get("/inbox/").context["groups"]
    return [item.handoff.pk for group in groups for item in group.items]


def test_a_new_owner_of_a_deal_gets_lead_handoff_and_clocks_in_one_change(deal, rita, otto, max, client_of):
    first = deal.handoff
    log_touch(handoff=first, actor=rita, kind="call")

    give(deal, otto, max)

    following = Handoff.objects.live().get()
    assert (following.rep, deal.handoff, deal.owner) == (otto, following, otto)
    assert Lead.objects.get().owner == otto
    assert clock(following, "accept").cancelled_at is None
    assert not Handoff.objects.visible_to(rita).live().exists()
    assert (listed(rita, client_of), listed(otto, client_of)) == ([], [following.pk])
    tell_missed()
    told = set(Notification.objects.values_list("user__name", "kind"))
    assert {("Rita Rep", "taken"), ("Otto Other", "offered")} <= told


def test_promises_kept_for_a_lead_stay_kept_when_its_deal_changes_hands(deal, rita, otto, max, client_of):
    first = deal.handoff
    log_touch(handoff=first, actor=rita, kind="call")
    kept = {clock(first, kind).pk for kind in SlaClock.OF_THE_LEAD}

    give(deal, otto, max)
    offered = card(otto, deal.handoff, client_of)
    accept(handoff=deal.handoff, actor=otto)

    assert "Starts on accept" not in offered
    for shown in (offered, card(otto, deal.handoff, client_of)):
        assert "First touch met" in shown
        assert "Decided" in shown
        assert "Called off" not in shown
    assert set(SlaClock.objects.filter(kind__in=SlaClock.OF_THE_LEAD).values_list("pk", flat=True)) == kept
    moves = ClockMove.objects.filter(clock__in=kept, clock__handoff=deal.handoff)
    assert {(move.from_rep, move.to_rep, move.by) for move in moves} == {(rita, otto, max)}
    before = card(max, first, client_of)
    assert "Stays with the lead" in before
    assert "Called off" not in before


def test_a_deal_tells_who_had_it_and_who_gave_it_to_whom(deal, rita, otto, max, client_of):
    give(deal, otto, max)
    reassign(handoff=deal.handoff, rep=rita, actor=otto, note="She knows them.")
    deal.refresh_from_db()
    win_it(deal, rita)
    give(deal, otto, max)

    told = owner_changes(deal, most=9)
    page = client_of(otto).get(f"/pipeline/{deal.pk}/").content.decode()

    assert [(each.before, each.after, each.by) for each in told] == [
        (rita, otto, max),
        (otto, rita, otto),
        (rita, otto, max),
    ]
    assert page.count("Owner: Rita Rep to Otto Other<small>Max Manager</small>") == 2
    assert page.count("Owner: Otto Other to Rita Rep<small>Otto Other</small>") == 1
    assert "Opened in" in page


def test_the_same_click_twice_moves_once_and_an_old_page_moves_nothing(deal, rita, otto, max):
    seen = deal.version
    give(deal, otto, max, seen)

    give(deal, otto, max, seen)
    with pytest.raises(HandoffError, match="changed this deal meanwhile"):
        give(deal, rita, max, seen)

    assert Handoff.objects.count() == 2
    assert Opportunity.objects.get().owner == otto


def test_a_deal_is_not_given_to_somebody_who_left_and_nothing_is_half_saved(deal, rita, otto, max):
    otto.is_active = False
    otto.save()

    with pytest.raises(CannotTake):
        give(deal, otto, max)

    stored = Opportunity.objects.get()
    assert (stored.owner, stored.name) == (rita, "Fjellheim")
    assert Handoff.objects.get().rep == rita


def test_a_closed_deal_changes_hands_and_takes_the_handoff_along_when_it_opens_again(deal, rita, otto, max):
    win_it(deal, rita)
    give(deal, otto, max)
    assert (Handoff.objects.get().rep, Lead.objects.get().owner) == (rita, otto)

    reopen(opportunity=deal, actor=max, version=deal.version)

    assert Handoff.objects.live().get().rep == otto
    assert Opportunity.objects.get().handoff.rep == otto


def test_a_deal_that_came_along_stays_a_deal_whatever_the_next_rep_answers(deal, otto, max, mara):
    give(deal, otto, max)
    following = deal.handoff

    for refused in (
        lambda: reject(handoff=following, actor=otto, reason=reason()),
        lambda: withdraw(handoff=following, actor=mara),
    ):
        with pytest.raises(HandoffError, match="open deal"):
            refused()
    accept(handoff=following, actor=otto)
    assert Lead.objects.get().stage == "opportunity"
    undo(handoff=following, actor=otto)
    assert Lead.objects.get().stage == "opportunity"
    act(following.pk, "return")

    assert Handoff.objects.live().get().silence == "escalated"


def test_whoever_wins_a_deal_has_taken_its_lead(deal, otto, max):
    give(deal, otto, max)

    win_it(deal, otto)

    assert Handoff.objects.live().get().accepted_at
    assert Lead.objects.get().stage == "customer"


def test_an_offer_that_carries_a_deal_and_clocks_is_moved_on_with_both(deal, rita, otto, max):
    give(deal, otto, max)
    touch = clock(deal.handoff, "first_touch")

    following = reassign(handoff=deal.handoff, rep=rita, actor=otto, note="She knows them.")

    assert Opportunity.objects.get().handoff == following
    assert clock(following, "first_touch").pk == touch.pk


def test_a_touched_lead_that_changed_reps_is_listed_once_with_its_new_rep(mara, rita, otto, max, client_of):
    first = accept(handoff=make_offer(rita, mara), actor=rita)
    log_touch(handoff=first, actor=rita, kind="call")

    second = accept(handoff=reassign(handoff=first, rep=otto, actor=max), actor=otto)

    assert (listed(rita, client_of), listed(otto, client_of)) == ([], [second.pk])
    assert client_of(otto).get(reverse("handoff:inbox_detail", args=[second.pk])).status_code == 200


@pytest.mark.parametrize("answered", [False, True], ids=["offered", "accepted"])
def test_a_rep_passes_a_lead_on_with_a_reason(answered, mara, rita, otto, client_of):
    handoff, address = make_offer(rita, mara), "/handoffs/{}/transfer/"
    if answered:
        accept(handoff=handoff, actor=rita)
    url, rep = address.format(handoff.pk), client_of(rita)

    silent = rep.post(url, {"rep": otto.pk, "note": ""})
    answer = rep.post(url, {"rep": otto.pk, "note": "Speaks Norwegian."}, follow=True)

    assert silent.status_code == 422
    assert "Say why, so that your colleague knows what to do." in silent.content.decode()
    assert "is with Otto Other now" in answer.content.decode()
    following = Handoff.objects.live().get()
    assert (following.rep, following.note, following.offered_by) == (otto, "Speaks Norwegian.", rita)
    assert SlaClock.objects.running().get(handoff=following, kind="accept")
    tell_missed()
    assert not Notification.objects.filter(user=rita, kind="taken").exists()


def test_who_is_not_free_is_said_before_and_after_and_may_still_be_chosen(mara, rita, otto, client_of):
    RoundRobinSeat.objects.create(rep=otto, max_open=0)
    url, rep = f"/handoffs/{make_offer(rita, mara).pk}/transfer/", client_of(rita)

    before = rep.get(url).content.decode()
    after = rep.post(url, {"rep": otto.pk, "note": "Her market."}, follow=True).content.decode()

    assert "Otto Other (full, 0 of 0 offers unanswered)" in before
    assert "Mind that Otto Other is not free: full, 0 of 0 offers unanswered." in after
    assert Handoff.objects.live().get().rep == otto


def test_nobody_transfers_to_themselves_or_for_a_stranger(mara, rita, otto, max):
    handoff = make_offer(rita, mara)

    with pytest.raises(CannotTake, match="is with Rita Rep already"):
        reassign(handoff=handoff, rep=rita, actor=rita)
    with pytest.raises(PermissionDenied):
        reassign(handoff=handoff, rep=otto, actor=otto)
    accept(handoff=handoff, actor=rita)
    with pytest.raises(PermissionDenied):
        reassign(handoff=handoff, rep=otto, actor=mara)

    assert Handoff.objects.get().rep == rita


def test_an_offer_is_recycled_only_with_a_reason_and_shows_among_the_rejected(mara, rita, client_of):
    handoff, rep = make_offer(rita, mara), client_of(rita)
    address = f"/handoffs/{handoff.pk}/recycling/"

    sheet = rep.get(address).content.decode()
    refused = rep.post(address, {"reason": reason().pk})
    silent = rep.post(f"/handoffs/{handoff.pk}/rejection/?follows=recycle", {})
    wrong = rep.post(
        f"/handoffs/{handoff.pk}/rejection/?follows=recycle", {"reason": reason("disqualify").pk}
    )
    rep.post(f"/handoffs/{handoff.pk}/rejection/?follows=recycle", {"reason": reason().pk})

    assert f'action="/handoffs/{handoff.pk}/rejection/?follows=recycle"' in sheet
    assert reason().label in sheet
    assert reason("disqualify").label not in sheet
    assert refused.status_code == 409
    assert "Reject it with a reason" in refused.content.decode()
    assert (silent.status_code, wrong.status_code) == (422, 422)
    assert Handoff.objects.get().reject_reason == reason()
    assert handoff.lead.name in client_of(mara).get("/queue/?tab=rejected").content.decode()


def test_marketing_hears_why_an_accepted_lead_was_recycled_also_after_a_transfer(
    mara, rita, otto, max, client_of
):
    first = make_offer(rita, mara, name="Greta Lindholm")
    second = accept(handoff=reassign(handoff=first, rep=otto, actor=max), actor=otto)
    let_time_pass(second, by=second.settles_at - second.accepted_at)

    why = {"reason": reason().pk, "note": "No budget before summer."}
    client_of(otto).post(f"/handoffs/{second.pk}/recycling/", why)
    tell_missed()
    tell_missed()

    told = Notification.objects.filter(
        text=f"Otto Other recycled Greta Lindholm: {reason()}: No budget before summer."
    )
    assert sorted(note.user.name for note in told) == ["Mara Marketer", "Max Manager"]


def test_no_news_leads_to_a_page_that_is_closed_to_whoever_reads_it(mara, rita, otto, max, client_of):
    deal = make_deal(rita, mara, name="Hanna Virtanen")
    win_it(deal, max)  # told to rita, while it is hers
    tell_missed()
    reopen(opportunity=deal, actor=max, version=deal.version)
    give(deal, otto, max)  # taken from rita
    lost = accept(handoff=reassign(handoff=make_offer(rita, mara), rep=otto, actor=rita), actor=otto)
    let_time_pass(lost, by=lost.settles_at - lost.accepted_at)
    recycle(handoff=lost, actor=otto, reason=reason())  # told to rita, who had passed it on
    tell_missed()
    rep = client_of(rita)

    page = rep.get("/notifications/")
    links = {row.text: link for row, link, *_ in page.context["rows"]}

    assert {row.kind for row, *_ in page.context["rows"]} >= {"won", "taken", "answered"}
    assert {text: rep.get(link).status_code for text, link in links.items()} == dict.fromkeys(links, 200)
    taken = rep.get(links["Hanna Virtanen is with Otto Other now."]).content.decode()
    assert "Now with</span><span>Otto Other" in taken
    stored = Notification.objects.exclude(user=max).get(text="Hanna Virtanen is with Otto Other now.")
    assert rep.get(stored.link).status_code == 200  # what a mail links to


def test_undo_sets_aside_again_what_the_answer_woke(mara, rita):
    nine = database_now() + timedelta(minutes=9)
    until = snooze(handoff=make_offer(rita, mara), actor=rita, until=nine).snoozed_until

    undo(handoff=accept(handoff=Handoff.objects.get(), actor=rita), actor=rita)

    assert Handoff.objects.get().snoozed_until == until


def test_whoever_passed_a_lead_on_reads_who_has_it_and_no_more_of_it(rita, otto, mara, max, client_of):
    before = make_offer(rita, mara, name="Hanna Virtanen", phone="+358401234567")
    following = accept(
        handoff=reassign(handoff=before, rep=otto, actor=max, note="Speaks Finnish."), actor=otto
    )
    log_touch(handoff=following, actor=otto, kind="call", note="Wants it in spring.")

    page = client_of(rita).get(f"/inbox/{before.pk}/").content.decode()

    assert "Passed to Otto Other by Max Manager" in page
    assert "no longer with you" in page
    assert reverse("leads:detail", args=[before.lead_id]) not in page
    assert reverse("scoring:explanation", args=[before.lead_id]) not in page
    for secret in ("Wants it in spring.", before.lead.email, "tel:", "qualification"):
        assert secret not in page
    assert "Wants it in spring." in client_of(max).get(f"/inbox/{before.pk}/").content.decode()


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_whoever_was_too_late_keeps_their_words(headers, rita, mara, max, client_of):
    offer = make_offer(rita, mara)
    accept(handoff=offer, actor=max)

    answer = client_of(rita).post(
        f"/handoffs/{offer.pk}/rejection/",
        {"reason": reason().pk, "note": "Typed <b>words</b>"},
        headers=headers,
    )

    assert answer.status_code == 409
    assert "You had written: <q>Typed &lt;b&gt;words&lt;/b&gt;</q>" in answer.content.decode()
