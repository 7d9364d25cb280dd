"""The REST API of leads and activities: tokens, scopes, who sees what, and doing things once."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client

from accounts.models import ApiToken, IdempotencyKey
from accounts.services import create_token, revoke_token
from leads.models import Activity, CustomField, Identity, Lead
from leads.services.activities import NewActivity, record_activities
from tests.api import Api

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(api_with):
    return api_with("leads:read", "leads:write")


@pytest.fixture
def lea(rita):
    return Lead.objects.create(email="lea@acme.example", first_name="Lea", owner=rita, created_at=NOON)


def test_a_new_lead_is_made_and_a_known_one_brought_up_to_date(api):
    person = {"email": "Lea@Acme.example", "first_name": "Lea", "company": "Acme", "custom": {"size": 39}}

    made = api.post("/api/leads/", person)
    again = api.post("/api/leads/", person | {"title": "CTO"})

    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json()["id"] == again.json()["id"]
    assert again.json()["title"] == "CTO"
    assert again.json()["company"]["name"] == "Acme"
    assert again.json()["custom"] == {"size": 39}
    assert again.json()["provenance"]["title"]["source"] == "api"
    assert CustomField.objects.get().type == "number"


def test_a_lead_is_found_by_external_id_email_words_and_stage(api, lea):
    Identity.objects.create(lead=lea, kind="external", value="crm-1")
    Lead.objects.create(email="tom@acme.example", created_at=NOON)

    for query in ("external_id=crm-1", "email=LEA@acme.example", "search=lea", f"owner={lea.owner_id}"):
        found = api.get(f"/api/leads/?{query}").json()["results"]
        assert [row["id"] for row in found] == [lea.pk], query
    assert len(api.get("/api/leads/?stage=lead").json()["results"]) == 2
    assert api.get("/api/leads/?stage=dancing").status_code == 400


def test_a_change_sets_what_is_given_and_says_what_it_may_not(api, lea):
    lea.provenance = {"first_name": {"source": "typed", "at": NOON.isoformat(), "confidence": 1.0}}
    lea.save()

    response = api.patch(f"/api/leads/{lea.pk}/", {"first_name": "Leah", "title": "CTO"})

    assert response.status_code == 200
    assert response.json()["kept"] == ["first_name"]
    assert (response.json()["first_name"], response.json()["title"]) == ("Lea", "CTO")


def test_a_colleague_who_is_signed_in_types(client_of, mara, lea):
    lea.provenance = {"first_name": {"source": "typed", "at": NOON.isoformat(), "confidence": 1.0}}
    lea.save()

    response = client_of(mara).patch(
        f"/api/leads/{lea.pk}/", {"first_name": "Leah"}, content_type="application/json"
    )

    assert response.json()["first_name"] == "Leah"
    assert response.json()["kept"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "no address"}, "email"),
        ({"stage": "customer"}, "stage"),
        ({"employees": -1}, "employees"),
        ({"employees": 10**30}, "employees"),
        ({"title": {"a": 1}}, "title"),
        ({"title": "x" * 300}, "title"),
        ({"custom": {"a b": 1}}, "custom"),
        ({"custom": {"a": [1]}}, "custom"),
        ({"custom": 7}, "custom"),
        ({"first_name": "a\x00b"}, "first_name"),
    ],
)
def test_bad_values_are_named_and_nothing_is_saved(api, lea, body, field):
    for response in (api.post("/api/leads/", body), api.patch(f"/api/leads/{lea.pk}/", body)):
        assert response.status_code == 400
        assert field in response.json()["fields"]
    assert Lead.objects.count() == 1
    assert Lead.objects.get().title == ""


@pytest.mark.parametrize("raw", [b"{", b"[]", b"7", b'"x"', b"\xff", b'{"email": "\\ud800@x.example"}'])
def test_a_body_that_is_no_object_is_a_400(api, raw):
    response = Client.post(api, "/api/leads/", raw, content_type="application/json")

    assert response.status_code == 400
    assert response.json()["error"]


def test_the_address_of_another_lead_is_not_taken(client_of, mara, lea):
    tom = Lead.objects.create(email="tom@acme.example", created_at=NOON)

    response = client_of(mara).patch(
        f"/api/leads/{tom.pk}/", {"email": lea.email}, content_type="application/json"
    )

    assert response.status_code == 409
    tom.refresh_from_db()
    assert tom.email == "tom@acme.example"


def test_two_names_of_two_leads_are_a_conflict(api, lea):
    other = Lead.objects.create(created_at=NOON)
    Identity.objects.create(lead=other, kind="external", value="crm-9")

    assert api.post("/api/leads/", {"email": lea.email, "external_id": "crm-9"}).status_code == 409


def test_activities_are_recorded_once_and_listed_newest_first(api, lea):
    body = {"lead": lea.pk, "kind": "page_view", "props": {"path": "/a", "n": 1}, "message_id": "m1"}

    first = api.post("/api/activities/", body | {"occurred_at": "2025-01-01T00:00:00Z"})
    again = api.post("/api/activities/", body)
    api.post("/api/activities/", {"lead": lea.pk, "kind": "call", "seconds": 60})

    assert (first.status_code, again.status_code) == (201, 200)
    assert (first.json(), again.json()) == ({"recorded": True}, {"recorded": False})
    rows = api.get(f"/api/activities/?lead={lea.pk}").json()["results"]
    assert [row["kind"] for row in rows] == ["call", "page_view"]
    assert rows[1]["props"] == {"path": "/a", "n": 1}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "dance"}, "kind"),
        ({"occurred_at": "1990-01-01T00:00:00Z"}, "occurred_at"),
        ({"occurred_at": "2990-01-01T00:00:00Z"}, "occurred_at"),
        ({"seconds": -5}, "seconds"),
        ({"props": [1]}, "props"),
        ({"lead": "x"}, "lead"),
    ],
)
def test_a_bad_activity_is_refused_by_field(api, lea, change, field):
    response = api.post("/api/activities/", {"lead": lea.pk, "kind": "call"} | change)

    assert response.status_code == 400
    assert field in response.json()["fields"]
    assert not Activity.objects.exists()


def test_activities_are_asked_for_by_lead(api):
    assert api.get("/api/activities/").status_code == 400
    assert api.get("/api/activities/?lead=x").status_code == 400
    assert api.get("/api/activities/?lead=999999").status_code == 404


def test_a_rep_sees_their_own_leads_and_a_strangers_is_not_there(api_with, rita, otto, lea):
    record_activities([NewActivity(lea.pk, "call", NOON, {})])
    hers, his = (api_with("leads:read", "leads:write", actor=rep) for rep in (rita, otto))

    assert len(hers.get("/api/leads/").json()["results"]) == 1
    assert his.get("/api/leads/").json()["results"] == []
    assert his.get(f"/api/leads/{lea.pk}/").status_code == 404
    assert his.patch(f"/api/leads/{lea.pk}/", {"title": "X"}).status_code == 404
    assert his.get(f"/api/activities/?lead={lea.pk}").status_code == 404
    assert his.post("/api/activities/", {"lead": lea.pk, "kind": "call"}).status_code == 404
    assert his.post("/api/leads/", {"email": lea.email, "title": "X"}).status_code == 403
    lea.refresh_from_db()
    assert lea.title == ""
    assert Activity.objects.count() == 1


@pytest.mark.parametrize(
    ("scopes", "reads", "writes"),
    [(["leads:read"], 200, 403), (["leads:write"], 403, 201), (["scores:read"], 403, 403)],
)
def test_a_token_does_what_its_scopes_say(api_with, scopes, reads, writes):
    api = api_with(*scopes)

    assert api.get("/api/leads/").status_code == reads
    assert api.post("/api/leads/", {"first_name": "A"}).status_code == writes


def test_without_a_usable_token_there_is_nothing_to_see(api):
    write_key = create_token(kind=ApiToken.Kind.WRITE, name="Site")[1]
    ours = ApiToken.objects.get(kind="api")
    revoke_token(token=ours)

    for client in (Client(), Api("nonsense"), Api(write_key), api, Api("\xff")):
        response = client.get("/api/leads/")
        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith("Bearer")
        assert response.json()["error"]


def test_a_forged_form_token_stops_a_signed_in_colleague(mara):
    client = Client(enforce_csrf_checks=True)
    client.force_login(mara, backend="allauth.account.auth_backends.AuthenticationBackend")

    response = client.post("/api/leads/", {"first_name": "A"}, content_type="application/json")

    assert response.status_code == 403
    assert not Lead.objects.exists()


@pytest.mark.parametrize("path", ["/api/leads/1/", "/api/leads/99999999999999999/", "/api/leads/abc/"])
def test_what_is_not_there_is_a_404(api, path):
    assert api.get(path).status_code == 404


def test_the_wrong_method_is_a_405(api, lea):
    assert api.delete(f"/api/leads/{lea.pk}/").status_code == 405
    assert api.put(f"/api/leads/{lea.pk}/", {}, content_type="application/json").status_code == 405


def test_pages_follow_each_other_without_gaps(api):
    Lead.objects.bulk_create([Lead(created_at=NOON) for _ in range(7)])

    seen, path = [], "/api/leads/?page_size=3"
    while path:
        page = api.get(path).json()
        seen += [row["id"] for row in page["results"]]
        path = page["next"]

    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 7
    assert api.get("/api/leads/?cursor=nonsense").status_code == 404


def test_a_list_costs_the_same_number_of_queries_for_1_and_50(api, django_assert_num_queries):
    def add(number):
        leads = Lead.objects.bulk_create([Lead(created_at=NOON) for _ in range(number)])
        Identity.objects.bulk_create(
            [Identity(lead=lead, kind="external", value=str(lead.pk)) for lead in leads]
        )
        record_activities([NewActivity(lead.pk, "call", NOON, {}) for lead in leads])

    add(1)
    api.get("/api/leads/")  # notes that the token was used
    with django_assert_num_queries(3):  # token, leads, names
        assert len(api.get("/api/leads/").json()["results"]) == 1
    add(49)
    with django_assert_num_queries(3):
        assert len(api.get("/api/leads/").json()["results"]) == 50


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "😀" * 50, "\u202eسارة", "x" * 10_000])
def test_odd_names_go_in_and_out_unchanged(api, name):
    lead = Lead.objects.create(created_at=NOON, custom={"note": name})

    assert api.get(f"/api/leads/{lead.pk}/").json()["custom"] == {"note": name}


def test_the_same_key_and_body_get_the_same_answer_and_change_nothing_twice(api):
    body = {"first_name": "Lea"}

    first = api.post("/api/leads/", body, HTTP_IDEMPOTENCY_KEY="k1")
    again = api.post("/api/leads/", body, HTTP_IDEMPOTENCY_KEY="k1")

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again["Idempotent-Replayed"] == "true"
    assert Lead.objects.count() == 1


def test_the_same_key_for_something_else_is_refused(api):
    api.post("/api/leads/", {"first_name": "Lea"}, HTTP_IDEMPOTENCY_KEY="k1")

    response = api.post("/api/leads/", {"first_name": "Tom"}, HTTP_IDEMPOTENCY_KEY="k1")

    assert response.status_code == 422
    assert Lead.objects.count() == 1


def test_a_refused_request_does_not_use_up_its_key(api):
    refused = api.post("/api/leads/", {"email": "nonsense"}, HTTP_IDEMPOTENCY_KEY="k1")
    corrected = api.post("/api/leads/", {"email": "lea@acme.example"}, HTTP_IDEMPOTENCY_KEY="k1")

    assert (refused.status_code, corrected.status_code) == (400, 201)


def test_the_key_of_another_token_is_another_key(api, api_with):
    api.post("/api/leads/", {"first_name": "Lea"}, HTTP_IDEMPOTENCY_KEY="k1")

    assert (
        api_with("leads:write")
        .post("/api/leads/", {"first_name": "Lea"}, HTTP_IDEMPOTENCY_KEY="k1")
        .status_code
        == 201
    )


def test_a_key_nobody_can_read_is_refused(api):
    assert api.post("/api/leads/", {}, HTTP_IDEMPOTENCY_KEY="k" * 300).status_code == 400
    assert not IdempotencyKey.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_same_request_four_times_at_once_happens_once():
    secret = create_token(kind=ApiToken.Kind.API, name="CRM", scopes=["leads:write"])[1]
    start = threading.Barrier(4)
    answers = []

    def post():
        start.wait()
        response = Api(secret).post("/api/leads/", {"first_name": "Lea"}, HTTP_IDEMPOTENCY_KEY="k1")
        answers.append((response.status_code, response.json()["id"]))
        connection.close()

    threads = [threading.Thread(target=post) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(answers)) == 1
    assert Lead.objects.count() == 1


def test_a_name_is_enough_to_add_somebody(api):
    made = api.post("/api/leads/", {"name": "Lea de Sol"})

    assert made.status_code == 201
    assert (made.json()["first_name"], made.json()["last_name"]) == ("Lea de", "Sol")
    assert "a name" in api.post("/api/leads/", {}).json()["fields"]["non_field_errors"][0]


def test_properties_beyond_the_limit_of_the_events_api_are_refused_by_name(api, lea):
    answer = api.post(
        "/api/activities/", {"lead": lea.pk, "kind": "page_view", "props": {"text": "x" * 33_000}}
    )

    assert answer.status_code == 400
    assert answer.json()["fields"] == {"props": ["It is larger than 32 kB."]}
    assert not Activity.objects.exists()


@pytest.mark.parametrize("lead_id", ["99999999999999999999", "9223372036854775808", "abc", "1e3"])
@pytest.mark.parametrize(
    "path", ["leads/{}/", "scores/{}/", "scores/{}/explanation/", "handoffs/{}/", "opportunities/{}/win/"]
)
def test_an_id_that_is_none_is_refused_in_json(api, path, lead_id):
    for answer in (api.get(f"/api/{path.format(lead_id)}"), api.post(f"/api/{path.format(lead_id)}", {})):
        assert answer.status_code == 404
        assert answer.json()["error"]


def test_characters_that_turn_text_around_are_left_out_of_names_and_hebrew_is_kept(api):
    made = api.post("/api/leads/", {"first_name": "\u202egnp.exe\u2066", "last_name": "שלום לוי"})

    assert (made.json()["first_name"], made.json()["last_name"]) == ("gnp.exe", "שלום לוי")
