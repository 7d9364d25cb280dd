"""Forms: what a visitor sends arrives once, is kept as it came, and can be read again."""

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from leads.form_questions import Definition, Question
from leads.models import Activity, Asset, CaptureForm, Consent, FormVersion, Lead, Submission, Topic
from leads.services import consents, forms, submissions
from leads.services.activities import NewActivity, record_activities
from leads.services.consents import Origin
from leads.services.identity import Sender, resolve

pytestmark = pytest.mark.django_db
ADDRESS = "i.solheim@fjellheim.no"


@pytest.fixture(autouse=True)
def nobody_has_sent_anything():
    cache.clear()


@pytest.fixture
def topic(db):
    return Topic.objects.create(name="Guides", description="When a new one comes out", opt_in=True)


@pytest.fixture
def form(mara, topic):
    asset = Asset.objects.create(name="Cost guide", url="https://files.example/guide.pdf")
    return published(
        mara,
        Definition(
            title={"en": "What a shift really costs", "de": "Was eine Schicht wirklich kostet"},
            questions=(
                Question("email", {"en": "Work e-mail", "de": "E-Mail"}, "email", required=True),
                Question("title", {"en": "Your role", "de": "Ihre Rolle"}, required=True, ask="unknown"),
                Question("city", {"en": "City", "de": "Ort"}),
            ),
            consent={"en": "Yes, send me"},
            topics=(topic.pk,),
            asset=asset.pk,
            origins=("https://www.quillstone.example",),
            mapping={"your-email": "email", "job": "title"},
        ),
    )


def published(mara, definition, slug="guide"):
    form = forms.create_form(name="Guide", slug=slug, actor=mara)
    forms.save_draft(form=form, name="Guide", definition=definition)
    forms.publish_form(form=form, actor=mara)
    return form


def opened(client, query="", after=5, **headers):
    """The page's mark, as if it had been open for some seconds."""
    with time_machine.travel(timezone.now() - timedelta(seconds=after)):
        return client.get(f"/f/guide/{query}", **headers).context["mark"]


def send(client, mark, **values):
    return client.post("/f/guide/", {"email": ADDRESS, "title": "Director", "mark": mark, **values})


def test_what_is_sent_becomes_a_lead_with_its_words_and_its_history(form, topic, client):
    anonymous = Sender((("visitor", "v-1"),), timezone.now())
    (visitor,) = resolve([anonymous])
    record_activities(
        [NewActivity(visitor, "page_view", timezone.now() - timedelta(days=2), {"path": "/prices"})]
    )
    mark = opened(client, "?utm_campaign=rota&visitor=v-1&page=https://www.quillstone.example/guide")

    response = send(client, mark, topic=topic.pk, city="=1+1", shoe="42")

    assert response.status_code == 303
    lead = Lead.objects.get(email=ADDRESS)
    assert (lead.pk, lead.title, lead.provenance["title"]["source"]) == (visitor, "Director", "form")
    row = lead.activities.get(shape__kind="form_submit")
    assert row.shape.props["form"] == "guide"
    assert row.shape.props["utm_campaign"] == "rota"
    agreed = Consent.objects.get(lead=lead, topic=topic)
    assert agreed.wording == "Yes, send me Guides: When a new one comes out"
    assert (agreed.version, agreed.source) == ("guide 1", "form")
    kept = Submission.objects.get()
    assert kept.raw["shoe"] == "42"
    assert kept.dropped == {"shoe": "No field is mapped to it."}


def test_a_second_press_of_the_button_changes_nothing(form, topic, client):
    mark = opened(client)

    first, second = (send(client, mark, topic=topic.pk) for _ in range(2))

    assert first.status_code == second.status_code == 303
    assert Submission.objects.count() == Activity.objects.count() == Consent.objects.count() == 1


def test_errors_stand_beside_the_fields_and_nothing_typed_is_lost(form, client):
    response = client.post(
        "/f/guide/", {"email": "nobody", "title": "", "city": "<Bergen>", "mark": opened(client)}
    )

    page = response.content.decode()
    assert response.status_code == 422
    assert 'value="nobody"' in page
    assert "&lt;Bergen&gt;" in page
    assert page.count("aria-invalid") == 2
    assert not Submission.objects.exists()


