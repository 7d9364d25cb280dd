import time
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from accounts.models import User


class Command(BaseCommand):
    help = (
        "Fill an empty installation with the demo company: people, a year of activity, a funnel, campaigns."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--leads", type=int, default=2000)

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.exists():
            raise CommandError(
                "There are users already. The demo company only goes into an empty installation."
            )
        now = timezone.now().replace(minute=0, second=0, microsecond=0)
        with transaction.atomic():
            for name in settings.DEMO_STEPS:
                began = time.monotonic()
                words = _step(name)(now=now, size=options["leads"])
                self.stdout.write(f"{words} ({time.monotonic() - began:.1f} s)")


def _step(dotted: str) -> Any:
    module, _, function = dotted.rpartition(".")
    return getattr(import_module(module), function)
