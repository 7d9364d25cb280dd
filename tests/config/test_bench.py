"""`bench`: sizes that make sense, no scratch database left by accident, and one object on standard output."""

import json
import os
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from bench import scratch

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--leads", "0"], "'0' is not a whole number of leads from 1"),
        (["--leads", "-5"], "'-5' is not a whole number"),
        (["--activities", "1e6"], "not a whole number of activities"),
        (["--activities", "9" * 30], "not a whole number of activities"),
    ],
)
def test_a_size_that_no_bench_can_have_is_refused_before_a_database_is_made(arguments, words):
    before = scratch.kept()

    with pytest.raises(CommandError, match=words):
        call_command("bench", "rescore", *arguments)

    assert scratch.kept() == before


@pytest.mark.django_db(transaction=True)
def test_scratch_databases_are_dropped_on_request_but_for_those_in_use(monkeypatch):
    monkeypatch.setattr(scratch, "PREFIX", f"tandem_clean_{os.getpid()}_")
    idle, used = (f"{scratch.PREFIX}{n}" for n in (1, 2))
    for name in (idle, used):
        scratch._create(name)
    out, reader = StringIO(), connection.copy()
    reader.settings_dict = connection.settings_dict | {"NAME": used}
    reader.connect()

    call_command("bench", "clean", "--json", stdout=out)
    reader.close()

    assert json.loads(out.getvalue()) == {"dropped": 1, "in_use": 1}
    assert scratch.kept() == [used]
    scratch.drop(used)


@pytest.mark.django_db(transaction=True)
def test_a_scratch_database_that_could_not_be_filled_does_not_stay(monkeypatch):
    monkeypatch.setattr(scratch, "PREFIX", f"tandem_failed_{os.getpid()}_")
    monkeypatch.setattr(scratch, "fill", lambda *_: 1 / 0)

    with pytest.raises(ZeroDivisionError), scratch.database(1, 1):
        pass

    assert scratch.kept() == []


def test_what_requests_log_stays_off_standard_output(client, capsys):
    client.get("/livez")

    written = capsys.readouterr()
    assert "request_started" in written.err
    assert written.out == ""