@pytest.mark.parametrize(("after", "note"), [(0, "quick"), (90_000, "stale")])
def test_a_button_pressed_at_once_or_a_day_later_is_asked_again(form, client, after, note):
    response = send(client, opened(client, after=after))

    assert (response.status_code, response.context["note"]) == (422, note)
    assert ADDRESS in response.content.decode()
    assert send(client, response.context["mark"]).status_code in (303, 422)


def test_a_machine_that_fills_the_trap_is_thanked_and_kept_apart(form, client):
    response = send(client, opened(client), contact_by_fax="yes")

    assert response.status_code == 303
    assert Submission.objects.get().state == "spam"
    assert not Lead.objects.exists()


def test_too_many_from_one_address_are_refused_with_what_they_typed(form, client):
    mark = opened(client)
    for _ in range(20):
        send(client, mark, email="nobody")

    response = send(client, mark)

    assert response.status_code == 429
    assert ADDRESS in response.content.decode()


def test_who_comes_back_is_known_and_asked_only_what_is_new(form, client):
    send(client, opened(client))

    page = client.get("/f/guide/")
    stranger = Client().get("/f/guide/")

    assert [one["name"] for one in page.context["questions"]] == ["city"]
    assert ADDRESS in page.content.decode()
    assert ADDRESS not in stranger.content.decode()
    assert client.post("/f/guide/", {"city": "Bergen", "mark": opened(client)}).status_code == 303
    assert Lead.objects.get().city == "Bergen"
    client.get("/f/guide/?forget")
    assert ADDRESS not in client.get("/f/guide/").content.decode()


def test_the_page_speaks_the_visitors_language(form, client):
    page = client.get("/f/guide/", headers={"accept-language": "de-DE,de"}).content.decode()

    assert "Was eine Schicht wirklich kostet" in page
    assert 'lang="de"' in page


def test_the_download_is_a_link_for_one_person_that_counts_and_ends(form, client):
    send(client, opened(client))
    lead, row = Lead.objects.get(), Submission.objects.select_related("version").get()
    thanks = client.get(send(client, opened(client)).headers["Location"])
    link = thanks.context["download"]

    first = client.get(link, headers={"user-agent": "Mozilla/5.0 Firefox/140"})
    client.get(link, headers={"user-agent": "Mozilla/5.0 Firefox/140"})
    client.head(link)

    assert first.headers["Location"] == "https://files.example/guide.pdf"
    assert lead.activities.filter(shape__kind="content_download", shape__machine=False).count() == 1
    with time_machine.travel(timezone.now() + timedelta(days=15)):
        assert client.get(link).status_code == 410
    assert client.get(link[:-3] + "x/").status_code == 410
    assert row.lead_id == lead.pk


def test_a_foreign_form_is_kept_and_read_again_once_its_mapping_is_mended(form, client, client_of, mara):
    sent = {"your-email": ADDRESS, "job": "Director", "ort": "Bergen", "password": "s3cret"}
    client.post("/f/guide/post/", sent)
    client.post("/f/guide/post/", sent)
    row = Submission.objects.get()
    assert (row.state, row.dropped) == ("taken", {"ort": "No field is mapped to it."})
    assert "password" not in row.raw

    draft = Definition.from_data(form.draft)
    mended = Definition.from_data({**draft.to_data(), "mapping": {**draft.mapping, "ort": "city"}})
    forms.save_draft(form=form, name="Guide", definition=mended)
    forms.publish_form(form=form, actor=mara)
    client_of(mara).post(reverse("leads:form_replay", args=[row.pk]))

    assert Lead.objects.get().city == "Bergen"
    assert Activity.objects.filter(shape__kind="form_submit").count() == 1
    assert FormVersion.objects.filter(form=form).count() == 2


def test_what_a_foreign_form_sends_without_an_address_is_kept(form, client):
    response = client.post("/f/guide/post/", {"job": "Director"}, headers={"accept": "application/json"})

    assert response.status_code == 422
    assert list(response.json()["errors"]) == ["email"]
    assert Submission.objects.get().state == "refused"
    assert submissions.replay(submission=Submission.objects.get()).state == "refused"


def test_only_listed_sites_may_frame_it(form, client):
    own, framed = client.get("/f/guide/"), client.get("/f/guide/?embed=1")

    assert own.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in own.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in framed.headers
    assert (
        "frame-ancestors https://www.quillstone.example;" in framed.headers["Content-Security-Policy"] + ";"
    )


