"""build_tracker: makes static/tandem.js of static/tracker/tandem.js."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

SOURCE = Path(settings.ROOT) / "static" / "tracker" / "tandem.js"
BUILT = Path(settings.ROOT) / "static" / "tandem.js"


def built() -> str:
    """What browsers get: the source without comments and blanks."""
    import rjsmin  # type: ignore[import-untyped]  # only who works on Tandem has it

    return str(rjsmin.jsmin(SOURCE.read_text(encoding="utf-8"))) + "\n"


class Command(BaseCommand):
    help = "Makes static/tandem.js of static/tracker/tandem.js."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            text = built()
        except ImportError as error:
            raise CommandError("This needs rjsmin: pip install -r requirements/dev.lock") from error
        BUILT.write_text(text, encoding="utf-8")
        self.stdout.write(f"{BUILT.name}: {len(text)} bytes.")
