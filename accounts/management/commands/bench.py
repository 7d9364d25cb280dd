import json
import pkgutil
from argparse import ArgumentTypeError
from collections.abc import Callable
from importlib import import_module
from inspect import signature
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

PACKAGE = "bench"


class Command(BaseCommand):
    help = (
        "Measure one path: our figure, the reference of the same run, and their ratio. Scratch databases "
        "(tandem_bench_…) are kept for the next run of the same size; `bench clean` drops them all."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help=f"One of: {', '.join(names())}.")
        parser.add_argument(
            "--leads",
            type=size("leads", 1, 10_000_000),
            help="How many leads; each bench has its own usual number.",
        )
        parser.add_argument(
            "--activities", type=size("activities", 1, 200_000_000), help="How many activities or events."
        )
        parser.add_argument(
            "--offered",
            type=size("offered", 0, 1_000_000),
            help="How many open handoffs one rep has (queue).",
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object and nothing else.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["name"] not in names():
            raise CommandError(f"There is no bench {options['name']}. There are: {', '.join(names())}.")
        sizes = {
            name: options[name] for name in ("leads", "activities", "offered") if options[name] is not None
        }
        run = import_module(f"{PACKAGE}.{options['name']}").run
        unknown = sizes.keys() - signature(run).parameters.keys()
        if unknown:
            raise CommandError(f"bench {options['name']} knows no --{min(unknown)}.")
        figures = run(**sizes)
        self.stdout.write(json.dumps(figures) if options["json"] else as_text(figures))


def size(name: str, least: int, most: int) -> Callable[[str], int]:
    """A whole number within sense: too large a one would fill the disk before it fails."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text[:12]) <= most):
            raise ArgumentTypeError(
                f"{text[:40]!r} is not a whole number of {name} from {least:,} to {most:,}"
            )
        return int(text)

    return read


def names() -> list[str]:
    """The modules of the package that can be run."""
    package = import_module(PACKAGE)
    modules = (module.name for module in pkgutil.iter_modules(package.__path__))
    return sorted(name for name in modules if hasattr(import_module(f"{PACKAGE}.{name}"), "run"))


def as_text(figures: dict[str, Any]) -> str:
    width = max(map(len, figures))
    return "\n".join(f"{name.replace('_', ' '):<{width}}  {value:>12}" for name, value in figures.items())
