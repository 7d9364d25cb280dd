"""An edit shows its effect before it is saved, and changes no running clock unless that is asked for."""

import json
from zoneinfo import ZoneInfo

import pytest

from handoff.models import BusinessCalendar, SlaClock, SlaPolicy, TeamHours
from handoff.services import policy_edits
from tests.handoff.factories import (
    ALWAYS,
    clock,
    make_cycle,
    make_lead,
    make_offer,
    open_around_the_clock,
    overdue,
)

pytestmark = pytest.mark.django_db


def policy_url(policy):
    return f"/admin/handoff/slapolicy/{policy.pk}/change/"


def policy_fields(policy, **changes):
    names = (
        "name",
        "position",
        "hand_off_minutes",
        "accept_minutes",
        "first_touch_minutes",
        "disposition_minutes",
    )
    fields = {name: getattr(policy, name) for name in names} | {"calendar": policy.calendar_id}
    return fields | {"escalate_after": 60, "active": "on", "is_default": "on"} | changes


@pytest.fixture
def policy():
    return open_around_the_clock()


def test_the_first_save_shows_the_effect_and_saves_nothing(policy, ada, mara, rita, client_of):
    row = clock(make_offer(rita, mara), "accept")

    answer = client_of(ada).post(policy_url(policy), policy_fields(policy, accept_minutes=30))

    effect = answer.context["effect"]
    assert (answer.status_code, effect.looked_at, effect.differing, effect.late) == (200, 1, 1, 0)
    assert effect.moved[0].clock == row
    assert effect.moved[0].due_at < row.due_at
    assert "Not saved yet" in answer.content.decode()
    assert 'value="30"' in answer.content.decode()
    assert SlaPolicy.in_force().accept_minutes == 120


def test_the_second_save_is_for_new_clocks_only(policy, ada, mara, rita, client_of):
    before, admin = clock(make_offer(rita, mara), "accept"), client_of(ada)
    fields = policy_fields(policy, accept_minutes=30)
    seen = admin.post(policy_url(policy), fields).context["seen"]

    admin.post(policy_url(policy), fields | {"_seen": seen, "_new_only": "1"})

    assert SlaPolicy.in_force().version == policy.version + 1
    assert (before.minutes, before.due_at) == (120, clock(before.handoff, "accept").due_at)
    assert clock(make_offer(rita, mara), "accept").minutes == 30


def test_another_edit_after_the_preview_is_shown_first(policy, ada, client_of):
    admin = client_of(ada)
    seen = admin.post(policy_url(policy), policy_fields(policy, accept_minutes=30)).context["seen"]

    answer = admin.post(policy_url(policy), policy_fields(policy, accept_minutes=5) | {"_seen": seen})

    assert answer.context["effect"]
    assert SlaPolicy.in_force().accept_minutes == 120


def test_applied_on_request_it_reaches_what_runs_and_nothing_that_has_ended(
    policy, ada, mara, rita, client_of
):
    running, broken = (clock(make_offer(rita, mara), "accept") for _ in range(2))
    kept = clock(make_offer(rita, mara).cycle, "hand_off")
    overdue(broken)
    SlaClock.objects.filter(pk=broken.pk).update(breached_at=broken.started_at)
    admin, fields = client_of(ada), policy_fields(policy, accept_minutes=30, hand_off_minutes=5)
    seen = admin.post(policy_url(policy), fields).context["seen"]

    admin.post(policy_url(policy), fields | {"_seen": seen, "_apply": "1"})

    now_running = clock(running.handoff, "accept")
    assert (now_running.minutes, now_running.policy["version"]) == (30, policy.version + 1)
    assert now_running.due_at < running.due_at
    assert [clock(row.handoff or row.cycle, row.kind).minutes for row in (broken, kept)] == [120, 240]


def test_a_calendar_shows_whose_clocks_it_would_move(policy, ada, mara, rita, otto, client_of):
    short = BusinessCalendar.objects.create(name="Short", weekly=ALWAYS)
    TeamHours.objects.create(team=rita.team, calendar=short)
    hers, _his = make_offer(rita, mara), make_offer(otto, mara)
    url, weekly = f"/admin/handoff/businesscalendar/{short.pk}/change/", {"mon": [["09:00", "09:30"]]}
    form = {"name": "Short", "tz": "UTC", "weekly": json.dumps(weekly), "holidays": "[]", "exceptions": "{}"}

    effect = client_of(ada).post(url, form).context["effect"]

    assert [each.clock for each in effect.moved] == [clock(hers, "accept")]
    assert effect.examples[0].after > effect.examples[0].before


