"""Verbs about what people get for a form: links that expire, and downloads that count."""

from __future__ import annotations

import mimetypes
from typing import NamedTuple

from django.core import signing
from django.http import FileResponse, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from leads.form_questions import Definition, is_web_address
from leads.machines.agents import robot
from leads.models import Asset, Submission
from leads.services.activities import record_activity
from leads.services.merges import holder

SALT = "leads.assets.1"
DAY = 86_400
HOUR = 3600


class Granted(NamedTuple):
    asset: Asset
    submission: Submission


def link_for(submission: Submission) -> str | None:
    """The address of what they asked for; None when the form gives nothing, or they are not known."""
    asset = Definition.from_data(submission.version.definition).asset
    if asset is None or submission.lead_id is None or not Asset.objects.filter(pk=asset).exists():
        return None
    token = signing.dumps([asset, submission.pk], salt=SALT)
    return reverse("leads:download", args=[token])


def read_link(token: str) -> Granted | None:
    """None for a link that is forged, too old, or of something that is gone."""
    try:
        asset_id, submission_id = signing.loads(token, salt=SALT)
        asset = Asset.objects.get(pk=asset_id)
        signing.loads(token, salt=SALT, max_age=asset.days * DAY)
        return Granted(asset, Submission.objects.select_related("lead").get(pk=submission_id))
    except (signing.BadSignature, Asset.DoesNotExist, Submission.DoesNotExist, ValueError, TypeError):
        return None


def record_download(*, granted: Granted, agent: str) -> bool:
    """Once an hour for a submission: a phone that reloads the page has not downloaded it twice."""
    lead = granted.submission.lead
    if lead is None:
        return False
    now = timezone.now()
    machine = robot(agent)
    return record_activity(
        lead=holder(lead),
        kind="content_download",
        occurred_at=now,
        props={"asset": granted.asset.name, **({"machine": f"user agent: {machine}"} if machine else {})},
        message_id=f"asset {granted.asset.pk} {granted.submission.pk} {int(now.timestamp()) // HOUR}",
        machine=bool(machine),
    )


def response_for(asset: Asset) -> HttpResponse:
    """A file is always saved, never run in our name."""
    if asset.url:
        if not is_web_address(asset.url):
            return HttpResponse(status=410)
        return HttpResponseRedirect(asset.url)
    name = str(asset.file.name).rsplit("/", 1)[-1]
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return FileResponse(asset.file.open("rb"), as_attachment=True, filename=name, content_type=kind)  # type: ignore[return-value]
