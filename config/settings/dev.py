"""A laptop, a demo: `manage.py up` sets the URLs; nothing here is safe for the open internet."""

from config.settings.base import *
from config.settings.base import ROOT, SECRET_KEY, env

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = SECRET_KEY or "for development only, never for a real installation"
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
TANDEM_SHOW_DESIGN = True
TANDEM_SHOW_MAIL = ROOT / ".local" / "mail"
RETURN_MAILDIR = env("RETURN_MAILDIR", default=str(ROOT / ".local" / "mail" / "returned"))
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = (
    0.3  # seconds; Ctrl-C is felt at once, and a sweep finds what was cut off
)
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
