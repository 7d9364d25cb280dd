"""How fast mail goes: limits that all workers share, and domains that slow down and recover. Nothing is dropped."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from nurturing import delivery, metering, throttles
from nurturing.metering import Limits
from nurturing.models import MailTrouble, Message, Throttle, ThrottleSlot, ThrottleState
from nurturing.pool import ASKED_AFTER, Pool
from tests.nurturing import factories
from tests.nurturing.sink import Sink

START = datetime(2026, 3, 1, tzinfo=UTC)
asks = st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 400)), max_size=40)


@given(per_minute=st.integers(1, 300), per_hour=st.integers(1, 3000), asks=asks)
def test_no_minute_and_no_hour_sees_more_than_its_limit(
    per_minute: int, per_hour: int, asks: list[tuple[int, int]]
) -> None:
    limits, now = Limits(per_minute, per_hour, 1), START
    meter, sent = metering.full(limits, now), []

    for pause, wanted in asks:
        now += timedelta(seconds=pause)
        number, meter, _ = metering.take(meter, limits, wanted, now)
        sent.append((now, number))

    for begin, _ in sent:
        minute = sum(number for at, number in sent if begin <= at < begin + timedelta(minutes=1))
        hour = sum(number for at, number in sent if begin <= at < begin + timedelta(hours=1))
        assert minute <= per_minute
        assert hour <= per_hour


@given(per_minute=st.integers(1, 10_000), per_hour=st.integers(1, 10_000), slow=st.integers(0, 6))
def test_however_slow_a_mail_gets_through_in_the_end(per_minute: int, per_hour: int, slow: int) -> None:
    limits = Limits(per_minute, per_hour, 1)
    empty = metering.Meter(0, 0, START, slow, START)

    later = metering.take(empty, limits, 1, START + timedelta(days=1))

    assert later.number == 1
    assert later.meter.slow == 0


def test_a_step_of_the_brake_halves_the_pace_and_loosens_after_five_minutes() -> None:
    limits = Limits(120, 10_000, 1)
    slow = metering.Meter(0, 5_000, START, slow=1, slowed_at=START)

    before = metering.take(slow, limits, 100, START + timedelta(seconds=20))
    after = metering.take(slow, limits, 100, START + metering.LOOSENS)

    assert before.number == 10
    assert before.gap / metering.take(slow._replace(slow=0), limits, 0, START).gap == pytest.approx(2)
    assert after.meter.slow == 0


def queue(number: int, domain: str) -> list[Message]:
    return [factories.queued(email=f"lea{place}@{domain}") for place in range(number)]


def states(domain: str) -> list[str]:
    mails = Message.objects.filter(to_address__endswith=f"@{domain}").order_by("pk")
    return list(mails.values_list("state", flat=True))


def again() -> None:
    """All that waits is due, and every domain has rested."""
    Message.objects.filter(state="queued").update(due_at=Now())
    ThrottleState.objects.update(closed_until=None)


@pytest.mark.django_db
def test_what_is_over_a_domains_limit_waits_for_its_turn_and_the_others_go(sink: Sink) -> None:
    Throttle.objects.create(name="small.example", per_minute=4, per_hour=100)
    queue(5, "small.example")
    queue(3, "other.example")

    delivery.send_due()

    assert states("other.example") == ["accepted"] * 3
    assert states("small.example") == ["accepted", "accepted", "queued", "queued", "queued"]
    waiting = Message.objects.filter(state="queued").order_by("due_at")
    assert {message.failures for message in waiting} == {0}
    turns = [message.due_at for message in waiting]
    assert turns[0] > timezone.now() - timedelta(minutes=1)
    assert [second - first for first, second in itertools.pairwise(turns)] == [timedelta(seconds=20)] * 2
    assert "limits of small.example" in waiting[0].reply


@pytest.mark.django_db
def test_the_limit_of_the_sender_counts_over_all_domains(sink: Sink) -> None:
    Throttle.objects.create(kind="sender", name="dana@quillstone.example", per_minute=6, per_hour=100)
    for place in range(5):
        factories.queued(email=f"lea@host{place}.example")

    delivery.send_due()

    assert len(sink.accepted) == 3
    assert Message.objects.filter(state="queued", due_at__gt=Now()).count() == 2


@pytest.mark.django_db
def test_a_domain_that_hangs_up_is_left_alone_for_a_while_and_recovers(sink: Sink, settings: Any) -> None:
    settings.MAIL_CONNECTIONS = 2
    queue(3, "busy.example")
    queue(2, "other.example")
    sink.mode_for |= {f"lea{place}@busy.example": "busy" for place in range(3)}

    delivery.send_due()

    assert states("busy.example") == ["queued"] * 3
    assert states("other.example") == ["accepted"] * 2
    assert sum(Message.objects.values_list("failures", flat=True)) == 1  # only the one that was tried
    state = ThrottleState.objects.get(key="domain:busy.example")
    assert (state.slow, state.refusals) == (1, 1)
    assert state.closed_until is not None
    assert not MailTrouble.objects.exists()
    sink.mode_for.clear()
    again()
    delivery.send_due()
    assert states("busy.example") == ["accepted"] * 3
    state.refresh_from_db()
    assert (state.slow, state.refusals) == (0, 0)


@pytest.mark.django_db
def test_a_full_mailbox_slows_nobody_else(sink: Sink) -> None:
    throttles.admit({"buyer.example": 1}, sender="a@b.example", room={"buyer.example": 1})
    queue(1, "buyer.example")
    sink.mode = "full"

    delivery.send_due()

    assert states("buyer.example") == ["queued"]
    assert ThrottleState.objects.get(key="domain:buyer.example").slow == 0


@pytest.mark.django_db
def test_a_domain_that_does_not_answer_holds_nobody_up(sink: Sink) -> None:
    queue(4, "tarpit.example")
    queue(4, "other.example")
    sink.mode_for |= {f"lea{place}@tarpit.example": "hold" for place in range(4)}
    sink.release = 4  # it answers only when all the others are through

    delivery.send_due()

    assert states("other.example") == ["accepted"] * 4
    assert states("tarpit.example") == ["accepted"] * 4
    assert 2 <= sink.connections <= 4


@pytest.mark.django_db
def test_slots_in_other_hands_are_respected_until_their_holder_is_dead(sink: Sink) -> None:
    Throttle.objects.create(name="narrow.example", connections=1)
    throttles.admit({"narrow.example": 1}, sender="a@b.example", room={"narrow.example": 3})
    queue(2, "narrow.example")

    delivery.send_due()
    assert states("narrow.example") == ["queued"] * 2
    ThrottleSlot.objects.update(lease_until=Now())
    again()
    delivery.send_due()

    assert states("narrow.example") == ["accepted"] * 2
    assert not ThrottleSlot.objects.exists()


@pytest.mark.django_db
def test_a_server_that_takes_one_connection_gets_one(sink: Sink) -> None:
    sink.most = 1
    for place in range(6):
        factories.queued(email=f"lea@host{place}.example")

    result = delivery.send_due()

    assert result.trouble == ""
    assert len(sink.accepted) == 6


@pytest.mark.django_db
def test_without_throttles_nothing_is_counted(sink: Sink, settings: Any) -> None:
    settings.MAIL_THROTTLES = False
    Throttle.objects.create(name="small.example", per_minute=1)
    queue(3, "small.example")

    delivery.send_due()

    assert states("small.example") == ["accepted"] * 3
    assert not ThrottleState.objects.exists()


class Line:
    """A channel that counts what is asked of it."""

    def __init__(self, *, lives: bool) -> None:
        self.lives, self.asked, self.gone = lives, 0, False

    def alive(self) -> bool:
        self.asked += 1
        return self.lives

    def send_body(self, parcel: object) -> None: ...

    def commit(self) -> str:
        return "250 ok"

    def drop(self) -> None:
        self.gone = True

    close = drop


class Lines:
    def __init__(self, *lives: bool) -> None:
        self.made = [Line(lives=each) for each in lives]
        self._left: Iterator[Line] = iter(self.made)

    def open(self) -> Line:
        return next(self._left)


def test_a_channel_that_died_while_nobody_used_it_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    lines, clock = Lines(False, True), [100.0]
    monkeypatch.setattr("nurturing.pool.time.monotonic", lambda: clock[0])
    pool = Pool(lines)
    pool.commit(pool.send_body(None))
    pool.commit(pool.send_body(None))
    assert lines.made[0].asked == 0  # just used

    clock[0] += ASKED_AFTER
    pool.commit(pool.send_body(None))

    assert lines.made[0].gone
    assert pool.count == 1
    clock[0] += 60
    pool.close_idle()
    assert lines.made[1].gone
    assert pool.count == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "name", "kept"),
    [
        ("domain", " @Gmail.COM ", "gmail.com"),
        ("sender", "Dana@X.example", "dana@x.example"),
        ("domain", "*", "*"),
    ],
)
def test_an_admin_sets_a_limit(kind: str, name: str, kept: str, ada: Any, client_of: Any) -> None:
    limit = {"kind": kind, "name": name, "per_minute": 5, "per_hour": 50, "connections": 1}

    client_of(ada).post("/admin/nurturing/throttle/add/", limit)

    assert throttles.limits_for([f"{kind}:{kept}"]) == {f"{kind}:{kept}": Limits(5, 50, 1)}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "gmail"}, "This is no domain"),
        ({"kind": "sender", "name": "gmail.com"}, "This is no address"),
        ({"per_minute": 0}, "greater than or equal to 1"),
        ({"per_hour": 2**40}, "less than or equal to"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused_at_its_field(
    change: dict[str, Any], words: str, ada: Any, client_of: Any
) -> None:
    limit = {"kind": "domain", "name": "a.example", "per_minute": 5, "per_hour": 50, "connections": 1}

    page = client_of(ada).post("/admin/nurturing/throttle/add/", limit | change)

    assert words in page.content.decode()
    assert not Throttle.objects.exists()


@pytest.mark.django_db
def test_admins_see_who_is_slowed_down_and_why(sink: Sink, ada: Any, client_of: Any) -> None:
    queue(1, "busy.example")
    sink.mode = "busy"
    delivery.send_due()

    page = client_of(ada).get("/admin/nurturing/throttlestate/").content.decode()

    assert "busy.example" in page
    assert "1/2 of the usual" in page
    assert "421 4.7.0 too many" in page
