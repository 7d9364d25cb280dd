"""From rows to letters: what a lead's mail is filled with, and the addresses it links to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Organisation
from leads import fields
from leads.models import Consent, Lead
from nurturing import citations, hours, languages, return_path, tokens, webinars
from nurturing.content.choosing import Facts
from nurturing.content.schema import ASSET
from nurturing.models import Message, Step
from nurturing.rendering import Addresses, Foot, Letter, Mail, Sender


def sender_of(organisation: Organisation) -> Sender:
    return Sender(
        organisation.name,
        organisation.sender_name,
        organisation.sender_email,
        organisation.postal_address.strip(),
    )


def mail_of(step: Step, sender: Sender, language: str = "") -> Mail:
    """`language`: of who reads it; it decides over our own words, not over those of the step."""
    return Mail(
        subject=step.subject,
        preheader=step.preheader,
        content=step.content,
        sender=sender,
        list_name=f"campaign-{step.version.campaign_id}",
        picture=_picture,
        foot=_foot(languages.spoken_by(language)),
    )


@cache
def _foot(locale: str) -> Foot:
    with translation.override(locale):
        return Foot(locale[:2], _("Unsubscribe"), _("Choose what we send you"))


def _reason(entry: Consent | None, lead: Lead, sender: Sender) -> str:
    with translation.override(languages.spoken_by(lead.language)):
        return citations.reason(entry, sender.organisation)


def _picture(src: str) -> str:
    """Uploaded pictures stand under an address of ours, for as long as mails show them."""
    if not src.startswith(ASSET):
        return src
    return settings.BASE_URL + reverse("nurturing:picture", args=(src.removeprefix(ASSET),))


def values_of(lead: Lead, sender: Sender) -> dict[str, Any]:
    """Merge values; the lead comes with its company. Names as in nurturing.merging."""
    company = lead.company
    return {
        "first_name": lead.first_name,
        "last_name": lead.last_name,
        "name": f"{lead.first_name} {lead.last_name}".strip(),
        "email": lead.email or "",
        "title": lead.title,
        "department": lead.department,
        "country": lead.country,
        "city": lead.city,
        "company": company.name if company else "",
        "industry": company.industry if company else "",
        "organisation": sender.organisation,
        "custom": lead.custom,
    }


SCORED = {  # of the floor below; everything else that a block may ask stands in leads.fields
    "score": fields.Field("score", "Score", "number", "score"),
    "band": fields.Field("band", "Score band", "choice", "score"),
    "stage": fields.Field("stage", "Stage", "choice", "score"),
}


def askable() -> dict[str, fields.Field]:
    """The fields that personal and conditional blocks may ask; one query."""
    return SCORED | fields.all_fields()


def facts_of(lead: Lead) -> Facts:
    """What personal and conditional blocks may ask; fields as in leads.fields, and what the score says."""

    def fact(key: str) -> Any:
        if key in ("score", "band"):
            found = getattr(lead, "score", None)
            return found and (found.total if key == "score" else found.band)
        if key.startswith(fields.CUSTOM):
            return lead.custom.get(key.removeprefix(fields.CUSTOM))
        return lead.stage if key == "stage" else fields.value_of(lead, key)

    return fact


def letter_for(message: Message, links: Mapping[str, int], sender: Sender, at: datetime) -> Letter:
    """`links`: target -> id of its TrackedLink. A target without a row is linked to as it is."""
    lead = message.enrolment.lead
    why = _reason(message.consent, lead, sender)
    found = addresses(message.key, links, sender.domain)
    said, calendar = _webinar(message.step, lead, sender, message.queued_at)
    values = values_of(lead, sender) | said
    return Letter(message.key.hex, message.to_address, values, found, at, facts_of(lead), why, calendar)


def test_letter(
    lead: Lead, to_address: str, sender: Sender, at: datetime, key: UUID, step: Step | None
) -> Letter:
    """For previews and test mails: direct links, and an unsubscribe page that says it is a test."""
    said, calendar = _webinar(step, lead, sender, at) if step else ({}, b"")
    values, facts = values_of(lead, sender) | said, facts_of(lead)
    why = _reason(None, lead, sender)
    return Letter(key.hex, to_address, values, addresses(tokens.TEST, {}), at, facts, why, calendar)


def _webinar(step: Step, lead: Lead, sender: Sender, queued_at: datetime) -> tuple[dict[str, str], bytes]:
    """What an invitation says besides, and its calendar file; nothing for other mails and for one without a date."""
    if step.kind != Step.Kind.WEBINAR:
        return {}, b""
    zone = hours.zone_of(lead.time_zone, Organisation.current().time_zone)
    title = str(step.settings.get("title") or "")
    try:
        at = webinars.starts(step.settings, queued_at, zone)
    except (KeyError, ValueError, TypeError):
        return {"webinar": title, "webinar_time": ""}, b""
    file = webinars.calendar_file(
        step.settings,
        at,
        key=f"{step.key}-{lead.pk}",
        organiser=sender.name,
        address=sender.address,
        stamp=queued_at,
        sequence=step.version.number,
    )
    return {"webinar": title, "webinar_time": webinars.words(at, zone)}, file


def addresses(key: UUID, links: Mapping[str, int], mail_domain: str = "") -> Addresses:
    def tracked(target: str) -> str:
        link_id = links.get(target)
        return web_address("nurturing:click", tokens.sign(tokens.CLICK, key, link_id)) if link_id else target

    return Addresses(
        unsubscribe=web_address("nurturing:unsubscribe", tokens.sign(tokens.UNSUBSCRIBE, key)),
        pixel=web_address("nurturing:open", tokens.sign(tokens.OPEN, key)) if key != tokens.TEST else "",
        link=tracked,
        preferences=web_address("nurturing:preferences", tokens.sign(tokens.PREFERENCES, key)),
        trap=web_address("nurturing:click", tokens.sign(tokens.CLICK, key, tokens.TRAP))
        if key != tokens.TEST
        else "",
        mailto=_mailto(key, mail_domain) if mail_domain else "",
    )


def _mailto(key: UUID, mail_domain: str) -> str:
    """Some mail programs know nothing but this (RFC 2369). Any mail to the address is the wish."""
    return f"mailto:{return_path.address(return_path.UNSUBSCRIBE, key, mail_domain)}?subject=unsubscribe"


def web_address(name: str, token: str) -> str:
    before, after = _around(settings.BASE_URL, name)
    return f"{before}{token}{after}"


@cache
def _around(base: str, name: str) -> tuple[str, str]:
    """Six addresses a mail: reversing each would cost more than sending it."""
    before, _, after = (base + reverse(name, args=("TOKEN",))).partition("TOKEN")
    return before, after
