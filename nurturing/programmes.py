"""Campaigns to start from: steps with words that can be sent once the links lead to real pages. Pure.

A step is (kind, what it says or its settings, {branch: steps}). A mail is ("email", subject, text, name); others ask
about it by that name. {site} becomes the address of the sender's own domain.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

Step = tuple[Any, ...]
DAY = 1440
WEEKDAY_MORNINGS = {"days": [0, 1, 2, 3, 4], "opens": 480, "closes": 660}
HELLO = 'Hello {{ first_name | default: "there" }},'


class Programme(NamedTuple):
    key: str
    name: str
    about: str
    goal: str
    steps: tuple[Step, ...]


def mail(name: str, subject: str, text: str) -> Step:
    return ("email", subject, f"{HELLO}\n\n{text}", name)


def wait(days: int, *, morning: bool = True) -> Step:
    return ("wait", {"minutes": days * DAY} | ({"window": WEEKDAY_MORNINGS} if morning else {}), {})


def until(name: str, did: str, days: int, yes: tuple[Step, ...], no: tuple[Step, ...]) -> Step:
    settings = {"event": {"mail": name, "did": did}, "minutes": days * DAY}
    return ("event", settings, {"did": yes, "did_not": no})


def happens(activity: str, days: int, yes: tuple[Step, ...], no: tuple[Step, ...]) -> Step:
    event = {"activity": activity, "where": [], "seconds": 0}
    return ("event", {"event": event, "minutes": days * DAY}, {"did": yes, "did_not": no})


def asks(name: str, did: str, yes: tuple[Step, ...], no: tuple[Step, ...]) -> Step:
    return ("condition", {"ask": {"mail": name, "did": did}}, {"yes": yes, "no": no})


EXIT: Step = ("exit", {}, {})

WELCOME = Programme(
    "welcome",
    "Welcome",
    "Three mails for people who just signed up: thanks, the best first read, an offer to talk.",
    "demo_request",
    (
        mail(
            "thanks",
            "Good to have you here",
            "thank you for signing up. You will hear from us now and then, and only when we have something useful to "
            "say.\n\nA good place to begin: [our guide for the first week]({site}/guide).\n\nIf you tell us what you "
            "are working on, simply reply to this mail. A person reads it.",
        ),
        until(
            "thanks",
            "click",
            4,
            (
                wait(2),
                mail(
                    "deeper",
                    "The step after the guide",
                    "you had a look at our guide. Most readers ask the same thing next: how do others do it?\n\n"
                    "[Three short stories from teams like yours]({site}/stories) answer that, with numbers.",
                ),
            ),
            (
                mail(
                    "short",
                    "The guide in two minutes",
                    "no time for the whole guide? Here is [the two-minute version]({site}/guide-short): what to look "
                    "at first, what can wait, and the mistake nearly everybody makes.",
                ),
            ),
        ),
        wait(6),
        mail(
            "talk",
            "Shall we look at it together?",
            "twenty minutes are often enough to see whether we can help. [Choose a time that suits you]({site}/demo), "
            "or reply with a question. If now is not the moment, that is fine, too.",
        ),
    ),
)
WEBINAR = Programme(
    "webinar",
    "Webinar follow-up",
    "The recording for everybody who registered, then a different mail for those who watched and those who did not.",
    "demo_request",
    (
        mail(
            "recording",
            "The recording and the slides",
            "thank you for registering. [Here are the recording and the slides]({site}/recording).\n\nShort of time? "
            "The part most people asked about begins at minute 12.",
        ),
        until(
            "recording",
            "click",
            3,
            (
                wait(1),
                mail(
                    "next",
                    "What we could not answer in time",
                    "there were more questions than minutes. [We wrote the answers down]({site}/answers). Is yours "
                    "missing? Reply, and you get it from the person who spoke.",
                ),
                ("points", {"points": 5, "words": "Watched the webinar recording"}, {}),
            ),
            (
                mail(
                    "summary",
                    "The webinar on one page",
                    "an hour is a lot. [This page sums it up]({site}/summary) in five pictures, with the template that "
                    "we showed.",
                ),
            ),
        ),
        wait(7),
        mail(
            "offer",
            "Try it with your own numbers",
            "the examples were ours. It gets interesting with yours: [twenty minutes, your data, no slides]"
            "({site}/demo).",
        ),
    ),
)
RE_ENGAGE = Programme(
    "re-engagement",
    "Re-engagement",
    "For people who have been quiet: one good reason to come back, one question, then silence.",
    "email_click",
    (
        mail(
            "reason",
            "What is new since you last looked",
            "it has been a while. Here is what changed: [the short list]({site}/news). Nothing else, and no need to "
            "catch up on anything.",
        ),
        until(
            "reason",
            "click",
            10,
            (EXIT,),
            (
                mail(
                    "question",
                    "Should we stop writing?",
                    "we would rather send nothing than something you do not want. If you still want to hear from us, "
                    "[one click is enough]({site}/stay). If we hear nothing, we stop by ourselves.",
                ),
            ),
        ),
        until(
            "question",
            "click",
            14,
            (EXIT,),
            (("points", {"points": -5, "words": "Did not come back"}, {}), EXIT),
        ),
    ),
)
RECYCLED = Programme(
    "recycled",
    "Recycled lead",
    "For leads that sales gave back: time to breathe, something useful, then back to sales when they stir.",
    "demo_request",
    (
        wait(30),
        mail(
            "useful",
            "Something useful while you decide",
            "when we last spoke, the time was not right. No pressure. In case it helps: [a checklist for comparing "
            "vendors]({site}/checklist), ours included.",
        ),
        until(
            "useful",
            "click",
            14,
            (("handoff", {"note": "Came back to the checklist after sales gave the lead back"}, {}),),
            (
                mail(
                    "story",
                    "How others made the case",
                    "many teams stall at the same point: the business case. [This one-page example]({site}/case) was "
                    "good enough for a board.",
                ),
                wait(30),
                mail(
                    "check",
                    "Is it worth another look?",
                    "things change: budgets, teams, priorities. If yours did, reply with one line and we take it from "
                    "there. If not, we stay quiet.",
                ),
            ),
        ),
    ),
)
CART = Programme(
    "cart",
    "Cart abandonment",
    "Reminds people of what they left in a cart, helps, and stops the moment they buy.",
    "email_click",
    (
        happens("purchase", 1, (EXIT,), ()),
        mail(
            "reminder",
            "You left something behind",
            "your cart is still there: [pick up where you left off]({site}/cart). If something did not work, reply and "
            "we fix it.",
        ),
        happens("purchase", 2, (EXIT,), ()),
        mail(
            "help",
            "Can we help you choose?",
            "still thinking? [Delivery, returns and the questions others asked]({site}/help) are all on one page. Or "
            "ask us anything by replying.",
        ),
        happens("purchase", 5, (EXIT,), ()),
        mail(
            "last",
            "We keep your cart for two more days",
            "after that we tidy up. [Here it is one last time]({site}/cart).",
        ),
    ),
)
LOST = Programme(
    "lost",
    "Lost-lead survey",
    "Asks people who chose otherwise why, with one question, and listens.",
    "email_click",
    (
        wait(7),
        mail(
            "survey",
            "One question, thirty seconds",
            "you decided against us, and that is all right. Would you tell us why? [One question, no sales call]"
            "({site}/survey).\n\nWhatever you answer goes to the people who build the product.",
        ),
        until(
            "survey",
            "click",
            7,
            (EXIT,),
            (
                mail(
                    "again",
                    "Was it the price, the timing, or something else?",
                    "one word as a reply is enough, or [a click here]({site}/survey). This is the last time we ask.",
                ),
            ),
        ),
    ),
)
PROGRAMMES: dict[str, Programme] = {
    programme.key: programme for programme in (WELCOME, WEBINAR, RE_ENGAGE, RECYCLED, CART, LOST)
}


def lines(steps: tuple[Step, ...], depth: int = 0) -> Iterator[tuple[int, Step]]:
    """Every step in reading order, with its depth."""
    for step in steps:
        yield depth, step
        for inner in (step[2] if step[0] != "email" else {}).values():
            yield from lines(inner, depth + 1)
