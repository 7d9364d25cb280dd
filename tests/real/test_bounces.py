"""Real bounces of some seventy mail systems, read beside the readings of a second parser."""

import tarfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from nurturing.returned import read

Table = Callable[[str], list[dict[str, str]]]


def test_the_readings_agree_with_a_second_parser(shared: Path, table: Table) -> None:
    wanted = expected(table("bounces/sisimai_dev_labels"))

    pairs = Counter((wanted[name], read(raw).kind) for name, raw in mails(shared))

    print(
        *(f"{label or 'no label'} read as {kind}: {n}" for (label, kind), n in sorted(pairs.items())),
        sep="\n",
    )
    labelled = sum(n for (label, _), n in pairs.items() if label)
    agreed = sum(n for (label, kind), n in pairs.items() if label == kind)
    assert labelled == 299
    assert (
        agreed >= 284
    )  # 95 %; what differs says "no such user" in so many words, or was still being retried
    assert pairs["soft", "hard"] <= 6
    assert not pairs["auto_reply", "hard"] + pairs["complaint", "hard"] + pairs["none", "hard"]


def mails(shared: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(shared / "bounces" / "sisimai_dev.tar.gz") as archive:
        for member in archive:
            if file := archive.extractfile(member):
                yield Path(member.name).name, file.read()


def expected(rows: list[dict[str, str]]) -> dict[str, str]:
    by_file = defaultdict(list)
    for row in rows:
        by_file[row["file"]].append(row)
    return {name: kind_of(told) for name, told in by_file.items()}


def kind_of(rows: list[dict[str, str]]) -> str:
    """Empty for a mail newer than the labels: read without error, nothing claimed."""
    first = rows[0]
    if any(row["hard_bounce"] == "true" for row in rows):
        return "hard"
    if first["reason"] == "feedback":
        return "complaint" if first["feedback_type"] == "abuse" else "none"
    return {"": "", "vacation": "auto_reply", "delivered": "none"}.get(first["reason"], "soft")
