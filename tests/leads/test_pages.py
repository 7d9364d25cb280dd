"""Pages about people and companies: who sees what, what a wrong input does, and what a long list costs."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from leads.models import Company, Lead, Pulse, Suppression
from leads.services import consent
from leads.services.activities import NewActivity, record_activities
from leads.services.people import assign_owner, disqualify, update_fields, upsert_lead

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def person(email="jane@acme.de", **values):
    return upsert_lead(values=values, source="import", email=email)[0]


def people(number, **values):
    return [person(f"p{n}@firm.de", name=f"Person {n:03}", **values) for n in range(number)]


def names_on(response):
    return [lead.name for lead in response.context["page"].rows]


PAGES = ["leads:list", "leads:companies", "leads:search", "leads:imports"]


@pytest.mark.parametrize("name", PAGES)
def test_a_stranger_is_asked_to_sign_in(client, name):
    assert "/accounts/login/" in client.get(reverse(name)).url


@pytest.mark.parametrize("name", PAGES[:3])
def test_pages_that_only_show_refuse_to_be_posted_to(client_of, mara, name):
    assert client_of(mara).post(reverse(name)).status_code == 405


@pytest.mark.parametrize("name", PAGES)
def test_empty_pages_say_what_to_do(client_of, mara, name):
    assert client_of(mara).get(reverse(name)).status_code == 200


def test_a_rep_sees_her_own_leads_only(client_of, rita, mara):
    mine, other = person("a@b.de", name="Mine"), person("c@d.de", name="Other", company="Theirs")
    assign_owner(lead=mine, owner=rita, actor=mara)

    listed = client_of(rita).get(reverse("leads:list"))

    assert names_on(listed) == ["Mine"]
    for name in ("leads:detail", "leads:timeline", "leads:details"):
        assert client_of(rita).get(reverse(name, args=[mine.pk])).status_code == 200
        assert client_of(rita).get(reverse(name, args=[other.pk])).status_code == 404
    assert client_of(rita).get(reverse("leads:company", args=[other.company_id])).status_code == 404


@pytest.mark.parametrize("action", ["leads:owner", "leads:disqualification", "leads:suppression"])
def test_a_rep_decides_nothing_of_marketing_s(client_of, rita, mara, action):
    lead = person()
    assign_owner(lead=lead, owner=rita, actor=mara)

    response = client_of(rita).post(reverse(action, args=[lead.pk]), {"reason": "x"})

    assert response.status_code == 403
    assert Lead.objects.get().owner == rita
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("action", ["leads:assign", "leads:disqualify"])
def test_a_rep_decides_nothing_about_many(client_of, rita, action):
    lead = person()

    assert client_of(rita).post(reverse(action), {"lead": [lead.pk], "reason": "x"}).status_code == 403
    assert Lead.objects.get().stage == "lead"


def cost(client, url):
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


def test_a_long_list_costs_as_much_as_a_short_one(client_of, mara, rita):
    client = client_of(mara)
    people(1, company="Acme")
    short = cost(client, reverse("leads:list")), cost(client, reverse("leads:companies"))

    for number, lead in enumerate(people(50, company="Acme")):
        assign_owner(lead=lead, owner=rita, actor=mara)
        upsert_lead(values={}, source="api", email=f"x@co{number}.de")

    assert (cost(client, reverse("leads:list")), cost(client, reverse("leads:companies"))) == short


def test_a_lead_with_much_history_costs_as_much_as_one_with_little(client_of, mara):
    client, lead = client_of(mara), person()
    record_activities([NewActivity(lead.pk, "page_view", timezone.now(), {"path": "/a"})])
    short = cost(client, reverse("leads:detail", args=[lead.pk]))

    record_activities(
        [
            NewActivity(lead.pk, "page_view", timezone.now() - timedelta(hours=n), {"path": f"/{n}"})
            for n in range(90)
        ]
    )

    assert cost(client, reverse("leads:detail", args=[lead.pk])) == short


@pytest.mark.parametrize(
    "sort", ["active", "-active", "created", "-created", "name", "-name", "score", "-score"]
)
def test_pages_of_the_list_show_everybody_once_in_both_directions(client_of, mara, sort):
    everybody = people(120)
    now = timezone.now()
    Pulse.objects.bulk_create(
        [
            Pulse(lead=lead, last_active_at=now - timedelta(hours=n // 3))
            for n, lead in enumerate(everybody[:70])
        ]
    )
    client, url = client_of(mara), f"{reverse('leads:list')}?sort={sort}"

    pages, seen = [], []
    while url:
        response = client.get(url)
        pages.append(names_on(response))
        seen += pages[-1]
        last, url = (
            response,
            response.context["next_url"] and reverse("leads:list") + response.context["next_url"],
        )
    back = []
    while last.context["previous_url"]:
        last = client.get(reverse("leads:list") + last.context["previous_url"])
        back.insert(0, names_on(last))

    assert [len(page) for page in pages] == [50, 50, 20]
    assert sorted(seen) == sorted(lead.name for lead in everybody)
    assert back == pages[:-1]


def test_the_never_active_come_last_in_both_directions(client_of, mara):
    never, once = person("a@b.de", name="Never"), person("c@d.de", name="Once")
    Pulse.objects.create(lead=once, last_active_at=timezone.now())

    for sort in ("active", "-active"):
        assert names_on(client_of(mara).get(f"{reverse('leads:list')}?sort={sort}")) == ["Once", "Never"]
    assert never.pk


@pytest.mark.parametrize("cursor", ["x", "AAAA", "WzAsWyJ4Il0sZmFsc2Vd", "W10", "%00", "a" * 600])
def test_a_cursor_that_cannot_be_read_is_the_first_page(client_of, mara, cursor):
    people(2)

    response = client_of(mara).get(reverse("leads:list"), {"cursor": cursor, "sort": "name"})

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "ja"}, ["Jane"]),
        ({"q": "ane"}, ["Jane"]),
        ({"q": "JANE@acme"}, ["Jane"]),
        ({"q": "beta"}, ["Tom"]),
        ({"q": "j"}, []),
        ({"q": "100%"}, []),
        ({"country": "Norway"}, ["Jane"]),
        ({"stage": "disqualified"}, ["Tom"]),
        ({"owner": "none"}, ["Tom"]),
        ({"email": "no"}, []),
        ({"suppressed": "yes"}, ["Tom"]),
        ({"suppressed": "no"}, ["Jane"]),
        ({"created": "2090-01-01"}, []),
        ({"active": "2000-01-01"}, ["Jane"]),
        ({"score": "1"}, []),
        ({"stage": "nonsense", "score": "many", "owner": "999"}, ["Jane", "Tom"]),
    ],
)
def test_filters(client_of, mara, rita, query, found):
    jane = person("jane@acme.de", first_name="Jane", country="Norway")
    tom = person("tom@gmx.de", first_name="Tom", company="Beta Works")
    assign_owner(lead=jane, owner=rita, actor=mara)
    Pulse.objects.create(lead=jane, last_active_at=timezone.now())
    disqualify(lead=tom, actor=mara, reason="Student")
    consent.suppress(address="tom@gmx.de", reason="manual")

    response = client_of(mara).get(reverse("leads:list"), query)

    assert sorted(names_on(response)) == found


def test_several_leads_get_an_owner_at_once(client_of, mara, rita, otto):
    leads = people(3)

    response = client_of(mara).post(
        reverse("leads:assign"),
        {"lead": [lead.pk for lead in leads[:2]], "owner": rita.pk, "next": "/leads/?q=x"},
    )

    assert response.url == "/leads/?q=x"
    assert Lead.objects.filter(owner=rita).count() == 2


@pytest.mark.parametrize("data", [{"owner": "999"}, {"lead": "x", "owner": ""}, {"next": "//evil.example/"}])
def test_a_wrong_choice_changes_nothing_and_leads_back_here(client_of, mara, data):
    lead = person()

    response = client_of(mara).post(reverse("leads:assign"), {"lead": [lead.pk]} | data)

    assert response.url == reverse("leads:list")
    assert Lead.objects.get().owner is None


def test_names_of_any_kind_break_no_page(client_of, mara):
    name = "<script>alert(1)</script>😀\u202eأهلا"
    Lead.objects.create(
        first_name=name[:150], email="x@y.de", created_at=timezone.now(), custom={"k": "<b>" * 3000}
    )
    lead = Lead.objects.get()
    Company.objects.create(name="<i>" * 60)

    for url in (reverse("leads:list"), reverse("leads:detail", args=[lead.pk]), reverse("leads:companies")):
        body = client_of(mara).get(url).content.decode()
        assert "<script>alert" not in body
        assert "<i><i>" not in body
        assert "<b><b>" not in body


def test_a_merged_lead_leads_to_the_one_it_became(client_of, mara):
    winner, loser = person("a@b.de"), person("c@d.de")
    Lead.objects.filter(pk=loser.pk).update(merged_into=winner)

    assert client_of(mara).get(reverse("leads:detail", args=[loser.pk])).url == reverse(
        "leads:detail", args=[winner.pk]
    )


# Details


def form_of(client, lead):
    form = client.get(reverse("leads:details", args=[lead.pk]) + "?edit").context["form"]
    return {name: form[name].value() or "" for name in form.fields}


def test_what_a_colleague_types_is_kept_with_their_name(client_of, rita, mara):
    lead = person(title="CEO")
    assign_owner(lead=lead, owner=rita, actor=mara)
    client = client_of(rita)

    client.post(
        reverse("leads:details", args=[lead.pk]),
        form_of(client, lead) | {"title": "CFO", "employees": "1,200"},
    )

    lead.refresh_from_db()
    assert (lead.title, lead.company.employees) == ("CFO", 1200)
    assert lead.provenance["title"] | {"at": ""} == {"source": "typed", "by": rita.pk, "at": ""}
    assert "Typed by Rita Rep" in client.get(reverse("leads:detail", args=[lead.pk])).content.decode()


def test_a_refused_form_keeps_what_was_typed(client_of, mara):
    lead, client = person(title="CEO"), client_of(mara)

    response = client.post(
        reverse("leads:details", args=[lead.pk]),
        form_of(client, lead) | {"title": "CFO", "employees": "about 200"},
    )

    assert response.status_code == 422
    assert "This is not a number." in response.content.decode()
    assert response.context["form"]["title"].value() == "CFO"
    assert Lead.objects.get().title == "CEO"


def test_of_two_who_edit_at_once_nobody_loses_anything(client_of, mara, max):
    lead, client = person(title="CEO", city="Oslo"), client_of(mara)
    mine = form_of(client, lead) | {"title": "CFO"}
    update_fields(lead=lead, values={"title": "COO", "city": "Rome"}, source="typed", actor=max)

    refused = client.post(reverse("leads:details", args=[lead.pk]), mine, headers=HTMX)
    again = refused.context["form"].data

    assert refused.status_code == 409
    assert "Somebody changed this to “COO” meanwhile" in refused.content.decode()
    assert Lead.objects.get().title == "COO"
    client.post(reverse("leads:details", args=[lead.pk]), mine | {"seen": again["seen"], "city": "Rome"})
    lead.refresh_from_db()
    assert (lead.title, lead.city) == ("CFO", "Rome")


def test_an_address_of_somebody_else_is_refused(client_of, mara):
    person("tom@acme.de", name="Tom Berg")
    lead, client = person(), client_of(mara)

    response = client.post(
        reverse("leads:details", args=[lead.pk]), form_of(client, lead) | {"email": "tom@acme.de"}
    )

    assert response.status_code == 422
    assert "Another lead has this address: Tom Berg" in response.content.decode()


@pytest.mark.parametrize("token", ["", "forged"])
def test_a_forged_form_changes_nothing(client_of, mara, token):
    lead, client = person(title="CEO"), client_of(mara)

    response = client.post(
        reverse("leads:details", args=[lead.pk]), form_of(client, lead) | {"title": "CFO", "seen": token}
    )

    assert response.status_code == 422
    assert Lead.objects.get().title == "CEO"


# Timeline


def test_a_timeline_mixes_what_they_did_and_what_became_of_them(client_of, mara):
    lead = person()
    when = datetime(2026, 11, 2, 9, tzinfo=UTC)
    record_activities(
        [
            NewActivity(lead.pk, "page_view", when, {"path": "/pricing"}, seconds=190),
            NewActivity(lead.pk, "email_click", when + timedelta(days=1), {"campaign": "Autumn"}),
        ]
    )
    disqualify(lead=lead, actor=mara, reason="Student")

    entries = client_of(mara).get(reverse("leads:detail", args=[lead.pk])).context["slice"].entries

    assert [(entry.words, entry.detail) for entry in entries] == [
        ("Became Disqualified", "Student, by Mara Marketer"),
        ("Clicked in a mail", "Autumn"),
        ("Viewed a page", "/pricing, 3 min 10 s"),
    ]


def test_a_day_of_the_timeline_is_the_reader_s_own_and_named_once(client_of, mara):
    """Shortly after midnight in Oslo it is still the day before in UTC."""
    mara.time_zone = "Europe/Oslo"
    mara.save()
    lead, night = person(), datetime(2026, 11, 11, 23, 33, tzinfo=UTC)
    record_activities(
        [
            NewActivity(lead.pk, "page_view", night - timedelta(hours=2), {}),
            NewActivity(lead.pk, "page_view", night, {}),
            NewActivity(lead.pk, "email_click", night + timedelta(hours=8), {}),
        ]
    )

    page = client_of(mara).get(reverse("leads:detail", args=[lead.pk])).content.decode()

    assert page.count("Thursday, 12 November 2026") == 1
    assert page.count("Wednesday, 11 November 2026") == 1


def test_reading_on_shows_every_entry_once(client_of, mara):
    lead, client = person(), client_of(mara)
    when = datetime(2026, 11, 2, 9, tzinfo=UTC)
    record_activities([NewActivity(lead.pk, "page_view", when, {"path": f"/{n}"}) for n in range(75)])
    url, seen = reverse("leads:timeline", args=[lead.pk]), []

    before = ""
    while True:
        part = client.get(url, {"before": before} if before else {}, headers=HTMX).context["slice"]
        seen += [entry.id for entry in part.entries]
        before = part.older
        if not before:
            break

    assert len(seen) == len(set(seen)) == 75


@pytest.mark.parametrize(
    ("channel", "words"),
    [
        ("web", ["Viewed a page"]),
        ("email", ["Clicked in a mail"]),
        ("system", ["Became Disqualified"]),
        ("event", []),
    ],
)
def test_the_timeline_s_tabs(client_of, mara, channel, words):
    lead = person()
    record_activities(
        [NewActivity(lead.pk, kind, timezone.now(), {}) for kind in ("page_view", "email_click")]
    )
    disqualify(lead=lead, actor=mara, reason="Student")

    response = client_of(mara).get(
        reverse("leads:timeline", args=[lead.pk]), {"channel": channel}, headers=HTMX
    )

    assert [entry.words for entry in response.context["slice"].entries] == words


# Consent, owner, search


def test_an_address_is_closed_and_opened_by_marketing(client_of, mara):
    lead, client = person(), client_of(mara)

    client.post(reverse("leads:suppression", args=[lead.pk]))
    assert consent.is_suppressed("jane@acme.de")
    client.post(reverse("leads:suppression", args=[lead.pk]), {"lift": "1"})

    assert not consent.is_suppressed("jane@acme.de")


def test_disqualifying_needs_a_reason_and_can_be_taken_back(client_of, mara):
    lead, client = person(), client_of(mara)

    client.post(reverse("leads:disqualification", args=[lead.pk]), {"reason": " "})
    assert Lead.objects.get().stage == "lead"
    client.post(reverse("leads:disqualification", args=[lead.pk]), {"reason": "Student"})
    assert Lead.objects.get().stage == "disqualified"
    client.post(reverse("leads:disqualification", args=[lead.pk]), {"back": "1"})

    assert Lead.objects.get().stage == "lead"


def test_the_palette_finds_visible_people_and_companies(client_of, rita, mara):
    mine, _ = person("jane@acme.de", name="Jane Doe", company="Acme"), person("jan@beta.de", name="Jan Other")
    assign_owner(lead=mine, owner=rita, actor=mara)

    everything = client_of(mara).get(reverse("leads:search"), {"q": "jan"}, headers=HTMX).content.decode()
    own = client_of(rita).get(reverse("leads:search"), {"q": "jan"}, headers=HTMX).content.decode()

    assert "Jane Doe" in everything
    assert "Jan Other" in everything
    assert "<html" not in everything
    assert "Jane Doe" in own
    assert "Jan Other" not in own
