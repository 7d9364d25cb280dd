"""What the SQL inbox lists: due now, later, working, snoozed. Each group is a page of clocks, never the whole.

A row is the clock that runs for a handoff, because time left is the order. Groups are made of segments, walked one
after the other with the same cursors, so list, board and "next" agree about who follows whom.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from handoff import counting, keyset
from handoff.faces import Face, chips, face
from handoff.keyset import By
from handoff.models import Handoff, SlaClock

SOON = timedelta(hours=1)
SIZE = 25  # rows of a group before "more"
WORDS = 8  # of a search
Kind = SlaClock.Kind
IN_ORDER = (Kind.ACCEPT, Kind.FIRST_TOUCH, Kind.DISPOSITION)
DUE_FIRST = (By("due_at", nullable=True), By("cycle__total", descending=True), By("pk"))
NEWEST_ACCEPTED = (By("handoff__accepted_at", descending=True), By("pk", descending=True))
BACK_FIRST = (By("handoff__snoozed_until"), By("pk"))


@dataclass(frozen=True)
class Filters:
    """What narrows the inbox; empty means everything."""

    q: str = ""
    rep: int | None = None
    score: int | None = None
    band: str = ""
    source: str = ""

    @classmethod
    def read(cls, said: Mapping[str, str], user: Any) -> Filters:
        """What cannot be read is left out; a rep sees their own whatever the address says."""
        rep, score, band = (said.get(name, "").strip() for name in ("rep", "score", "band"))
        return cls(
            q=said.get("q", "").replace("\0", "")[:200].strip(),
            rep=int(rep) if rep.isdecimal() and len(rep) < 10 and not user.is_rep else None,
            score=int(score) if score.lstrip("-").isdecimal() and len(score) < 6 else None,
            band=band[:1].upper() if band[:1].upper() in {"A", "B", "C", "D"} else "",
            source=said.get("source", "").replace("\0", "")[:100].strip(),
        )

    def query(self) -> dict[str, str]:
        return {name: str(value) for name, value in vars(self).items() if value not in ("", None)}

    def condition(self, handoff: str = "handoff__") -> Q:
        """On rows from which `handoff` leads to the handoff."""
        lead, found = f"{handoff}lead__", Q()
        if self.rep is not None:
            found &= Q(**{f"{handoff}rep": self.rep})
        if self.score is not None:
            found &= Q(**{f"{lead}score__total__gte": self.score})
        if self.band:
            found &= Q(**{f"{lead}score__band__startswith": self.band})
        if self.source:
            found &= Q(**{f"{lead}source__iexact": self.source})
        for word in self.q.split()[:WORDS]:
            found &= _mentions(lead, word)
        return found


@dataclass(frozen=True)
class Inbox:
    """The inbox of one person at one moment."""

    user: Any
    now: datetime
    filters: Filters = Filters()

    def clocks(self, *kinds: str) -> QuerySet[SlaClock]:
        rows = SlaClock.objects.visible_to(self.user).filter(
            kind__in=kinds, cancelled_at=None, cycle__closed_at=None
        )
        related = (
            ("lead__company", "lead__score") if self.user.is_rep else ("rep", "lead__company", "lead__score")
        )
        return rows.filter(self.filters.condition()).select_related(
            "cycle", *(f"handoff__{name}" for name in related)
        )

    def offers(self) -> QuerySet[SlaClock]:
        waiting = {"accepted_at": None, "rejected_at": None, "withdrawn_at": None}
        rows = self.clocks(Kind.ACCEPT).filter(met_at=None)
        return rows.filter(**{f"handoff__{name}": value for name, value in waiting.items()})

    def worked(self) -> QuerySet[SlaClock]:
        return self._accepted(Kind.FIRST_TOUCH)

    def taken_over(self) -> QuerySet[SlaClock]:
        """Touched by another rep before, so that only the decision is promised."""
        touch = SlaClock.objects.filter(handoff=OuterRef("handoff"), kind=Kind.FIRST_TOUCH)
        return self._accepted(Kind.DISPOSITION).filter(~Exists(touch))

    def _accepted(self, kind: str) -> QuerySet[SlaClock]:
        return self.clocks(kind).filter(handoff__accepted_at__isnull=False, handoff__withdrawn_at=None)

    def in_sight(self) -> Q:
        return Q(handoff__snoozed_until=None) | Q(handoff__snoozed_until__lte=self.now)


@dataclass(frozen=True)
class Segment:
    rows: Callable[[Inbox], QuerySet[SlaClock]]
    order: tuple[By, ...] = DUE_FIRST


@dataclass(frozen=True)
class Group:
    key: str
    label: str
    empty: str
    segments: tuple[Segment, ...]


def _due(inbox: Inbox) -> QuerySet[SlaClock]:
    return inbox.offers().filter(inbox.in_sight(), due_at__lte=inbox.now + SOON)


def _later(inbox: Inbox) -> QuerySet[SlaClock]:
    far = Q(due_at__gt=inbox.now + SOON) | Q(due_at=None)
    return inbox.offers().filter(inbox.in_sight(), far)


def _to_touch(inbox: Inbox) -> QuerySet[SlaClock]:
    return inbox.worked().filter(inbox.in_sight(), met_at=None)


def _touched(inbox: Inbox) -> QuerySet[SlaClock]:
    return inbox.worked().filter(inbox.in_sight(), met_at__isnull=False)


def _taken_over(inbox: Inbox) -> QuerySet[SlaClock]:
    return inbox.taken_over().filter(inbox.in_sight())


def _snoozed(found: Callable[[Inbox], QuerySet[SlaClock]]) -> Segment:
    return Segment(lambda inbox: found(inbox).filter(handoff__snoozed_until__gt=inbox.now), BACK_FIRST)


GROUPS = (
    Group("due", "Due now", "Nothing is due within the hour.", (Segment(_due),)),
    Group("later", "Later", "Nothing else waits for an answer.", (Segment(_later),)),
    Group(
        "working",
        "Working",
        "Leads you accept appear here.",
        (Segment(_to_touch), Segment(_touched, NEWEST_ACCEPTED), Segment(_taken_over, NEWEST_ACCEPTED)),
    ),
    Group(
        "snoozed",
        "Snoozed",
        "Nothing is snoozed.",
        (_snoozed(Inbox.offers), _snoozed(Inbox.worked), _snoozed(Inbox.taken_over)),
    ),
)
BY_KEY = {group.key: group for group in GROUPS}


@dataclass(frozen=True)
class Item:
    handoff: Handoff
    sla: Face | None
    snoozed: bool = False
    state: str = ""  # the group in which a page shows it

    @property
    def reasons(self) -> list[str]:
        return chips(self.handoff.cycle.reason)


@dataclass(frozen=True)
class Shown:
    """One group as far as it is shown. `next` is the cursor of what follows, empty when that is all."""

    group: Group
    items: list[Item]
    total: str = ""
    next: str = ""
    more_url: str = ""

    @property
    def key(self) -> str:
        return self.group.key

    @property
    def label(self) -> str:
        return self.group.label


def shown(
    inbox: Inbox, keys: tuple[str, ...], total: Mapping[str, int], *, after: str = "", size: int = SIZE
) -> list[Shown]:
    """The first page of each group, or of one group what follows `after`; a query a segment that has rows."""
    pages = [_page(inbox, BY_KEY[key], after, size, total) for key in keys]
    return [
        Shown(BY_KEY[key], items, counting.words(total[key]), following)
        for key, (items, following) in zip(keys, pages, strict=True)
    ]


def totals(inbox: Inbox) -> dict[str, int]:
    """By group, and by segment as in "working 1", each counted to a limit; 1 query."""
    asked = {_name(group, at): s.rows(inbox) for group in GROUPS for at, s in enumerate(group.segments)}
    found = counting.counts(asked)
    groups = {
        group.key: sum(found[_name(group, at)] for at in range(len(group.segments))) for group in GROUPS
    }
    return found | groups


def _name(group: Group, segment: int) -> str:
    return f"{group.key} {segment}"


def _page(
    inbox: Inbox, group: Group, after: str, size: int, total: Mapping[str, int]
) -> tuple[list[Item], str]:
    """Segments one after the other; a cursor says which one it is in."""
    place, _, cursor = after.partition(".")
    at = int(place) if place.isdecimal() and int(place) < len(group.segments) else 0
    items: list[Item] = []
    for number, segment in list(enumerate(group.segments))[at:]:
        if not (cursor or total.get(_name(group, number), 1)):
            continue
        page = keyset.page(segment.rows(inbox), segment.order, cursor=cursor, size=size - len(items))
        items += [item_of(clock, inbox.now, group.key) for clock in page.rows]
        if page.next:
            return items, f"{number}.{page.next}"
        if len(items) == size:
            more = number + 1 < len(group.segments)
            return items, f"{number + 1}." if more else ""
        cursor = ""
    return items, ""


def item_of(clock: SlaClock, now: datetime, state: str) -> Item:
    assert clock.handoff is not None  # the clocks of an inbox belong to handoffs
    clock.handoff.cycle = clock.cycle  # the same row; joined once
    until = clock.handoff.snoozed_until
    met = "Decided" if clock.kind == Kind.DISPOSITION else "First touch met"
    return Item(clock.handoff, face(clock, now, met=met), bool(until and until > now), state)


def neighbours(inbox: Inbox, row: SlaClock | None, keys: tuple[str, ...]) -> tuple[int | None, int | None]:
    """Who stands before and after this row in the list as it is filtered; 2 queries, or one more an empty group."""
    segments = [(key, at) for key in keys for at in range(len(BY_KEY[key].segments))]
    place = place_of(row, inbox.now) if row else None
    if row is None or place not in segments:
        return None, None
    here = segments.index(place)
    before = _beside(inbox, segments[: here + 1][::-1], row, back=True)
    return before, _beside(inbox, segments[here:], row, back=False)


def place_of(row: SlaClock, now: datetime) -> tuple[str, int] | None:
    """Group and segment of a row; None when it is on no list any more."""
    handoff = row.handoff
    if handoff is None or handoff.rejected_at or handoff.withdrawn_at:
        return None
    if (row.kind != Kind.ACCEPT) != bool(handoff.accepted_at):
        return None
    if handoff.snoozed_until and handoff.snoozed_until > now:
        return "snoozed", IN_ORDER.index(row.kind)
    if row.kind != Kind.ACCEPT:
        return "working", 2 if row.kind == Kind.DISPOSITION else int(bool(row.met_at))
    return ("due" if row.due_at and row.due_at <= now + SOON else "later"), 0


def row_of(handoff: Handoff) -> SlaClock | None:
    """The clock by which a handoff stands in the list."""
    kinds = (Kind.FIRST_TOUCH, Kind.DISPOSITION) if handoff.accepted_at else (Kind.ACCEPT,)
    rows = SlaClock.objects.filter(handoff=handoff, kind__in=kinds).select_related("cycle")
    row = min(rows, key=lambda row: IN_ORDER.index(row.kind), default=None)
    if row is not None:
        row.handoff = handoff
    return row


def _beside(inbox: Inbox, places: list[tuple[str, int]], row: SlaClock, *, back: bool) -> int | None:
    """The nearest row in this direction: in its own segment, or at the edge of the next one that has any."""
    for number, (key, at) in enumerate(places):
        segment = BY_KEY[key].segments[at]
        rows = segment.rows(inbox).select_related(None).only("handoff")
        start = row if number == 0 else None
        beside = keyset.beside(rows, segment.order, start, back=back)
        if beside is not None:
            return beside.handoff_id
    return None


def _mentions(lead: str, word: str) -> Q:
    found = Q()
    for place in ("first_name", "last_name", "email", "company__name"):
        found |= Q(**{f"{lead}{place}__icontains": word})
    return found
