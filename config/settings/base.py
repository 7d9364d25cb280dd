"""Settings every environment shares. What differs between machines comes from the environment."""

import os
import sys
from datetime import timedelta
from pathlib import Path

import environ
import pghistory
import structlog

from config import mail
from config.demo import DEMO_STEPS as DEMO_STEPS
from config.reactions import REACTIONS as REACTIONS
from config.schedule import SCHEDULE

ROOT = Path(__file__).resolve().parent.parent.parent
env = environ.Env()

SECRET_KEY = env("SECRET_KEY", default="")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
DEBUG = False
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# Mails carry links, and a worker has no request to take the host from.
BASE_URL = env("TANDEM_BASE_URL", default="http://127.0.0.1:8000").rstrip("/")

INSTALLED_APPS = [
    "accounts",
    "leads",
    "scoring",
    "nurturing",
    "handoff",
    "reports",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "pgtrigger",
    "pghistory",
    "django_htmx",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_structlog",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.Events",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.middleware.Fragments",
    "config.middleware.ServerDown",
    "config.middleware.ViewersZone",
    "allauth.account.middleware.AccountMiddleware",
    "pghistory.middleware.HistoryMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.shell",
            ],
        },
    }
]

DATABASES = {"default": env.db_url("DATABASE_URL", default="postgresql://postgres@/tandem")}
DATABASES["default"].setdefault("CONN_MAX_AGE", 60)  # seconds; a thread keeps its connection between requests
DATABASES["default"].setdefault("CONN_HEALTH_CHECKS", True)
SILENCED_SYSTEM_CHECKS = ["auth.W004"]  # e-mail is unique without case, by a constraint the check cannot read
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env("REDIS_URL", default="redis://127.0.0.1:6379/1")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
SESSION_ENGINE = "django.contrib.sessions.backends.db"  # signed in stays signed in when the broker is emptied
SESSION_COOKIE_AGE = 12 * 3600  # seconds

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # admins make the accounts; nobody signs up
ACCOUNT_LOGOUT_ON_GET = False
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Tandem"

FORM_RENDERER = "django.forms.renderers.TemplatesSetting"  # widgets of our own stand in templates/
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_I18N = True
LOCALE_PATHS = [ROOT / "locale"]  # the public pages; everything else speaks English
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = ROOT / "staticfiles"
STATICFILES_DIRS = [ROOT / "static"]
MEDIA_ROOT = env.path("TANDEM_MEDIA_ROOT", default=str(ROOT / ".local" / "media"))
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024**2  # bytes; larger imports stream to disk
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024**2
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CSRF_FAILURE_VIEW = "accounts.views.csrf_failure"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.BearerToken",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.authentication.HasScope"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.CursorPagination",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "accounts.problems.handle",
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tandem API",
    "DESCRIPTION": "Leads, what they did, what they are worth, and who takes over.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/",
}

EMAIL_URL = env("EMAIL_URL", default="smtp://127.0.0.1:1025")
MAIL_SERVICE = mail.is_service(EMAIL_URL)
EMAIL_CONFIG = env.email_url_config("smtp://" if MAIL_SERVICE else EMAIL_URL)
if MAIL_SERVICE:
    EMAIL_BACKEND = mail.backend_of(EMAIL_URL)
ANYMAIL = mail.anymail_settings(EMAIL_URL, os.environ)
EMAIL_HOST, EMAIL_PORT = EMAIL_CONFIG["EMAIL_HOST"], EMAIL_CONFIG["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = EMAIL_CONFIG["EMAIL_HOST_USER"], EMAIL_CONFIG["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS = EMAIL_CONFIG.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = EMAIL_CONFIG.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 20  # seconds
EMAIL_SERVER_IS_OURS = env.bool("EMAIL_SERVER_IS_OURS", default=False)  # it is asked to report each delivery
# How long a report may take. Below ten minutes a server may still be at work on the mail (RFC 5321, 4.5.3.2.6).
MAIL_PROOF_GRACE = timedelta(minutes=max(10, env.int("MAIL_PROOF_MINUTES", default=15)))
# How campaigns' mails leave.
MAIL_TRANSPORT = env(
    "MAIL_TRANSPORT", default="nurturing.esp.transport.Anymail" if MAIL_SERVICE else "nurturing.smtp.Smtp"
)
DKIM_DOMAIN, DKIM_SELECTOR = env("DKIM_DOMAIN", default=""), env("DKIM_SELECTOR", default="")
DKIM_KEY, DKIM_KEY_FILE = (
    env("DKIM_KEY", default=""),
    env("DKIM_KEY_FILE", default=""),
)  # PEM, or where it lies
# Remembers, outside of the database, that mails were sent: a restored backup must not send them again.
EPOCH_FILE: str = env("TANDEM_EPOCH_FILE", default=str(Path(MEDIA_ROOT) / "sending-epoch.json"))
MAIL_CONNECTIONS = env.int("MAIL_CONNECTIONS", default=4)  # of one worker to the mail server at once
MAIL_THROTTLES = env.bool("MAIL_THROTTLES", default=True)  # False: the server behind it has limits of its own
# Private hosts that webhook steps may call, such as 10.0.0.5:8080.
WEBHOOK_HOSTS = env.list("WEBHOOK_HOSTS", default=[])
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="Tandem <tandem@localhost>")

