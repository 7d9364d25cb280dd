"""The storm of `bench killing`, for a few seconds: web processes are killed with SIGKILL while events come."""

import os
from urllib.parse import urlsplit

import pytest
from django.db import connection

from accounts.models import ApiToken
from accounts.services import create_token
from bench.killing import storm


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_what_was_answered_is_on_disk_once_however_often_web_processes_die():
    secret = create_token(kind=ApiToken.Kind.WRITE, name="Site")[1]
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()

    told = storm(url=url, secret=secret, leads=300, events=5_000, batch=100, every=(0.2, 0.8), most=6)

    print(told)
    assert told["kills"] >= 1
    assert (told["lost"], told["doubled"]) == (0, 0)
    assert told["answered"] + told["given_up"] == 5_000
