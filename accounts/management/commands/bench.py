import json
import pkgutil
from importlib import import_module
from inspect import signature
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

PACKAGE = "bench"


class Command(BaseCommand):
    help = "Measure one path: our figure, the reference of the same run, and their ratio."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help=f"One of: {', '.join(names())}.")
        parser.add_argument("--leads", type=int, help="How many leads; each bench has its own usual number.")
        parser.add_argument("--activities", type=int, help="How many activities or events.")
        parser.add_argument("--offered", type=int, help="How many open handoffs one rep has (queue).")
        parser.add_argument("--json", action="store_true", help="Print one JSON object and nothing else.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["name"] not in names():
            raise CommandError(f"There is no bench {options['name']}. There are: {', '.join(names())}.")
        sizes = {name: options[name] for name in ("leads", "activities", "offered") if options[name]}
        run = import_module(f"{PACKAGE}.{options['name']}").run
        unknown = sizes.keys() - signature(run).parameters.keys()
        if unknown:
            raise CommandError(f"bench {options['name']} knows no --{min(unknown)}.")
        figures = run(**sizes)
        self.stdout.write(json.dumps(figures) if options["json"] else as_text(figures))


def names() -> list[str]:
    """The modules of the package that can be run."""
    package = import_module(PACKAGE)
    modules = (module.name for module in pkgutil.iter_modules(package.__path__))
    return sorted(name for name in modules if hasattr(import_module(f"{PACKAGE}.{name}"), "run"))


def as_text(figures: dict[str, Any]) -> str:
    width = max(map(len, figures))
    return "\n".join(f"{name.replace('_', ' '):<{width}}  {value:>12}" for name, value in figures.items())
