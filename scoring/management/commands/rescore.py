import json
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leads.models import Lead
from scoring.models import ModelVersion
from scoring.services import keeping


class Command(BaseCommand):
    help = "Score leads with the published version: all of them, or those named."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--lead",
            nargs="+",
            action="extend",
            type=int,
            metavar="ID",
            help="Ids of leads; all when left out.",
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        if ModelVersion.objects.published() is None:
            raise CommandError(
                "No scoring version is published yet, so nothing was scored. `publish_default_model` publishes the"
                " usual definition; or make a draft and publish it in the admin, under Scoring versions."
            )
        began = time.monotonic()
        kept = self._score(options["lead"])
        seconds = round(time.monotonic() - began, 3)
        if options["json"]:
            self.stdout.write(json.dumps({"leads": kept.leads, "changed": kept.changed, "seconds": seconds}))
        else:
            self.stdout.write(f"{kept.leads} leads scored, {kept.changed} changed, in {seconds} s")

    def _score(self, ids: list[int] | None) -> keeping.Kept:
        if ids is None:
            return keeping.rescore_all()
        unknown = set(ids) - set(Lead.objects.filter(pk__in=ids).values_list("pk", flat=True))
        if unknown:
            raise CommandError(
                f"No lead has the id {', '.join(map(str, sorted(unknown)))}. Nothing was scored."
            )
        return keeping.score_leads(ids)
