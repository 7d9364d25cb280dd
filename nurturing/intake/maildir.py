"""A Maildir that a mail server delivers to: `new/` holds what nobody has looked at, `cur/` what was taken in.

A file is moved once its effect is saved, so a crash between the two only has it read again.
"""

from __future__ import annotations

import logging
from pathlib import Path

from nurturing.returned.incoming import MOST_BYTES
from nurturing.services.returned_mails import take_in

logger = logging.getLogger(__name__)

MOST = 200  # mails at once
SEEN = ":2,S"


def take_in_folder(folder: Path, *, limit: int = MOST) -> tuple[int, int]:
    """(taken in, failed). What fails stays where it is, behind the others: it is tried again last."""
    new, done = folder / "new", folder / "cur"
    if not new.is_dir():
        return 0, 0
    done.mkdir(exist_ok=True)
    taken = failed = 0
    for path in sorted((path for path in new.iterdir() if path.is_file()), key=_age)[:limit]:
        if _take_in(path, done):
            taken += 1
        else:
            failed += 1
    return taken, failed


def beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES)


def _take_in(path: Path, done: Path) -> bool:
    try:
        take_in(beginning(path), source="maildir")
        path.rename(done / f"{path.name.partition(':')[0]}{SEEN}")
    except FileNotFoundError:  # another run was faster
        return True
    except Exception:  # whatever is wrong with this one must not stop the others
        logger.exception("the returned mail %s could not be taken in", path.name)
        _put_last(path)
        return False
    return True


def _age(path: Path) -> tuple[float, str]:
    try:
        return path.stat().st_mtime, path.name
    except OSError:
        return 0.0, path.name


def _put_last(path: Path) -> None:
    try:
        path.touch()
    except OSError:
        logger.warning("the time of %s could not be set", path.name)
