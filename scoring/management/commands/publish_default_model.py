from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from scoring.models import ModelVersion
from scoring.services.alerting import watch_the_usual
from scoring.services.versions import create_usual, publish


class Command(BaseCommand):
    help = "Publish the usual definition as version 1. Does nothing once there is any version."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        if ModelVersion.objects.exists():
            return
        publish(version=create_usual())
        watch_the_usual()
        self.stdout.write("Version 1 of the scoring definition is published.")
