"""Which state of the tables the code wants, told apart without starting Django."""

import hashlib

from config.embedded.paths import LOCAL, ROOT

NOTE = LOCAL / "pg-schema"  # the digest that the embedded database was last migrated to


def digest() -> str:
    """Changes whenever a migration of ours, or a pinned package that may bring some, changes."""
    files = [ROOT / "requirements" / "dev.lock", *sorted(ROOT.glob("*/migrations/*.py"))]
    total = hashlib.sha256()
    for file in files:
        total.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return total.hexdigest()[:16]


def is_noted() -> bool:
    return NOTE.exists() and NOTE.read_text() == digest()


def note() -> None:
    NOTE.write_text(digest())


def forget() -> None:
    """Somebody may change tables by hand from here on; the next start looks for itself."""
    NOTE.unlink(missing_ok=True)
