"""Erases leads that were erased before a backup was restored."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from leads.models import Lead
from leads.services.person_requests import ask_for_erasure, phrase, work_on


class Command(BaseCommand):
    help = (
        "Erase the leads with these numbers, without asking: who was erased since a backup that was restored."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "numbers", nargs="+", type=int, help="Lead numbers, as Requests about people shows them."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        for number in options["numbers"]:
            self.stdout.write(f"{number}: {self._erase(number)}")

    def _erase(self, number: int) -> str:
        lead = Lead.objects.filter(pk=number, erased_at=None).first()
        if lead is None:
            return "not there"
        request = ask_for_erasure(lead=lead, by=None, typed=phrase(lead))
        return "erased" if work_on(request.pk) else "not erased yet, see Requests about people"
