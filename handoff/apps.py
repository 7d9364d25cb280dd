from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_out


class HandoffConfig(AppConfig):
    name = "handoff"

    def ready(self) -> None:
        from handoff import live

        user_logged_out.connect(live.end_session, dispatch_uid="handoff.live.end_session")
