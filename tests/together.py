"""Which tests of a parallel run stay in one process, one after the other: those that share something dear.

xdist's own marker for this writes into node ids, which pytest no longer lets it do; it is then ignored without a word.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER = (
    "tests/crash/test_storm.py",  # two cores: two storms at once would only wait for each other
    "tests/config/test_up.py",  # one running product for many tests
    "tests/nurturing/test_browser.py",  # one folder of caught mails
)


class Together(LoadScopeScheduling):
    """Every test for itself, but those of a file named above as one."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if file in TOGETHER else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """In pytest-django's order: a test that empties the tables, and with them what migrations wrote, comes last."""
    config.option.loadscopereorder = False
    return Together(config, log)
