"""What the demo prospects do: visits, downloads, webinars, mails, by temperament. Pure, like leads.demo.people."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from leads.demo import words
from leads.demo.people import Person

ENDINGS = (
    ("content_download", 40),
    ("form_submit", 12),
    ("webinar", 14),
    ("contact_request", 6),
    ("demo_request", 4),
    ("trial_started", 3),
    ("newsletter_signup", 12),
    ("chat_started", 6),
)
OPENS = {"cold": 0.15, "browsing": 0.3, "warm": 0.45, "hot": 0.5, "job_seeker": 0.3}
VISITS = {"cold": (1, 3), "browsing": (2, 8), "warm": (4, 14), "hot": (8, 22), "job_seeker": (2, 5)}
PATIENCE = {
    "cold": 20,
    "browsing": 60,
    "warm": 75,
    "hot": 45,
    "job_seeker": 20,
}  # days from first to last visit


@dataclass(frozen=True)
class Deed:
    kind: str
    at: datetime
    props: dict[str, Any]
    seconds: int = 0
    amount: int = 0


def deeds(dice: random.Random, person: Person, now: datetime) -> list[Deed]:
    """All that this person did up to now, oldest first."""
    low, high = VISITS[person.persona]
    span = timedelta(days=PATIENCE[person.persona])
    starts = sorted(
        _office_hour(dice, person.born + span * dice.random()) for _ in range(dice.randint(low, high))
    )
    made = [deed for start in starts for deed in _visit(dice, person, start)]
    made += list(_mails(dice, person)) if person.email else []
    return sorted((deed for deed in made if deed.at < now), key=lambda deed: deed.at)


def _usual_visits(dice: random.Random, person: Person) -> list[datetime]:
    low, high = VISITS[person.persona]
    span = timedelta(days=PATIENCE[person.persona])
    return sorted(
        _office_hour(dice, person.born + span * dice.random()) for _ in range(dice.randint(low, high))
    )


def _decision_visits(dice: random.Random, person: Person, decides_at: datetime) -> list[datetime]:
    """A look or two earlier in the week, and then one visit after the other."""
    early = [
        _office_hour(dice, person.born + timedelta(days=dice.random())) for _ in range(dice.randint(1, 3))
    ]
    late = [decides_at - timedelta(minutes=dice.uniform(1, 40)) for _ in range(dice.randint(4, 7))]
    return sorted([*early, *late])


def _office_hour(dice: random.Random, at: datetime) -> datetime:
    """Most visits are on working days between seven and twenty."""
    if at.weekday() >= 5 and dice.random() < 0.8:
        at -= timedelta(days=2)
    return at.replace(hour=min(20, max(6, round(dice.gauss(12, 3.2)))), minute=dice.randrange(60))


def _visit(dice: random.Random, person: Person, start: datetime) -> Iterator[Deed]:
    at = start
    for path in _paths(dice, person.persona):
        stay = max(4, round(dice.lognormvariate(3.6, 0.9)))
        yield Deed("page_view", at, {"path": path, "title": path.strip("/").replace("/", ", ") or "Home"})
        yield Deed("engaged_time", at + timedelta(seconds=stay), {"path": path}, seconds=stay)
        at += timedelta(seconds=stay + dice.randrange(3, 20))
    yield from _acts(dice, person, at)


def _paths(dice: random.Random, persona: str) -> list[str]:
    if persona == "job_seeker":
        return ["/careers", "/careers/open-positions"]
    keen = {"cold": 0.03, "browsing": 0.12, "warm": 0.3, "hot": 0.6}[persona]
    paths = [dice.choice(words.BLOG) for _ in range(dice.randint(1, 3))]
    if dice.random() < keen:
        paths.append("/pricing")
    if dice.random() < keen * 1.3:
        paths.append(dice.choice(words.SOLUTIONS))
    return paths


def _acts(dice: random.Random, person: Person, at: datetime) -> Iterator[Deed]:
    """What a visit ends with, now and then."""
    keen = {"cold": 0.02, "browsing": 0.12, "warm": 0.3, "hot": 0.45, "job_seeker": 0.0}[person.persona]
    if not person.email or dice.random() > keen:
        return
    kinds, weights = zip(*ENDINGS, strict=True)
    kind = dice.choices(kinds, weights)[0]
    if kind == "demo_request" and person.persona != "hot" and dice.random() < 0.9:
        return
    if kind == "webinar":
        yield from _webinar(dice, at)
    elif kind == "content_download":
        yield Deed(kind, at, {"asset": dice.choice(words.ASSETS)})
    else:
        yield Deed(kind, at, {"form": kind.replace("_", "-")})


def _webinar(dice: random.Random, at: datetime) -> Iterator[Deed]:
    topic = dice.choice(words.WEBINARS)
    yield Deed("webinar_registered", at, {"webinar": topic})
    if dice.random() < 0.6:
        day = at + timedelta(days=dice.randrange(2, 9))
        yield Deed("webinar_attended", day, {"webinar": topic}, seconds=60 * dice.randrange(12, 55))


def _mails(dice: random.Random, person: Person) -> Iterator[Deed]:
    """The newsletter of the months after they came."""
    at, open_rate = (
        person.born,
        {"cold": 0.15, "browsing": 0.3, "warm": 0.45, "hot": 0.5, "job_seeker": 0.3}[person.persona],
    )
    for number in range(dice.randrange(0, 7)):
        at += timedelta(days=14, minutes=dice.randrange(90))
        props = {"campaign": "Monthly letter", "subject": f"Letter {number + 1}"}
        yield Deed("email_sent", at, props)
        if dice.random() < open_rate:
            yield Deed("email_open", at + timedelta(hours=dice.randrange(1, 40)), props)
            if dice.random() < 0.3:
                yield Deed("email_click", at + timedelta(hours=dice.randrange(41, 60)), props)
    if dice.random() < 0.015:
        yield Deed("email_unsubscribe", at + timedelta(days=1), {"campaign": "Monthly letter"})
