"""How likely a machine made each hit of one mail, or one view of a page.

Model    log odds that add up (naive Bayes with weights set by hand): START, and a weight for each sign. From even odds
         on it is a machine's. One hard sign is enough; no single soft one is
Late     all hits of a mail are judged together, so a first click changes its meaning when the others follow
People   opening before clicking speaks for a person; a rule of the house's beats every sign but the hidden link
Pure     no database, no clock
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from statistics import fmean, pstdev

from leads.machines import agents
from leads.machines.rules import NONE, Rules, neighbourhood
from leads.machines.seen import CLICK, FOOT, OPEN, TRAP, Seen, Verdict

START = -4.0  # 1.8%: what is left of machines when nothing else is known
HARD = 12.0
WEIGHTS = {
    **dict.fromkeys(("trap", "method", "agent", "nobody", "proxy", "prefetch", "service", "ruled"), HARD),
    "near_trap": 10.0,
    "same_visitor": 6.0,
    "soon": 8.0,
    "early": 2.5,
    "at_once": 5.0,
    "quickly": 5.0,
    "two_links": 1.0,
    "all_links": 4.5,
    "in_order": 2.0,
    "networks": 6.0,
    "two_networks": 1.5,
    "crowd": 6.0,
    "few": 2.0,
    "clockwork": 5.0,
    "no_language": 2.0,
    "bare": 1.5,
    "no_fetch": 2.0,
    "not_navigated": 2.5,
    "old_agent": 2.0,
    "opened_before": -1.0,
}
SOON = {CLICK: 2.0, FOOT: 2.0, OPEN: 2.0}  # seconds after sending: nobody is that fast
EARLY = {CLICK: 8.0, FOOT: 8.0, OPEN: 10.0}
TRAP_NEAR, TRAP_VISITOR = 10.0, 600.0  # seconds, whoever it was, and the same visitor
SAME_VISITOR = 120.0
EVEN, SURE = 0.5, 0.95
MANY, SEVERAL = 8, 4  # mails, the hit's own among them
CROWD_SPAN = 5.0  # seconds before and after
LATEST_OPEN = 86_400.0


def judge(hits: Sequence[Seen], rules: Rules = NONE) -> list[Verdict]:
    """A verdict for each hit of one mail, in the order given."""
    mail = _Mail(hits)
    found = [_own_signs(hit, rules) | mail.signs(place) for place, hit in enumerate(hits)]
    sure = [place for place, signs in enumerate(found) if probability(signs) >= SURE]
    for place, hit in enumerate(hits):
        if probability(found[place]) < SURE and mail.shares_visitor(place, sure):
            found[place] = found[place] | {"same_visitor"}
        theirs = hit.kind != TRAP and rules.says(hit.agent, hit.address)
        if theirs and probability(found[place]) >= EVEN:
            found[place] = {"people"}
    return [_verdict(signs) for signs in found]


def crowds(mails: Sequence[Sequence[Seen]]) -> list[list[Seen]]:
    """The same hits, each with the number of mails that its visitor met within CROWD_SPAN of it."""
    met: dict[tuple[str, str], list[tuple[float, int]]] = defaultdict(list)
    for number, hits in enumerate(mails):
        for hit in hits:
            if hit.address and hit.kind != OPEN:
                met[hit.address, hit.agent].append((hit.at.timestamp(), number))

    def crowd(hit: Seen) -> int:
        at = hit.at.timestamp()
        return len({number for when, number in met[hit.address, hit.agent] if abs(when - at) <= CROWD_SPAN})

    return [[hit._replace(crowd=crowd(hit)) for hit in hits] for hits in mails]


def judge_view(agent: str, address: str = "", rules: Rules = NONE) -> Verdict:
    """A view of a page, as an event tells it: the headers are those of the sender, so they say nothing."""
    said, robot = rules.says(agent, address), agents.robot(agent)
    if said:
        return _verdict({"people"} if robot else set())
    return _verdict({"ruled"} if said is False else {"agent"} if robot else set())


def probability(signs: Iterable[str]) -> float:
    if "people" in signs:
        return 0.0
    total = START + sum(WEIGHTS[sign] for sign in signs)
    return 1 / (1 + math.exp(-total))


def _verdict(signs: set[str]) -> Verdict:
    heavy_first = sorted(signs, key=lambda sign: (-WEIGHTS.get(sign, 0), sign))
    return Verdict(round(probability(signs), 4), tuple(heavy_first))


def _own_signs(hit: Seen, rules: Rules) -> set[str]:
    """What the hit gives away by itself."""
    signs = set(hit.signs) & WEIGHTS.keys()
    signs |= {"trap"} if hit.kind == TRAP else set()
    signs |= {"method"} if hit.method not in ("GET", "POST") else set()
    signs |= {"ruled"} if rules.says(hit.agent, hit.address) is False else set()
    signs |= _signs_of_agent(hit) | _signs_of_time(hit, rules)
    if hit.crowd >= SEVERAL:
        signs.add("crowd" if hit.crowd >= MANY else "few")
    return signs


def _signs_of_agent(hit: Seen) -> set[str]:
    agent = hit.agent.strip()
    if not agent:
        return {"nobody"}
    if hit.kind == OPEN:
        if agent == agents.APPLE:
            return {"proxy"}
        return {"agent"} if not agents.reads_mail(agent) and agents.robot(agent) else set()
    if agents.is_office(agent) or agents.robot(agent):
        return {"agent"}
    return {"old_agent"} if agents.is_old(agent) or agent == agents.APPLE else set()


def _signs_of_time(hit: Seen, rules: Rules) -> set[str]:
    if hit.kind not in SOON:
        return set()
    after = (hit.at - hit.sent_at).total_seconds() if hit.sent_at else 0.0
    if after < max(SOON[hit.kind], rules.grace(hit)):
        return {"soon"}
    return ({"soon"} if hit.kind == OPEN else {"early"}) if after < EARLY[hit.kind] else set()


class _Mail:
    """The hits of one mail beside each other."""

    def __init__(self, hits: Sequence[Seen]) -> None:
        self.hits = hits
        self.times = [hit.at.timestamp() for hit in hits]
        self.visitors = [(hit.address, hit.agent) for hit in hits]
        self.order = sorted(range(len(hits)), key=lambda place: (self.times[place], hits[place].link))
        self.found: dict[int, set[str]] = defaultdict(set)
        for look in (self._traps, self._sweeps, self._in_order, self._places, self._clockwork, self._opens):
            look()

    def signs(self, place: int) -> set[str]:
        return self.found[place]

    def shares_visitor(self, place: int, others: Iterable[int]) -> bool:
        return any(
            other != place
            and self.visitors[other] == self.visitors[place]
            and self.apart(place, other) <= SAME_VISITOR
            for other in others
        )

    def apart(self, one: int, other: int) -> float:
        return abs(self.times[one] - self.times[other])

    def _places_of(self, *kinds: str) -> list[int]:
        """In time."""
        return [place for place in self.order if self.hits[place].kind in kinds]

    def _traps(self) -> None:
        traps = self._places_of(TRAP)
        for place in self._places_of(OPEN, CLICK, FOOT):
            for trap in traps:
                reach = TRAP_VISITOR if self.visitors[trap] == self.visitors[place] else TRAP_NEAR
                if self.apart(place, trap) <= reach:
                    self.found[place].add("near_trap")

    def _sweeps(self) -> None:
        """Different links, close together; the unsubscribe link counts, for scanners follow it as well."""
        links = self._places_of(CLICK, FOOT)
        all_of_them = max((self.hits[place].links for place in links), default=0)
        limits: list[tuple[str, float, int]] = [
            ("at_once", 0.6, 2),
            ("quickly", 2.5, 3),
            ("two_links", 3.0, 2),
        ]
        if all_of_them >= 3:
            limits.append(("all_links", 2.0 * all_of_them, max(all_of_them, 4)))
        for sign, span, number in limits:
            self._mark_windows(links, sign, span, number)

    def _mark_windows(self, places: list[int], sign: str, span: float, number: int) -> None:
        """Marks every hit of a stretch of time in which `number` different links were followed."""
        for start in range(len(places)):
            within = [
                place for place in places[start:] if self.times[place] - self.times[places[start]] <= span
            ]
            if len({self.hits[place].link for place in within}) >= number:
                for place in within:
                    self.found[place].add(sign)

    def _in_order(self) -> None:
        clicks = self._places_of(CLICK)
        for first, second, third in zip(clicks, clicks[1:], clicks[2:], strict=False):
            rising = self.hits[first].link < self.hits[second].link < self.hits[third].link
            if rising and self.apart(first, third) <= 6.0:
                for place in (first, second, third):
                    self.found[place].add("in_order")

    def _places(self) -> None:
        links = self._places_of(CLICK, FOOT)
        for sign, span, number in (("networks", 30.0, 3), ("two_networks", 3.0, 2)):
            for start in range(len(links)):
                within = [
                    place for place in links[start:] if self.times[place] - self.times[links[start]] <= span
                ]
                if len({neighbourhood(self.hits[place].address) for place in within} - {""}) >= number:
                    for place in within:
                        self.found[place].add(sign)

    def _clockwork(self) -> None:
        """Five times the same link at intervals that are equal to a twentieth."""
        visits: dict[tuple[object, int], list[int]] = defaultdict(list)
        for place in self._places_of(CLICK):
            visits[self.visitors[place], self.hits[place].link].append(place)
        for places in visits.values():
            gaps = [self.apart(one, other) for one, other in pairwise(places)]
            if len(gaps) >= 4 and fmean(gaps) > 20 and pstdev(gaps) < 0.05 * fmean(gaps):
                for place in places:
                    self.found[place].add("clockwork")

    def _opens(self) -> None:
        """An open that nothing speaks against, three seconds or more before the click."""
        fair: Callable[[int], bool] = lambda place: not _signs_of_agent(self.hits[place]) | self.found[place]  # noqa: E731
        opens = [place for place in self._places_of(OPEN) if fair(place)]
        for place in self._places_of(CLICK):
            if any(3.0 <= self.times[place] - self.times[before] <= LATEST_OPEN for before in opens):
                self.found[place].add("opened_before")
