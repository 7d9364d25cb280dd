"""train_prediction [--json]: learns from the leads whose outcome is known, then tells of every lead."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from scoring.models import PredictionModel
from scoring.prediction.card import TooLittle
from scoring.services import predictions

FIGURES = ("auc", "auc_low", "auc_high", "brier", "log_loss", "ece")


class Command(BaseCommand):
    help = "Trains the predictive score and predicts for every lead."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="One JSON object on stdout and nothing else.")

    def handle(self, **options: Any) -> None:
        try:
            model = predictions.train_here()
        except (TooLittle, predictions.AlreadyAsked) as refusal:
            if options["json"]:
                self.stdout.write(_as_json({"refused": str(refusal)}))
            raise CommandError(str(refusal)) from refusal
        run = predictions.refresh(model)
        self.stdout.write(
            _as_json(_figures(model) | {"predicted": run.leads})
            if options["json"]
            else _words(model, run.leads)
        )


def _figures(model: PredictionModel) -> dict[str, Any]:
    measured = model.metrics
    return {name: round(measured[name], 4) for name in FIGURES} | {
        "rows": model.rows,
        "positives": model.positives,
        "held_back": measured["held_back"],
        "model": model.pk,
        "trained_at": model.trained_at.isoformat(),
        "used": [feature["binning"]["key"] for feature in model.scorecard["features"]],
        "left_out": {entry["key"]: entry["reason"] for entry in measured["left_out"]},
        "warnings": [f"{entry['label']} {entry['words']}" for entry in measured["warnings"]],
    }


def _words(model: PredictionModel, leads: int) -> str:
    measured = model.metrics
    held = measured["held_back"]
    return (
        f"Learnt from {model.rows:,} outcomes, {model.positives:,} of them won."
        f" On {held['rows']:,} held back: AUC {measured['auc']:.3f}, Brier {measured['brier']:.3f},"
        f" log-loss {measured['log_loss']:.3f}, calibration error {measured['ece']:.3f}."
        f" {leads:,} leads have a prediction now."
    )


def _as_json(value: dict[str, Any]) -> str:
    return json.dumps(value)
