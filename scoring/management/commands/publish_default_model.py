from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from scoring import defaults
from scoring.models import ModelVersion
from scoring.services.versions import create_from, publish


class Command(BaseCommand):
    help = "Publish the usual definition as version 1. Does nothing once there is any version."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        if ModelVersion.objects.exists():
            return
        note = "The usual definition of the field, as a start."
        draft = create_from(groups=defaults.GROUPS, rules=defaults.RULES, note=note, **defaults.SETTINGS)
        publish(version=draft)
        self.stdout.write("Version 1 of the scoring definition is published.")
