"""The people of the demo company, and the passwords they sign in with. Never for a real installation."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from accounts.models import Organisation, Team, User
from accounts.services import create_token

PASSWORD = "ride a tandem"  # noqa: S105  printed by `up`, for the demo company only
PEOPLE = (
    ("Dana Cole", "marketer", "Marketing operations", ""),
    ("Leo Grahn", "marketer", "Marketing", ""),
    ("Ana Ruiz", "rep", "Sales, Nordics and DACH", "Nordics and DACH"),
    ("Tom Becker", "rep", "Sales, rest of the world", "Rest of the world"),
    ("Mina Kaur", "rep", "Sales, Nordics and DACH", "Nordics and DACH"),
    ("Ruth Adeyemi", "manager", "Head of sales", "Nordics and DACH"),
    ("Ada Quill", "admin", "Administration", ""),
)


def load(*, now: datetime, size: int) -> str:
    Organisation.objects.update_or_create(
        pk=1,
        defaults={
            "name": "Quillstone",
            "time_zone": "Europe/Oslo",
            "postal_address": "Quillstone AS, Kai 12, 5003 Bergen, Norway",
            "sender_name": "Dana at Quillstone",
            "sender_email": "dana@quillstone.example",
            "sites": "https://www.quillstone.example",
        },
    )
    for name, role, job, team in PEOPLE:
        _person(name, role, job, team)
    create_token(kind="write", name="Website")
    _write_logins()
    return f"{len(PEOPLE)} colleagues"


def _person(name: str, role: str, job: str, team: str) -> None:
    group = Team.objects.get_or_create(name=team)[0] if team else None
    User.objects.create_user(
        address(name), PASSWORD, name=name, role=role, job_title=job, team=group, time_zone="Europe/Oslo"
    )


def address(name: str) -> str:
    return f"{name.split()[0].lower()}@quillstone.example"


def logins() -> list[str]:
    """One line a person, as `up` prints them."""
    return [f"{role:9} {address(name):28} {PASSWORD}" for name, role, _, _ in PEOPLE]


def _write_logins() -> None:
    """For `up`, which prints them at every start."""
    place = settings.ROOT / ".local"
    place.mkdir(exist_ok=True)
    (place / "demo-logins.txt").write_text("\n".join(logins()) + "\n")
