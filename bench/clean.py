"""Drops the scratch databases that measurements kept. One that is in use stays."""

from __future__ import annotations

from typing import Any

from django.db import OperationalError

from bench import scratch


def run() -> dict[str, Any]:
    found = scratch.kept()
    dropped = [name for name in found if _drop(name)]
    return {"dropped": len(dropped), "in_use": len(found) - len(dropped)}


def _drop(name: str) -> bool:
    try:
        scratch.drop(name)
    except OperationalError:
        return False
    return True
