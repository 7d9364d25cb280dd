"""What the clock wakes on this floor: months made ahead, and message ids forgotten in time."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from leads import tasks
from leads.models import MessageKey

pytestmark = pytest.mark.django_db


def test_the_months_to_come_are_there_before_they_are_needed():
    tasks.ensure_partitions()
    tasks.ensure_partitions()

    ahead = timezone.now() + timedelta(days=60)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"leads_activity_{ahead:%Y_%m}"])
        assert cursor.fetchone() == (True,)


def test_message_ids_are_forgotten_when_nobody_sends_them_again():
    now = timezone.now()
    for age in (1, 89, 91, 400):
        key = f"00000000-0000-0000-0000-{age:012d}"
        MessageKey.objects.create(key=key, received_at=now - timedelta(days=age))

    tasks.purge_message_keys()

    assert MessageKey.objects.count() == 2


def test_an_unknown_bench_is_refused_with_the_names_there_are():
    with pytest.raises(CommandError, match="ingest"):
        call_command("bench", "nonsense")
