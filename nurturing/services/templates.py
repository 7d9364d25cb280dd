"""Fills an empty draft with the steps of a programme."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from accounts.models import Organisation
from nurturing.content.schema import from_text
from nurturing.models import CampaignVersion, Step
from nurturing.programmes import Programme
from nurturing.programmes import Step as Written
from nurturing.services import contents, drafting
from nurturing.services.drafting import NotPossible


@transaction.atomic
def fill(*, version: CampaignVersion, programme: Programme) -> int:
    """The number of steps. Raises NotPossible for a draft that has some already."""
    if version.steps.exists():
        raise NotPossible("This draft has steps already. Start from a template with a new campaign.")
    site = f"https://{Organisation.current().sender_email.rpartition('@')[2]}"
    _fill(version, programme.steps, None, "", {}, site)
    return version.steps.count()


def _fill(
    version: CampaignVersion,
    steps: tuple[Written, ...],
    parent: Step | None,
    branch: str,
    mails: dict[str, str],
    site: str,
) -> None:
    for kind, *rest in steps:
        step = drafting.add_step(version=version, kind=kind, parent=parent, branch=branch)
        if kind == "email":
            subject, text, name = rest
            content = from_text(text.replace("{site}", site))
            contents.save(step=step, seen="", subject=subject, preheader="", content=content)
            mails[name] = str(step.key)
            continue
        settings, ways = rest
        drafting.change_step(step=step, settings=_named(settings, mails))
        for way, inner in ways.items():
            _fill(version, inner, step, way, mails, site)


def _named(settings: dict[str, Any], mails: dict[str, str]) -> dict[str, Any]:
    """Mails are asked about by name; steps by key."""
    found = dict(settings)
    for part in ("ask", "event"):
        if "mail" in settings.get(part, {}):
            found[part] = settings[part] | {"mail": mails[settings[part]["mail"]]}
    return found
