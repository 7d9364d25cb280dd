"""The numbers of a campaign's report, each with the share it makes of its base and the list it opens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.db.models.functions import Now, TruncDate

from nurturing import cohorts
from nurturing.figures import last_days
from nurturing.graph import Graph
from nurturing.models import Campaign, CampaignVersion, Enrolment, Step, Unsubscribe
from scoring.shares import Share

DAYS = 28
COLUMNS = (
    ("sent", "Sent", ""),
    ("delivered", "Delivered", "sent"),
    ("bounced", "Bounced", "sent"),
    ("opened", "Opened", "sent"),
    ("clicked", "Clicked", "sent"),
    ("unsubscribed", "Opted out", "sent"),
    ("complained", "Spam", "sent"),
    ("refused", "Refused", ""),
    ("waiting", "Waiting", ""),
    ("doubtful", "In doubt", ""),
)
WHATS = [what for what, _, _ in COLUMNS]


class Figure(NamedTuple):
    """One number. `query` opens the list of those behind it; without a share it is a plain count."""

    label: str
    number: int
    share: Share | None = None
    query: str = ""

    @property
    def percent(self) -> float:
        return 100 * ((self.share.value if self.share else None) or 0)

    @property
    def words(self) -> str:
        """ "18.9% of 604"; few cases give no share."""
        if self.share is None or not self.share.whole:
            return ""
        if not self.share.sure:
            return f"of {self.share.whole}"
        return f"{self.percent:.1f}% of {self.share.whole:,}"

    @property
    def interval(self) -> str:
        if self.share is None or not self.share.whole:
            return ""
        if not self.share.sure:
            return "not enough data yet"
        low, high = self.share.interval
        return f"{100 * low:.1f}–{100 * high:.1f}%"


@dataclass
class Mail:
    """One mail in all versions of its campaign: they share its key."""

    key: str
    subject: str
    counts: dict[str, int] = field(default_factory=dict)
    version: int | None = None

    @property
    def cells(self) -> list[Figure]:
        return [self.figure(what, label, base) for what, label, base in COLUMNS]

    def figure(self, what: str, label: str, base: str = "") -> Figure:
        number = self.counts.get(what, 0)
        share = Share(min(number, self.counts.get(base, 0)), self.counts.get(base, 0)) if base else None
        return Figure(label, number, share, _query(what, self.version, self.key))


class Report(NamedTuple):
    entered: int
    reached: Figure
    funnel: list[Figure]
    ends: list[Figure]
    mails: list[Mail]
    total: Mail
    versions: list[Figure]
    version_numbers: list[int]
    days: list[tuple[date, int]]

    @property
    def strip(self) -> list[Figure]:
        """Beside the goal, above everything else."""
        shown = ("delivered", "unsubscribed", "complained", "doubtful")
        return [figure for what, figure in zip(WHATS, self.total.cells, strict=True) if what in shown]

    @property
    def sent_words(self) -> str:
        most = max(sent for _, sent in self.days)
        return f"{sum(sent for _, sent in self.days):,} mails in {DAYS} days, at most {most:,} on one day."


def report(campaign: Campaign, version: int | None = None) -> Report:
    """Of everybody, or of one version's people. The same number of statements whatever there is."""
    ends = dict(
        cohorts.runs_of(campaign, version).order_by().values_list("ended_because").annotate(Count("pk"))
    )
    entered, mails = sum(ends.values()), _mails(campaign, version)
    total = Mail("", "All", {what: sum(m.counts[what] for m in mails) for what in cohorts.MAILS}, version)
    reached = Figure(
        "Reached the goal", ends.get("goal", 0), Share(ends.get("goal", 0), entered), _query("goal", version)
    )
    versions = _versions(campaign)
    return Report(
        entered,
        reached,
        [_whole("Entered", entered, version), *_funnel(campaign, version, mails, entered), reached],
        _ends(campaign, ends, entered, version),
        mails,
        total,
        [_version(*row) for row in versions],
        [number for number, _, _ in versions],
        _days(campaign, version),
    )


def lines(it: Report) -> Iterator[tuple[str, str, int, Share | None]]:
    """For a file: (part of the report, what, number, share)."""
    parts = (("Funnel", it.funnel), ("Where people are", it.ends), ("Goal by version", it.versions))
    for part, figures in parts:
        for each in figures:
            yield part, each.label, each.number, each.share
    for mail in [*it.mails, it.total]:
        for each in mail.cells:
            yield f"Mail: {mail.subject}", each.label, each.number, each.share
    for day, sent in it.days:
        yield "Mails sent per day", day.isoformat(), sent, None


