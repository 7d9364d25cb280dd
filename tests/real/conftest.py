"""Data that nobody here made. It lies beside the checkout (or where TANDEM_SHARED says) and is never part of it."""

import csv
import gzip
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings


@pytest.fixture
def shared() -> Path:
    folder = Path(os.environ.get("TANDEM_SHARED", settings.ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip("the real data sets are not beside this checkout; TANDEM_SHARED names another place")
    return folder


@pytest.fixture
def table(shared: Path) -> Callable[[str], list[dict[str, str]]]:
    """`table("leadforge/leads")`: the rows of that file."""

    def read(name: str) -> list[dict[str, str]]:
        return list(_rows(shared / f"{name}.csv.gz"))

    return read


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
