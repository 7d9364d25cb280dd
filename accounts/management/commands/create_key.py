from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import ApiToken
from accounts.services import SCOPES, BadName, UnknownScope, create_token


class Command(BaseCommand):
    help = "Make a write key or an API token and print its secret, alone, once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--kind", required=True, choices=ApiToken.Kind.values)
        parser.add_argument("--name", required=True, help="Where it is used; at most 100 characters.")
        parser.add_argument(
            "--scopes",
            nargs="*",
            action="extend",
            help=f"For API tokens: {', '.join(SCOPES)}; all when left out.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        scopes = [part for word in options["scopes"] or [] for part in word.split(",") if part]
        if options["scopes"] is not None and not scopes:
            raise CommandError("--scopes names none. Leave it out for all scopes. No key was made.")
        try:
            _, secret = create_token(kind=options["kind"], name=options["name"], scopes=scopes)
        except (BadName, UnknownScope) as error:
            raise CommandError(f"{error} No key was made.") from error
        self.stdout.write(secret)
