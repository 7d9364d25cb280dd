"""Finds the members of every segment anew, or only shows where the kept ones differ."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from nurturing.services import checking, membership


class Command(BaseCommand):
    help = "Find the members of every segment anew and put right what differs; with --check only show it."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--check", action="store_true", help="show differences, change nothing")

    def handle(self, *, check: bool, **_options: Any) -> None:
        if check:
            self._show()
            return
        leads, entered, left = membership.rebuild()
        self.stdout.write(f"{leads:,} leads looked at: {entered:,} entered a segment, {left:,} left one.")

    def _show(self) -> None:
        found = checking.check_sample(repair=False)
        self.stdout.write(f"{found.differing:,} of {found.leads:,} leads differ.")
        for each in found.details:
            has, must = ("in", "out") if each["kept"] else ("out", "in")
            self.stdout.write(f"  lead {each['lead']}, segment {each['segment']}: is {has}, must be {must}")