def _mails(campaign: Campaign, version: int | None) -> list[Mail]:
    """As they are read in the newest version; those it no longer has come last. People, not tries."""
    found = cohorts.mails_of(campaign, version).order_by().values("step__key")
    simple = {what: condition for what, (_, condition) in cohorts.MAILS.items() if what != "unsubscribed"}
    counted: Any = found.annotate(
        **{what: Count("enrolment", distinct=True, filter=rule) for what, rule in simple.items()}
    )
    counts = {str(row["step__key"]): {what: row[what] for what in simple} for row in counted}
    nothing = dict.fromkeys(simple, 0)
    gone = _unsubscribed(campaign, version)
    mails = [
        Mail(key, subject, counts.get(key, nothing) | {"unsubscribed": gone.get(key, 0)}, version)
        for key, subject in _subjects(campaign).items()
    ]
    return [mail for mail in mails if any(mail.counts.values())]


def _unsubscribed(campaign: Campaign, version: int | None) -> dict[str, int]:
    rows = Unsubscribe.objects.filter(message__in=cohorts.mails_of(campaign, version)).order_by()
    counted = rows.values_list("message__step__key").annotate(Count("message__enrolment", distinct=True))
    return {str(key): number for key, number in counted}


def _subjects(campaign: Campaign) -> dict[str, str]:
    """{key: subject} in reading order of the newest published version, then what older ones had."""
    frozen = CampaignVersion.objects.filter(campaign=campaign).exclude(frozen_at=None)
    steps: dict[int, list[Step]] = {}
    for step in Step.objects.filter(version__in=frozen).order_by("-version__number", "position"):
        steps.setdefault(step.version_id, []).append(step)
    found: dict[str, str] = {}
    for of_version in steps.values():
        for line in Graph(of_version).lines():
            if line.step.is_mail:
                found.setdefault(str(line.step.key), line.step.subject or "No subject")
    return found


def _funnel(campaign: Campaign, version: int | None, mails: list[Mail], entered: int) -> list[Figure]:
    """People: who was sent each mail in reading order, then who opened and clicked any."""
    found = [
        Figure(f"Sent “{mail.subject[:60]}”", sent, Share(min(sent, entered), entered), query)
        for mail in mails
        for sent, query in [(mail.counts["sent"], _query("sent", version, mail.key))]
    ]
    people = cohorts.mails_of(campaign, version).aggregate(
        opened=Count("enrolment", distinct=True, filter=cohorts.MAILS["opened"][1]),
        clicked=Count("enrolment", distinct=True, filter=cohorts.MAILS["clicked"][1]),
    )
    for what, label in (("opened", "Opened, people only"), ("clicked", "Clicked")):
        found.append(Figure(label, people[what], Share(people[what], entered), _query(what, version)))
    return found if mails else []


def _ends(campaign: Campaign, ends: dict[str, int], entered: int, version: int | None) -> list[Figure]:
    """The held-out entered no version, so a report of one version is without them."""
    named = [*Enrolment.Ended.choices, ("", "Still in the campaign")]
    found = [
        Figure(str(label), ends[key], Share(ends[key], entered), _query(key or "inside", version))
        for key, label in named
        if ends.get(key)
    ]
    held = campaign.held_out.count() if version is None else 0
    return found + ([Figure("Held out, beside them", held, None, _query(cohorts.HELD_OUT))] if held else [])


def _versions(campaign: Campaign) -> list[tuple[int, int, int]]:
    """(number, people, how many of them reached the goal), oldest first."""
    counted = campaign.enrolments.order_by().values_list("version__number")
    return sorted(counted.annotate(n=Count("pk"), reached=Count("pk", filter=Q(ended_because="goal"))))


def _version(number: int, people: int, reached: int) -> Figure:
    return Figure(f"Version {number}", reached, Share(reached, people), _query("goal", number))


def _days(campaign: Campaign, version: int | None) -> list[tuple[date, int]]:
    sent = cohorts.mails_of(campaign, version).filter(
        cohorts.SENT, sent_at__gt=Now() - timedelta(days=DAYS + 1)
    )
    counted = dict(sent.order_by().values_list(TruncDate("sent_at")).annotate(Count("pk")))
    return last_days(counted, DAYS)


def _whole(label: str, entered: int, version: int | None) -> Figure:
    return Figure(label, entered, None, _query("all", version))


def _query(what: str, version: int | None = None, mail: str = "") -> str:
    values: dict[str, Any] = {"ended": what, "mail": mail, "version": version}
    return urlencode({key: value for key, value in values.items() if value})
