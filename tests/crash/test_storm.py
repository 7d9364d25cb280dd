"""Real servers and workers killed at random while mails go out, judged by a checker that shares no code with them."""

import json
import random
import subprocess
import sys
from typing import Any

import pytest

from config.embedded.paths import ROOT

pytestmark = pytest.mark.slow
FIXED = 20


@pytest.mark.parametrize("seed", [FIXED, None], ids=["fixed", "fresh"])
def test_nothing_is_lost_and_nothing_sent_twice(seed: int | None) -> None:
    chosen = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    print(f"repeat it with: manage.py crash_test --messages 60 --kills 12 --seed {chosen}")

    result = crash_test("--messages", "60", "--kills", "12", "--seed", str(chosen))

    assert result["violations"] == []
    assert (result["lost"], result["duplicates"]) == (0, 0)
    assert result["kills"] >= 6


def crash_test(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "manage.py", "crash_test", "--json", *arguments]
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, timeout=400)
    assert done.returncode in (0, 1), done.stderr[-3000:]
    return json.loads(done.stdout)