def test_what_was_typed_without_spaces_is_saved_by_the_second_press(ada, client_of):
    calendar = BusinessCalendar.objects.create(name="Short", tz="Asia/Tokyo", weekly=ALWAYS)
    url, admin = f"/admin/handoff/businesscalendar/{calendar.pk}/change/", client_of(ada)
    typed = {"name": "Short", "tz": "Asia/Tokyo", "holidays": "[]", "exceptions": "{}"}
    shown = admin.post(url, typed | {"weekly": '{"mon":[["09:00","09:30"]]}'})

    again = shown.context["adminform"].form["weekly"].value()
    saved = admin.post(url, typed | {"weekly": again, "_seen": shown.context["seen"], "_new_only": "1"})

    assert again != '{"mon":[["09:00","09:30"]]}'
    assert saved.status_code == 302
    calendar.refresh_from_db()
    assert calendar.weekly == {"mon": [["09:00", "09:30"]]}


def test_a_preview_tells_the_time_of_its_calendar_whoever_looks(ada, mara, rita, client_of):
    tokyo = BusinessCalendar.objects.create(name="Tokyo", tz="Asia/Tokyo", weekly=ALWAYS)
    TeamHours.objects.create(team=rita.team, calendar=tokyo)
    clock(make_offer(rita, mara), "accept")
    typed = {"name": "Tokyo", "tz": "Asia/Tokyo", "holidays": "[]", "exceptions": "{}"}
    weekly = '{"mon": [["09:00", "10:00"]]}'

    page = client_of(ada).post(
        f"/admin/handoff/businesscalendar/{tokyo.pk}/change/", typed | {"weekly": weekly}
    )

    words = page.content.decode()
    assert "times in Asia/Tokyo" in words
    hour = next(each for each in page.context["effect"].examples if each.label == "One hour")
    assert hour.after.astimezone(ZoneInfo("Asia/Tokyo")).strftime("%-d %b %Y, 10:00") in words
    assert "<td>Asia/Tokyo</td>" in words


def test_conditions_say_how_many_of_the_newest_leads_are_meant(policy):
    for source in ("webinar", "webinar", "advert"):
        make_cycle(make_lead(source=source))
    before = SlaPolicy.objects.create(name="Webinars", calendar=policy.calendar, conditions=[])
    after = SlaPolicy.objects.get(pk=before.pk)
    after.conditions = [{"field": "source", "op": "is", "value": "webinar"}]

    assert policy_edits.of_policy(before, after).leads == (3, 0, 2)


def test_a_new_name_needs_no_preview(policy, ada, client_of):
    answer = client_of(ada).post(policy_url(policy), policy_fields(policy, name="Our promise"))

    assert answer.status_code == 302
    assert SlaPolicy.in_force().name == "Our promise"


def test_the_effect_costs_the_same_for_many_clocks(policy, mara, rita, django_assert_max_num_queries):
    for _ in range(12):
        make_offer(rita, mara)
    after = SlaPolicy.in_force()
    after.accept_minutes = 10

    with django_assert_max_num_queries(16):
        assert policy_edits.of_policy(policy, after).differing == 12


def test_a_policy_for_nobody_or_with_a_broken_condition_is_refused(policy, ada, client_of):
    fields = policy_fields(policy, name="Odd") | {"is_default": ""}
    wrong = {"conditions_field": "shoe_size", "conditions_op": "at_least", "conditions_value": "43"}

    nobody = client_of(ada).post("/admin/handoff/slapolicy/add/", fields)
    broken = client_of(ada).post("/admin/handoff/slapolicy/add/", fields | wrong)

    assert "Say which leads this policy is for" in nobody.content.decode()
    assert "there is no field “shoe_size”" in broken.content.decode()
    assert not SlaPolicy.objects.filter(name="Odd").exists()
