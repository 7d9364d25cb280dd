"""The Celery app. The broker is a doorbell: every task carries ids only, may be lost or run twice."""

import os

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")

app = Celery("tandem")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add("config.heartbeats:WorkerHeartbeat")


@setup_logging.connect
def _keep_django_logging(**_kwargs: object) -> None:
    """Workers log as the web process does; Celery would otherwise replace the handlers."""
