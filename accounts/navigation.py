"""What stands in the navigation for each role. URL names only, so that no app is imported."""

from dataclasses import dataclass

from accounts.models import User

R = User.Role
ALL = frozenset(R)


@dataclass(frozen=True)
class Item:
    url_name: str
    icon: str
    label: str
    roles: frozenset[str] = ALL
    key: str = ""  # second letter after G
    count: str = ""  # name of a counter fragment served by the app that owns the number


SECTIONS: tuple[tuple[str, tuple[Item, ...]], ...] = (
    (
        "",
        (
            Item("home", "sun", "Today", key="t"),
            Item("handoff:notifications", "bell", "Notifications", key="n", count="notifications"),
            Item(
                "handoff:queue",
                "list-filter",
                "MQL queue",
                frozenset({R.MARKETER, R.MANAGER, R.ADMIN}),
                "q",
                "queue",
            ),
            Item(
                "handoff:inbox",
                "inbox",
                "SQL inbox",
                frozenset({R.REP, R.MANAGER, R.ADMIN}),
                "i",
                "inbox",
            ),
            Item("leads:outreach", "phone", "Tasks", key="k"),
            Item("handoff:team", "user-check", "Team", frozenset({R.MANAGER, R.ADMIN}), "e"),
            Item("handoff:pipeline", "handshake", "Pipeline", key="v"),
            Item("leads:list", "users", "Leads", key="l"),
            Item("leads:companies", "building-2", "Companies", key="c"),
        ),
    ),
    (
        "Programmes",
        (
            Item("nurturing:campaigns", "workflow", "Campaigns", frozenset({R.MARKETER, R.ADMIN}), "p"),
            Item("nurturing:segments", "split", "Segments", frozenset({R.MARKETER, R.ADMIN}), "s"),
            Item("nurturing:returned", "reply", "Returned mail", frozenset({R.MARKETER, R.ADMIN})),
            Item("leads:quarantine", "shield-alert", "Machines", frozenset({R.MARKETER, R.ADMIN})),
            Item("nurturing:audiences", "megaphone", "Ad audiences", frozenset({R.MARKETER, R.ADMIN}), "a"),
            Item("nurturing:webhooks", "webhook", "Webhooks", frozenset({R.MARKETER, R.ADMIN}), "w"),
            Item("leads:forms", "file-input", "Forms", frozenset({R.MARKETER, R.ADMIN}), "f"),
            Item("leads:imports", "file-up", "Imports", frozenset({R.MARKETER, R.ADMIN}), "m"),
        ),
    ),
    (
        "Agreement",
        (
            Item("scoring:definition", "gauge", "Scoring", key="d"),
            Item(
                "reports:funnel", "chart-column", "Reports", frozenset({R.MARKETER, R.MANAGER, R.ADMIN}), "r"
            ),
            Item(
                "handoff:quality",
                "message-square",
                "Quality",
                frozenset({R.MARKETER, R.MANAGER, R.ADMIN}),
                "u",
            ),
        ),
    ),
)
