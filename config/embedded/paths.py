"""Where a checkout keeps what it makes: `.local/` in the project, sockets in the temporary directory."""

import hashlib
import os
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LOCAL = Path(os.environ.get("TANDEM_LOCAL") or ROOT / ".local").resolve()


def socket_dir(data: Path) -> Path:
    """A short directory for the sockets of the servers whose data lies in `data`, private to this user.

    A socket's path may hold 107 bytes only, so it cannot live in a deep checkout. The name is made from the
    user and the data's path: two checkouts, and two users of one checkout, never meet.

    Raises SystemExit if somebody else already owns that name.
    """
    digest = hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:12]
    directory = Path(tempfile.gettempdir()) / f"tandem-{os.getuid()}-{digest}"
    directory.mkdir(mode=0o700, exist_ok=True)
    if directory.stat().st_uid not in {os.getuid(), nobody_uid()}:
        raise SystemExit(f"{directory} belongs to another user. Set TMPDIR to a directory of your own.")
    return directory


def nobody_uid() -> int:
    return 65534
