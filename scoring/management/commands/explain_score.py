import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from leads.models import Identity, Lead
from scoring.explain import Explanation, NothingPublished, explain


class Command(BaseCommand):
    help = "Say why a lead has its score: lines that sum to the total."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="The lead's e-mail address, or an external id.")
        parser.add_argument(
            "--as-of", metavar="ISO", help="An instant such as 2026-11-17T14:26:00Z; now when left out."
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = explain(self._lead(options["email"]), as_of=self._moment(options["as_of"]))
        except NothingPublished as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(as_json(found)) if options["json"] else as_text(found))

    def _lead(self, name: str) -> Lead:
        lead = Lead.objects.filter(email__iexact=name, merged_into=None).first()
        if lead is None:
            identity = (
                Identity.objects.filter(kind=Identity.Kind.EXTERNAL, value=name)
                .select_related("lead")
                .first()
            )
            lead = identity.lead if identity else None
        if lead is None:
            raise CommandError(f"No lead has the address or external id {name}.")
        return lead

    def _moment(self, text: str | None) -> Any:
        if text is None:
            return None
        moment = _parsed(text)
        if moment is None:
            raise CommandError(f"--as-of: {text} is not an instant. Write it as 2026-11-17T14:26:00Z.")
        return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


def _parsed(text: str) -> Any:
    try:
        return parse_datetime(text)
    except ValueError:
        return None


def as_json(found: Explanation) -> dict[str, Any]:
    """The shape that scripts rely on; `points` of the lines sum to `total`."""
    return {
        "total": found.result.total,
        "fit": found.result.fit,
        "engagement": found.result.engagement,
        "band": found.result.band,
        "version": found.version.number,
        "qualified": found.qualified,
        "lines": [
            {"rule": line.rule, "group": line.group, "points": line.points, "reason": line.reason}
            for line in found.lines
        ],
    }


def as_text(found: Explanation) -> str:
    rows = [f"{line.points:+5d}  {line.name}: {line.reason}" for line in found.lines]
    return "\n".join([*rows, f"{found.result.total:5d}  {found.result.band}, version {found.version.number}"])
