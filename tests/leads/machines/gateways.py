"""How mail gateways, proxies and people follow the links of a mail: drawn, with jitter.

Each profile gives the hits of one mail and says which are a machine's. TUNED were looked at while weights were set,
HELD_OUT were not.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from leads.machines.seen import CLICK, FOOT, OPEN, TRAP, TRAP_LINK, UNSUBSCRIBE_LINK, Seen

SENT = datetime(2026, 9, 1, 9, tzinfo=UTC)
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
CHROME = WINDOWS + " Chrome/{}.0.0.0 Safari/537.36"
EDGE = CHROME + " Edg/{}.0.0.0"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_{} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.0 Mobile/15E148 Safari/604.1"
)
SCRIPT = ("no_language", "bare")


@dataclass
class Mail:
    """One mail being met. `hit` notes what meets it; machines' hits are marked."""

    dice: random.Random
    links: int = 4
    hits: list[tuple[Seen, bool]] = field(default_factory=list)

    def hit(self, kind: str, after: float, agent: str, address: str, *, link: int = 1, machine: bool = True,
            method: str = "GET", signs: tuple[str, ...] = ()) -> None:  # fmt: skip
        at = SENT + timedelta(seconds=after)
        place = {OPEN: 0, TRAP: TRAP_LINK, FOOT: UNSUBSCRIBE_LINK}.get(kind, link)
        seen = Seen(kind, at, SENT, place, self.links, method, agent, address, "ana@buyer.example", signs)
        self.hits.append((seen, machine))

    def address(self, prefix: str) -> str:
        return prefix + ".".join(str(self.dice.randrange(1, 255)) for _ in range(4 - prefix.count(".")))

    def all_links(self, *, trap: float = 1.0, foot: float = 1.0) -> Iterator[tuple[str, int]]:
        """Each link of the mail in order, then those of its end; the last two with these odds."""
        yield from ((CLICK, link) for link in range(1, self.links + 1))
        if self.dice.random() < foot:
            yield FOOT, 0
        if self.dice.random() < trap:
            yield TRAP, 0


Profile = Callable[[Mail], None]


def defender(mail: Mail) -> None:
    """Safe Links: a browser in a data centre, from several addresses, soon after delivery."""
    agent, start = EDGE.format(*[mail.dice.randrange(110, 141)] * 2), mail.dice.uniform(2, 45)
    for kind, link in mail.all_links(trap=0.85):
        mail.hit(kind, start + mail.dice.uniform(0, 6), agent, mail.address("40.94."), link=link)


def proofpoint(mail: Mail) -> None:
    start = mail.dice.uniform(3, 90)
    for kind, link in mail.all_links():
        mail.hit(
            kind, start + mail.dice.uniform(0, 1.5), CHROME.format(79), mail.address("67.231."), link=link
        )


def mimecast(mail: Mail) -> None:
    """One after another, minutes later."""
    at, agent, address = mail.dice.uniform(60, 600), CHROME.format(128), mail.address("207.211.")
    for kind, link in mail.all_links(trap=0.9):
        at += mail.dice.uniform(0.8, 3)
        mail.hit(kind, at, agent, address, link=link)


def barracuda(mail: Mail) -> None:
    at, address = mail.dice.uniform(1, 20), mail.address("209.222.")
    agent = mail.dice.choice([CHROME.format(131), "Barracuda Sentinel (EE)"])
    for kind, link in mail.all_links():
        mail.hit(kind, at, agent, address, link=link, method=mail.dice.choice(["HEAD", "GET"]))
        at += mail.dice.uniform(0.1, 0.9)


def cisco(mail: Mail) -> None:
    """Some of the links, without the headers of a browser."""
    start, address = mail.dice.uniform(2, 25), mail.address("173.36.")
    chosen = mail.dice.sample(range(1, mail.links + 1), min(mail.links, mail.dice.randrange(2, 4)))
    for link in chosen:
        mail.hit(CLICK, start + mail.dice.uniform(0, 3), CHROME.format(116), address, link=link, signs=SCRIPT)


def symantec(mail: Mail) -> None:
    at, address = mail.dice.uniform(1, 120), mail.address("67.219.")
    for kind, link in mail.all_links(trap=0.5):
        at += mail.dice.uniform(0.2, 2)
        mail.hit(kind, at, CHROME.format(102), address, link=link, method="HEAD")


def apple_proxy(mail: Mail) -> None:
    mail.hit(OPEN, mail.dice.uniform(1, 7200), "Mozilla/5.0", mail.address("17.58."))


def gmail_on_delivery(mail: Mail) -> None:
    agent = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
    mail.hit(OPEN, mail.dice.uniform(0.2, 4), agent, mail.address("66.249."))


