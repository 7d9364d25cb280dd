"""Wiring: settings, urls, the Celery app, which event wakes which task, and what runs when. Apps never import it."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
