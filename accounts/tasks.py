"""Shells around the services of this floor."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from accounts.models import IdempotencyKey

REMEMBER = timedelta(days=1)  # as long as the documentation promises


@shared_task(soft_time_limit=60)
def purge_idempotency_keys() -> None:
    IdempotencyKey.objects.filter(created_at__lt=timezone.now() - REMEMBER).delete()