def outlook_preview(mail: Mail) -> None:
    agent = mail.dice.choice([
        "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
        "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    ])  # fmt: skip
    mail.hit(
        CLICK, mail.dice.uniform(30, 9000), agent, mail.address("52.113."), link=mail.dice.randrange(1, 5)
    )


def unfurl(mail: Mail) -> None:
    """Somebody pastes a link into a chat."""
    agent = mail.dice.choice([
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "Mozilla/5.0 (compatible; TeamsBot/1.0)",
        "WhatsApp/2.23.20 A", "Twitterbot/1.0",
    ])  # fmt: skip
    mail.hit(CLICK, mail.dice.uniform(60, 90_000), agent, mail.address("54.210."))


def antivirus(mail: Mail) -> None:
    """On the reader's own computer, as the mail comes down: every link at once, by a script."""
    start, address = mail.dice.uniform(10, 40_000), mail.address("84.113.")
    for kind, link in mail.all_links():
        mail.hit(
            kind, start + mail.dice.uniform(0, 0.5), CHROME.format(109), address, link=link, signs=SCRIPT
        )


def corporate_prefetch(mail: Mail) -> None:
    at, agent = mail.dice.uniform(20, 30_000), CHROME.format(139)
    mail.hit(CLICK, at, agent, mail.address("193.7."), link=1, signs=("prefetch", "no_fetch"))


def uptime_monitor(mail: Mail) -> None:
    """A link found its way into somebody's monitor: every five minutes, for hours."""
    agent = mail.dice.choice(["Mozilla/5.0 (compatible; UptimeRobot/2.0)", "Mozilla/5.0 (X11) Watchdog"])
    start, address = mail.dice.uniform(3000, 90_000), mail.address("63.143.")
    for turn in range(20):
        mail.hit(CLICK, start + 300 * turn + mail.dice.uniform(0, 3), agent, address, signs=SCRIPT)


def sandbox(mail: Mail) -> None:
    """In the house, a real browser that opens only what can be seen, in order."""
    at, address = mail.dice.uniform(5, 300), mail.address("91.20.")
    for kind, link in mail.all_links(trap=0, foot=1):
        mail.hit(kind, at, CHROME.format(133), address, link=link, signs=("no_fetch",))
        at += mail.dice.uniform(0.5, 3.5)


def fetcher(mail: Mail) -> None:
    """Fortinet and others: no agent, or that of a library."""
    start, agent = (
        mail.dice.uniform(1, 500),
        mail.dice.choice(["", "python-requests/2.32", "Go-http-client/2.0"]),
    )
    for kind, link in mail.all_links(trap=0.7):
        mail.hit(
            kind, start + mail.dice.uniform(0, 20), agent, mail.address("173.243."), link=link, signs=SCRIPT
        )


def trend_micro(mail: Mail) -> None:
    """Slowly, from three networks."""
    at = mail.dice.uniform(5, 120)
    for kind, link in mail.all_links(trap=0.95):
        mail.hit(
            kind, at, CHROME.format(126), mail.address(f"{mail.dice.choice((54, 150, 216))}."), link=link
        )
        at += mail.dice.uniform(1, 9)


def zscaler(mail: Mail) -> None:
    start, address = mail.dice.uniform(1, 30), mail.address("165.225.")
    for kind, link in mail.all_links(trap=0.6, foot=0.5):
        mail.hit(
            kind,
            start + mail.dice.uniform(0, 2.5),
            CHROME.format(120),
            address,
            link=link,
            signs=("no_language",),
        )


def hornet(mail: Mail) -> None:
    """First the heads, then the bodies."""
    at, address = mail.dice.uniform(2, 60), mail.address("94.100.")
    for kind, link in mail.all_links(trap=0.8):
        mail.hit(kind, at, FIREFOX.format(115), address, link=link, method="HEAD")
        mail.hit(kind, at + mail.dice.uniform(0.1, 2), FIREFOX.format(115), address, link=link)
        at += mail.dice.uniform(0.1, 1)


def detonation(mail: Mail) -> None:
    """The hardest: two links, unhurried, headers as a browser's, no hidden link."""
    at, agent = mail.dice.uniform(4, 90), CHROME.format(137)
    for link in mail.dice.sample(range(1, mail.links + 1), 2):
        mail.hit(CLICK, at, agent, mail.address("35.190."), link=link, signs=("no_fetch",))
        at += mail.dice.uniform(0.5, 10)


# People


def _person(mail: Mail) -> tuple[str, str]:
    agent = mail.dice.choice([CHROME, EDGE, FIREFOX, IPHONE])
    number = mail.dice.randrange(0, 5) if agent is IPHONE else mail.dice.randrange(100, 146)
    return agent.format(number, number), mail.address("88.77.")


def _reads(mail: Mail) -> float:
    """When a person gets to it: minutes to days, rarely within seconds."""
    return 12 + mail.dice.lognormvariate(8.2, 1.6)


def _opens(mail: Mail, at: float, agent: str, address: str) -> None:
    """Half of them load pictures."""
    if mail.dice.random() < 0.5:
        mail.hit(OPEN, at, agent, address, machine=False)


def _clicks(mail: Mail, at: float, agent: str, address: str, link: int = 1, **rest: tuple[str, ...]) -> None:
    mail.hit(CLICK, at, agent, address, link=link, machine=False, **rest)


def ordinary(mail: Mail) -> None:
    at, (agent, address) = _reads(mail), _person(mail)
    _opens(mail, at, agent, address)
    _clicks(mail, at + mail.dice.uniform(2, 90), agent, address, mail.dice.randrange(1, 5))


def quick(mail: Mail) -> None:
    """The telephone rings, the mail is opened, the button pressed."""
    at, (agent, address) = mail.dice.uniform(8, 40), _person(mail)
    _clicks(mail, at, agent, address)


def tabs(mail: Mail) -> None:
    """Three links in tabs within 20 seconds."""
    at, (agent, address) = _reads(mail), _person(mail)
    _opens(mail, at, agent, address)
    at += mail.dice.uniform(3, 30)
    for link in sorted(mail.dice.sample(range(1, mail.links + 1), 3)):
        _clicks(mail, at, agent, address, link)
        at += mail.dice.uniform(1.5, 9)


def two_devices(mail: Mail) -> None:
    """On the telephone on the train, and again at the desk; now and then within the same minute."""
    at, (laptop, home) = _reads(mail), _person(mail)
    _clicks(mail, at, IPHONE.format(1), mail.address("80.187."), 1)
    _clicks(mail, at + mail.dice.choice([20.0, 600.0, 20_000.0]), laptop, home, 1)


def forwards(mail: Mail) -> None:
    """Colleagues elsewhere click, too."""
    at = _reads(mail)
    for _ in range(mail.dice.randrange(2, 6)):
        _clicks(mail, at, *_person(mail), mail.dice.randrange(1, 5))
        at += mail.dice.expovariate(1 / 900)


def privacy_browser(mail: Mail) -> None:
    """A rotating relay, and no word about how it came."""
    at, (agent, _) = _reads(mail), _person(mail)
    for link in mail.dice.sample(range(1, 5), 2):
        signs: tuple[str, ...] = mail.dice.choice([(), ("no_fetch",)])
        _clicks(mail, at, agent, mail.address("104.28."), link, signs=signs)
        at += mail.dice.uniform(5, 120)


def vpn(mail: Mail) -> None:
    at, (agent, _) = _reads(mail), _person(mail)
    _opens(mail, at, agent, mail.address("185.213."))
    _clicks(mail, at + mail.dice.uniform(3, 60), agent, mail.address("185.213."), mail.dice.randrange(1, 5))


def clicks_again(mail: Mail) -> None:
    """The page was slow."""
    at, (agent, address) = _reads(mail), _person(mail)
    for _ in range(mail.dice.randrange(2, 4)):
        _clicks(mail, at, agent, address, 2)
        at += mail.dice.uniform(0.4, 8)


def old_office_computer(mail: Mail) -> None:
    at, address = _reads(mail), mail.address("62.99.")
    agent = "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko"
    _clicks(mail, at, agent, address, 1)


def behind_gateway(mail: Mail) -> None:
    """A gateway looks at everything first; its reader clicks later, from the same house."""
    defender(mail)
    ordinary(mail)


def shared_nat(mail: Mail) -> None:
    """One address for a whole house, one browser for most."""
    at = _reads(mail)
    _clicks(mail, at, EDGE.format(140, 140), "194.95.10.7", mail.dice.randrange(1, 5))


def eager(mail: Mail) -> None:
    """A newsletter, worked through: nearly all links, each in a tab."""
    at, (agent, address) = _reads(mail), _person(mail)
    _opens(mail, at, agent, address)
    at += mail.dice.uniform(3, 60)
    for link in range(1, mail.links + 1):
        if mail.dice.random() < 0.8:
            _clicks(mail, at, agent, address, link)
        at += 1.5 + mail.dice.expovariate(1 / 12)


def announced(mail: Mail) -> None:
    """Thirty colleagues of one house are told in a meeting, and click within three minutes."""
    at = 7200 + 3600 * mail.dice.randrange(5) + mail.dice.uniform(0, 180)
    _clicks(mail, at, EDGE.format(140, 140), "194.95.10.7", 1)


TUNED: tuple[Profile, ...] = (
    defender, proofpoint, mimecast, barracuda, cisco, symantec, apple_proxy, gmail_on_delivery, outlook_preview,
    unfurl, antivirus, corporate_prefetch, uptime_monitor, sandbox,
)  # fmt: skip
HELD_OUT: tuple[Profile, ...] = (fetcher, trend_micro, zscaler, hornet, detonation)
PEOPLE: tuple[Profile, ...] = (
    ordinary, ordinary, ordinary, quick, tabs, two_devices, forwards, privacy_browser, vpn, clicks_again,
    old_office_computer, behind_gateway, shared_nat, eager, announced,
)  # fmt: skip
