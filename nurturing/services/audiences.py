"""Putting leads into ad audiences and taking them out."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from nurturing.models import Audience, AudienceExport, AudienceMember

ADD = """
INSERT INTO nurturing_audiencemember (audience_id, lead_id, source)
SELECT %s, lead, %s FROM unnest(%s::bigint[]) lead ON CONFLICT DO NOTHING
"""


class NameTaken(ValueError):
    """Another audience has this name."""


@transaction.atomic
def create_audience(*, name: str, actor: Any) -> Audience:
    """Raises NameTaken."""
    name = " ".join(name.split())
    if Audience.objects.filter(name__iexact=name).exists():
        raise NameTaken("Another audience has this name.")
    return Audience.objects.create(name=name, created_by=actor)


def add_members(*, audience_id: int, leads: Collection[int], source: str) -> int:
    """How many were not in it. Who may be shown ads is asked when a file is made, not here."""
    with connection.cursor() as cursor:
        cursor.execute(ADD, [audience_id, source[:150], list(leads)])
        return cursor.rowcount


def remove_members(*, audience_id: int, leads: Collection[int]) -> int:
    inside = AudienceMember.objects.filter(audience=audience_id, lead__in=leads, left_at=None)
    return inside.update(left_at=Now())


def note_export(*, audience: Audience, network: str, removal: bool, rows: int, actor: Any) -> AudienceExport:
    return AudienceExport.objects.create(
        audience=audience, network=network, removal=removal, rows=rows, by=actor
    )