def test_a_closed_form_and_a_draft_take_nothing(form, client, mara):
    forms.create_form(name="Next", slug="next", actor=mara)
    forms.set_open(form=form, is_open=False)

    assert client.post("/f/guide/", {"email": ADDRESS}).status_code == 410
    assert client.get("/f/next/").status_code == 404
    assert not Submission.objects.exists()


def test_the_export_cannot_be_taken_for_a_formula(form, client, client_of, mara):
    send(client, opened(client, "?utm_campaign=%3DSUM(A1)"), city="=cmd")

    lines = b"".join(
        client_of(mara).get(reverse("leads:form_export", args=[form.pk])).streaming_content
    ).decode()

    assert "'=SUM(A1)" in lines
    assert "\n=" not in lines
    assert ",=" not in lines


def test_a_marketer_writes_a_draft_and_visitors_see_it_once_published(form, client, client_of, mara, rita):
    edit = reverse("leads:form_edit", args=[form.pk])
    page = client_of(mara).get(edit)
    data = {name: value for name, value in filled(page).items() if value is not None}

    client_of(mara).post(edit, {**data, "title_en": "New title", "q-1-label_en": "Your job", "do": "save"})
    assert "New title" not in client.get("/f/guide/").content.decode()
    client_of(mara).post(edit, {**data, "title_en": "New title", "q-1-label_en": "Your job", "do": "publish"})

    shown = client.get("/f/guide/").content.decode()
    assert "New title" in shown
    assert "Your job" in shown
    refused = client_of(mara).post(edit, {**data, "mapping": "nonsense", "title_en": "Kept words"})
    assert refused.status_code == 422
    assert "Kept words" in refused.content.decode()
    assert client_of(rita).get(edit).status_code == 403


def filled(page):
    """What the browser would send back untouched."""
    found = {}
    for form in [page.context["form"], page.context["questions"].management_form, *page.context["questions"]]:
        for field in form:
            value = field.value()
            found[field.html_name] = (
                None if value is False or value is None else "on" if value is True else value
            )
    return found


@pytest.mark.django_db(transaction=True)
def test_the_pages_read_well_for_everybody(form, page_as, axe, mara):
    visitor = page_as(None, "/f/guide/", width=390, theme="dark", javascript=False)
    visitor.wait_for_timeout(2100)  # people are not quicker
    visitor.get_by_label("Work e-mail").fill(ADDRESS)
    visitor.get_by_role("button").click()
    assert visitor.get_by_label("Work e-mail").input_value() == ADDRESS
    visitor.get_by_label("Your role").fill("Director")
    visitor.get_by_role("button").click()
    visitor.get_by_role("heading", name="Thank you").wait_for()

    for path in (
        "/f/guide/",
        f"/forms/{form.pk}/",
        f"/forms/{form.pk}/submissions/",
        "/forms/",
        "/forms/downloads/",
    ):
        page = page_as(mara if "forms" in path else None, path, width=390 if path.endswith("s/") else 1440)
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        page.close()
    assert CaptureForm.objects.count() == 1


def test_who_is_no_longer_known_is_asked_for_the_address(form, client):
    send(client, opened(client))
    mark = opened(client)  # drawn for somebody known: the address is not asked
    client.cookies.clear()

    response = client.post("/f/guide/", {"city": "Oslo", "mark": mark})

    assert response.status_code == 422
    assert response.context["questions"][0]["name"] == "email"
    assert "Oslo" in response.content.decode()


def test_odd_signs_in_the_address_of_the_page_lose_nothing(form, client):
    response = send(client, opened(client, "?utm_source=%00a&lang=%00"))

    assert response.status_code == 303
    assert Submission.objects.get().context["utm_source"] == "a"


def test_nobody_but_the_marketer_says_what_a_hidden_question_holds(mara, client):
    address = Question("email", {"en": "E-mail"}, "email", required=True)
    hidden = Question("city", {}, "hidden", value="Oslo")
    published(mara, Definition(title={"en": "Guide"}, questions=(address, hidden)))

    send(client, opened(client), city="Moon")

    assert Lead.objects.get().city == "Oslo"


def test_what_somebody_refused_before_needs_their_own_yes_by_mail(form, topic, client):
    lead = Lead.objects.create(email=ADDRESS, created_at=timezone.now())
    consents.withdraw(lead=lead, topic=None, wording="No mail", origin=Origin(Consent.Source.PREFERENCES))

    send(client, opened(client), topic=topic.pk)

    assert Consent.objects.filter(lead=lead).order_by("-pk").first().state == "asked"
