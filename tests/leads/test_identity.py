"""Many names, one person: who an event is about, merging, and taking a merge back."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from leads.models import Activity, Identity, Lead, LeadMerge, Suppression, Touch
from leads.services.activities import NewActivity, drain_touches, record_activities
from leads.services.identity import MergeRefused, Sender, merge_leads, resolve, unmerge

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def sender(*, user="", email="", visitor="", at=NOON):
    names = (("external", user), ("email", email), ("visitor", visitor))
    return Sender(tuple(name for name in names if name[1]), at)


def one(**names):
    return resolve([sender(**names)])[0]


def make(email=None, user="", visitor="", **fields):
    lead = Lead.objects.create(email=email, created_at=NOON, **fields)
    for kind, value in (("external", user), ("visitor", visitor), ("email", email)):
        if value:
            Identity.objects.create(lead=lead, kind=kind, value=value)
    return lead


def seen(lead, path="/pricing", at=NOON):
    record_activities([NewActivity(lead.pk, "page_view", at, {"path": path})])


def test_a_visitor_nobody_knew_becomes_a_lead_and_stays_the_same_lead():
    first = one(visitor="v1")

    assert one(visitor="v1") == first
    assert Lead.objects.get(pk=first).created_at == NOON


def test_a_visitor_who_says_who_they_are_keeps_the_lead():
    anonymous = one(visitor="v1")

    assert one(user="u1", visitor="v1") == anonymous
    assert one(user="u1") == anonymous


def test_a_lead_is_found_by_the_address_it_was_given_elsewhere_whatever_its_case():
    lead = Lead.objects.create(email="Lea@Example.com", created_at=NOON)

    assert one(email="lea@example.com") == lead.pk


def test_the_history_of_a_visitor_joins_the_person_they_turn_out_to_be():
    lea = make("lea@example.com")
    visitor = make(visitor="v1")
    seen(visitor, at=NOON - timedelta(days=30))

    assert one(email="lea@example.com", visitor="v1") == lea.pk

    activity = Activity.objects.get()
    assert (activity.lead_id, activity.subject_id) == (lea.pk, visitor.pk)
    assert activity.occurred_at == NOON - timedelta(days=30)
    visitor.refresh_from_db()
    assert visitor.merged_into == lea
    assert not Lead.objects.filter(pk=visitor.pk, merged_into=None).exists()


def test_two_people_at_one_browser_stay_two_people():
    first = one(user="u1", visitor="shared")

    second = one(user="u2", visitor="shared")

    assert second != first
    assert one(visitor="shared") == first


def test_two_people_with_two_addresses_are_never_joined():
    lea, tom = make("lea@example.com", user="u1"), make("tom@example.com")

    assert one(user="u1", email="tom@example.com") == lea.pk
    assert not LeadMerge.objects.exists()
    tom.refresh_from_db()
    assert tom.merged_into is None


def test_an_account_without_an_address_joins_the_lead_with_the_address_it_names():
    account, lea = make(user="u1"), make("lea@example.com")

    assert one(user="u1", email="lea@example.com") == lea.pk
    account.refresh_from_db()
    assert account.merged_into == lea


def test_names_met_in_one_batch_are_one_person():
    ids = resolve(
        [sender(visitor="v1"), sender(user="u1", visitor="v1"), sender(user="u1", email="a@b.example")]
    )

    assert len(set(ids)) == 1
    assert Lead.objects.count() == 1


def test_a_batch_costs_the_same_number_of_queries_for_one_and_for_many(django_assert_num_queries):
    resolve([sender(visitor=f"v{number}") for number in range(300)])

    with django_assert_num_queries(1):
        resolve([sender(visitor="v1")])
    with django_assert_num_queries(1):
        resolve([sender(visitor=f"v{number}") for number in range(300)])
    with django_assert_num_queries(6):
        resolve([sender(visitor="w")])
    with django_assert_num_queries(6):
        resolve([sender(visitor=f"w{number}") for number in range(300)])


def test_merging_fills_what_the_winner_did_not_know_and_unmerging_gives_it_back():
    winner = make("lea@example.com", first_name="Lea")
    loser = make(user="u1", first_name="Leah", title="CTO", custom={"score": 3})
    seen(loser)
    Suppression.objects.create(address="old@example.com", lead=loser, reason="manual")

    merge = merge_leads(winner=winner, loser=loser, cause="Typed by a colleague")

    winner.refresh_from_db()
    assert (winner.first_name, winner.title, winner.custom) == ("Lea", "CTO", {"score": 3})
    assert Identity.objects.get(value="u1").lead == winner
    assert Suppression.objects.get().lead == winner

    back = unmerge(merge=merge)

    winner.refresh_from_db()
    assert back.pk == loser.pk
    assert back.merged_into is None
    assert (winner.title, winner.custom) == ("", {})
    assert Identity.objects.get(value="u1").lead == loser
    assert Activity.objects.get().lead == loser


def test_an_address_moves_with_the_merge_and_comes_back():
    winner, loser = make(user="u1"), make("lea@example.com")

    merge = merge_leads(winner=winner, loser=loser, cause="Same person")
    winner.refresh_from_db()
    assert winner.email == "lea@example.com"

    unmerge(merge=merge)
    winner.refresh_from_db()
    loser.refresh_from_db()
    assert (winner.email, loser.email) == (None, "lea@example.com")


def test_a_chain_of_merges_comes_apart_in_the_middle():
    first, second, third = make("a@example.com"), make(visitor="v2"), make(visitor="v3")
    for lead in (first, second, third):
        seen(lead)
    merge_leads(winner=second, loser=third, cause="1")
    middle = merge_leads(winner=first, loser=second, cause="2")

    unmerge(merge=middle)

    owners = dict(Activity.objects.values_list("subject_id", "lead_id"))
    assert owners == {first.pk: first.pk, second.pk: second.pk, third.pk: second.pk}


def test_what_changed_since_the_merge_stays_with_the_winner():
    winner, loser = make("lea@example.com"), make(user="u1", title="CTO")
    merge = merge_leads(winner=winner, loser=loser, cause="Same person")
    Lead.objects.filter(pk=winner.pk).update(title="CEO")

    unmerge(merge=merge)

    winner.refresh_from_db()
    assert winner.title == "CEO"


def test_a_merge_is_refused_when_it_makes_no_sense():
    winner, loser, third = make("lea@example.com"), make(visitor="v1"), make(visitor="v2")
    merge = merge_leads(winner=winner, loser=loser, cause="Same person")

    with pytest.raises(MergeRefused, match="itself"):
        merge_leads(winner=winner, loser=winner, cause="?")
    with pytest.raises(MergeRefused, match="merged already"):
        merge_leads(winner=third, loser=loser, cause="?")
    unmerge(merge=merge)
    with pytest.raises(MergeRefused, match="undone already"):
        unmerge(merge=merge)


def test_both_leads_of_a_merge_are_looked_at_again():
    winner, loser = make("lea@example.com"), make(visitor="v1")

    merge_leads(winner=winner, loser=loser, cause="Same person")

    assert sorted(Touch.objects.values_list("lead_id", flat=True)) == [winner.pk, loser.pk]


def test_activities_that_arrived_during_a_merge_follow_it():
    winner, loser = make("lea@example.com"), make(visitor="v1")
    merge_leads(winner=winner, loser=loser, cause="Same person")
    seen(loser)  # a batch that had looked before the merge was saved

    drained = drain_touches(100)

    assert winner.pk in drained
    assert Activity.objects.get().lead_id == winner.pk


@pytest.mark.django_db(transaction=True)
def test_two_batches_that_name_the_same_new_person_at_once_make_one_lead():
    start = threading.Barrier(4)
    found = []

    def send(backwards):
        senders = [sender(visitor=f"v{number}", user=f"u{number}") for number in range(40)]
        start.wait()
        with transaction.atomic():
            ids = resolve(senders[::-1] if backwards else senders)
        found.append(sorted(ids))
        connection.close()

    threads = [threading.Thread(target=send, args=[bool(number % 2)]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 4
    assert all(ids == found[0] for ids in found)
    assert Lead.objects.count() == 40
