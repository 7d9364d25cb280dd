"""The usual definition of the field, as a start: what a new installation publishes and an admin then changes.

Urgencies are those marketing teams agree on: three different downloads high, a live webinar medium, the pricing
page more than twice a week very high, a demo request at once, a click in a mail medium, five minutes on a
solution page high. Fit gives at most 40 of the 100 points, so behaviour alone reaches the line of 65 only with fit
or with several strong signals.
"""

from typing import Any

SETTINGS: dict[str, int] = {
    "threshold": 65,
    "fit_floor": 10,
    "margin": 5,
    "fit_a": 30,
    "fit_b": 20,
    "fit_c": 10,
    "engagement_1": 45,
    "engagement_2": 30,
    "engagement_3": 15,
}

GROUPS: list[dict[str, Any]] = [
    {"key": "fit", "name": "Fit", "axis": "fit", "minimum": -40, "maximum": 40},
    {"key": "intent", "name": "Intent", "axis": "engagement", "minimum": 0, "maximum": 60},
    {"key": "mail", "name": "Mail", "axis": "engagement", "minimum": 0, "maximum": 12},
    {"key": "negative", "name": "Negative signals", "axis": "engagement", "minimum": -60, "maximum": 0},
]

DAY = 24  # hours


def _when(field: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


def _does(
    key: str, name: str, activity: str, points: int, *conditions: dict[str, Any], **more: Any
) -> dict[str, Any]:
    rule = {
        "key": key,
        "name": name,
        "group": "intent",
        "subject": "behaviour",
        "activity": activity,
        "points": points,
    }
    return {**rule, "conditions": list(conditions), **more}


def _halving(days: int) -> dict[str, Any]:
    return {"decay": "half_life", "decay_days": days}


def _is(key: str, name: str, points: int, *conditions: dict[str, Any], **more: Any) -> dict[str, Any]:
    rule = {"key": key, "name": name, "group": "fit", "subject": "fit", "points": points}
    return {**rule, "conditions": list(conditions), **more}


BEHAVIOUR: list[dict[str, Any]] = [
    _does(
        "pricing-3-in-7",
        "Pricing page, more than 2 times in 7 days",
        "page_view",
        25,
        _when("path", "starts_with", ["/pricing", "/plans"]),
        n=3,
        window_hours=7 * DAY,
        cap=25,
        **_halving(30),
    ),
    _does(
        "downloads-3-in-30",
        "Three different downloads in 30 days",
        "content_download",
        20,
        aggregate="distinct",
        distinct_by="asset",
        n=3,
        window_hours=30 * DAY,
        **_halving(30),
    ),
    _does(
        "download",
        "Downloaded content",
        "content_download",
        5,
        mode="each",
        cap=10,
        window_hours=90 * DAY,
        **_halving(30),
    ),
    _does(
        "webinar-attended",
        "Attended a webinar live",
        "webinar_attended",
        12,
        mode="each",
        cap=24,
        window_hours=120 * DAY,
        **_halving(45),
    ),
    _does(
        "solution-5-minutes",
        "Five minutes or more on solution pages",
        "engaged_time",
        20,
        _when("path", "starts_with", ["/solution", "/product"]),
        aggregate="sum",
        n=300,
        window_hours=30 * DAY,
        **_halving(30),
    ),
    _does(
        "contact-form",
        "Asked to be contacted",
        "contact_request",
        20,
        n=1,
        window_hours=60 * DAY,
        **_halving(30),
    ),
    _does(
        "trial-started", "Started a trial", "trial_started", 25, n=1, window_hours=60 * DAY, **_halving(30)
    ),
    _does("chat", "Started a chat", "chat_started", 5, n=1, window_hours=30 * DAY),
    _does("repeat-visits", "Five page views or more in 14 days", "page_view", 6, n=5, window_hours=14 * DAY),
    _does("ad-click", "Clicked an ad", "ad_click", 3, mode="each", cap=6, window_hours=30 * DAY),
    _does("wishlist", "Added to the wishlist", "wishlist_add", 4, mode="each", cap=8, window_hours=60 * DAY),
    _does("cart", "Added to the cart", "cart_add", 8, n=1, window_hours=30 * DAY),
    _does(
        "form-sent",
        "Sent a form",
        "form_submit",
        6,
        mode="each",
        cap=12,
        window_hours=90 * DAY,
        **_halving(45),
    ),
    _does(
        "demo-request", "Asked for a demo", "demo_request", 0, effect="critical", n=1, window_hours=30 * DAY
    ),
    _does(
        "email-click",
        "Clicked in mails",
        "email_click",
        4,
        group="mail",
        mode="each",
        cap=12,
        window_hours=60 * DAY,
        **_halving(30),
    ),
    _does("newsletter", "Signed up for the newsletter", "newsletter_signup", 4, group="mail", n=1),
    _does(
        "lowered-by-sales",
        "Sales said no",
        "score_lowered",
        -1,
        group="negative",
        mode="each",
        aggregate="sum",
        cap=40,
        window_hours=365 * DAY,
        **_halving(90),
    ),
    _does("unsubscribed", "Unsubscribed", "email_unsubscribe", -20, group="negative", n=1),
    _does("bounced", "Mail bounced", "email_bounce", -15, group="negative", n=1),
    _does(
        "careers",
        "Visited the careers page",
        "page_view",
        -10,
        _when("path", "starts_with", ["/careers", "/jobs"]),
        group="negative",
        n=1,
        window_hours=90 * DAY,
    ),
]

FIT: list[dict[str, Any]] = [
    _is(
        "senior",
        "Director or above",
        12,
        _when("seniority", "in", ["owner", "c_level", "vp", "head", "director"]),
    ),
    _is("manager", "Manager", 6, _when("seniority", "in", ["manager"])),
    _is(
        "role",
        "Works in operations, sales or marketing",
        8,
        _when("title", "contains_word", ["operations", "sales", "marketing", "revenue", "growth"]),
    ),
    _is("size", "50 to 5,000 employees", 10, _when("employees", "between", [50, 5000])),
    _is("revenue", "Revenue of 5 million or more", 4, _when("revenue", "at_least", 5_000_000)),
    _is(
        "industry",
        "Industry we know",
        6,
        _when(
            "industry",
            "in",
            ["software", "manufacturing", "logistics", "healthcare", "energy", "retail", "finance"],
        ),
    ),
    _is(
        "country",
        "Country we serve",
        5,
        _when(
            "country",
            "in",
            ["Norway", "Sweden", "Denmark", "Germany", "Netherlands", "United Kingdom", "United States"],
        ),
    ),
    _is(
        "technology",
        "Uses a technology we connect to",
        4,
        _when("technologies", "in", ["salesforce", "hubspot", "dynamics"]),
    ),
    _is("free-mail", "Free-mail address", -10, _when("email_class", "in", ["free", "disposable"])),
    _is("too-small", "Fewer than 10 employees", -10, _when("employees", "at_most", 9)),
    _is("student", "Student or entry level", -12, _when("seniority", "in", ["entry"])),
    _is(
        "competitor",
        "Works for a competitor",
        0,
        _when("email_domain", "in", ["rival.example", "competitor.example"]),
        effect="disqualify",
    ),
]

RULES = [*BEHAVIOUR, *FIT]

WATCHES: list[dict[str, Any]] = [
    {"name": "Asked for a demo", "on": "action", "activity": "demo_request"},
    {
        "name": "Pricing page, by a lead with an owner",
        "on": "action",
        "activity": "page_view",
        "conditions": [_when("path", "starts_with", ["/pricing", "/plans"])],
        "only_owned": True,
    },
    {"name": "Score rises to 80", "on": "crossing", "crossing": "rises", "points": 80},
]