# Where campaign mails come back to: a mailbox that takes +suffixes; without a domain, that of the sender address.
RETURN_PATH = env("RETURN_PATH", default="bounces")
RETURN_IMAP_URL = env("RETURN_IMAP_URL", default="")
RETURN_MAILDIR = env("RETURN_MAILDIR", default="")
SOFT_BOUNCES = env.int("SOFT_BOUNCES", default=3)  # mails that failed for now, within SOFT_BOUNCE_DAYS
SOFT_BOUNCE_DAYS = env.int("SOFT_BOUNCE_DAYS", default=14)

PGHISTORY_APPEND_ONLY = True  # a trigger refuses to change or delete history
PGHISTORY_DEFAULT_TRACKERS = (pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())

BROKER_URL = env("CELERY_BROKER_URL", default="")
if not BROKER_URL:  # the cache is database 1, the broker database 0 of the same server
    BROKER_URL = (
        REDIS_URL.replace("unix://", "redis+socket://").split("?")[0] + "?virtual_host=0"
        if REDIS_URL.startswith("unix://")
        else REDIS_URL.rsplit("/", 1)[0] + "/0"
    )
CELERY_BROKER_URL = BROKER_URL
CELERY_TASK_IGNORE_RESULT = True  # outcomes are rows
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# The broker hands the task to somebody else then; going on with it would only run it twice.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_TASK_TIME_LIMIT, CELERY_TASK_SOFT_TIME_LIMIT = 300, 270  # seconds
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_DEFAULT_QUEUE = "scoring"
CELERY_TASK_ROUTES = {
    "handoff.tasks.send_notifications": {"queue": "news"},  # waits for servers that people named
    "handoff.*": {"queue": "handoff"},
    "scoring.tasks.rescore_*": {"queue": "bulk"},
    "scoring.tasks.examine_rules": {"queue": "bulk"},
    "scoring.tasks.train_prediction": {"queue": "bulk"},
    "scoring.tasks.keep_predictions": {"queue": "bulk"},
    "scoring.tasks.run_backtest": {"queue": "bulk"},
    "scoring.*": {"queue": "scoring"},
    "nurturing.tasks.rebuild_*": {"queue": "bulk"},
    "nurturing.tasks.check_segments": {"queue": "bulk"},
    "nurturing.tasks.check_links": {"queue": "bulk"},  # waits for other people's servers
    "nurturing.*": {"queue": "nurture"},
    "leads.*": {"queue": "bulk"},
    "accounts.*": {"queue": "bulk"},
}
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 1200,  # seconds; at least (one running + one reserved) x the time limit
    "unacked_restore_interval": 15,
    "unacked_restore_throttle": 1,
    "sep": ":",
    "socket_timeout": 30,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 25,
}
# A web request must not hang because the bell is broken: the row is saved, a sweep will find it.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT: float = 20
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = True
CELERY_WORKER_MAX_TASKS_PER_CHILD = 5000
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 2_500_000  # kB
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BEAT_SCHEDULE = SCHEDULE
CELERY_BEAT_SCHEDULER = "config.beat:HeartbeatScheduler"
CELERY_TIMEZONE = "UTC"

ACCEPTANCES = "handoff.acceptances.first_accepted"  # asked by scoring.backtest
SEGMENT_MEMBERS = "nurturing.segments.membership.members_among"
SALES_CAPACITY = "handoff.acceptances.capacity_a_day"
CAMPAIGN_NAMES = "nurturing.names.campaign_names"  # asked by leads.campaigns
NEXT_QUESTIONS = "scoring.questions.next_questions"  # asked by leads.questions
# Each moves what its app keeps about a lead at a merge, and gives it back; asked by leads.services.merges.
MERGE_PARTS = [
    "leads.services.merge_parts",
    "scoring.services.merge_parts",  # before handoff: a hand-off follows its cycle
    "handoff.services.merge_parts",
    "nurturing.services.merge_parts",
]
# What each app holds on a person; asked by leads.holdings.
PERSONAL_DATA = ["leads.personal", "scoring.personal", "handoff.personal", "nurturing.personal"]
# Hides the addresses of erased people in the list of suppressions. A change without fallback forgets them.
TANDEM_ERASURE_KEY = env("TANDEM_ERASURE_KEY", default="")
TANDEM_PROXIES = env.int("TANDEM_PROXIES", default=0)  # that stand before us and fill X-Forwarded-For
EVENTS_PER_KEY = env.int("EVENTS_PER_KEY", default=1_000_000)  # a minute; 0 for any number
EVENTS_PER_ADDRESS = env.int("EVENTS_PER_ADDRESS", default=100_000)
TANDEM_MAX_SHAPES = env.int("TANDEM_MAX_SHAPES", default=200_000)  # rows of the shape dictionary
TANDEM_SHOW_DESIGN = False
TANDEM_SHOW_MAIL: Path | None = None

# Logs go to stderr: a command's standard output is its own, and with `--json` one object and nothing else.
LOG_LEVEL = env("LOG_LEVEL", default="INFO")
structlog.configure(
    logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    wrapper_class=structlog.make_filtering_bound_logger(LOG_LEVEL),
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
}
