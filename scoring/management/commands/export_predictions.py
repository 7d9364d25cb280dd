"""export_predictions FILE.csv: `external_id,probability` of every lead with an external id."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leads.models import Identity
from scoring.services import predictions


class Command(BaseCommand):
    help = "Predicts for every lead and writes external_id,probability as CSV."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *, file: Path, **_options: Any) -> None:
        model = predictions.current()
        if model is None:
            raise CommandError(
                "Nothing was learnt yet, so there is nothing to export. Run train_prediction first."
            )
        predictions.refresh(model)
        try:
            with file.open("w", encoding="utf-8", newline="") as out:
                count = _write(out)
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from error
        self.stderr.write(f"{count:,} leads.")


def _write(out: Any) -> int:
    writer = csv.writer(out)
    writer.writerow(["external_id", "probability"])
    known = Identity.objects.filter(kind=Identity.Kind.EXTERNAL, lead__prediction__isnull=False)
    count = 0
    rows = known.order_by("value").values_list("value", "lead__prediction__probability")
    for value, probability in rows.iterator(chunk_size=5000):
        writer.writerow([value, f"{probability:.4f}"])
        count += 1
    return count
