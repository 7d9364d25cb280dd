"""The suite: real PostgreSQL and Valkey, started by the test plugin, cheap passwords."""

from config.settings.dev import *

SECRET_KEY = "for tests only"
ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
RETURN_MAILDIR = ""
LOGGING = {"version": 1, "disable_existing_loggers": False}
EPOCH_FILE = ""  # a test rolls the database back and would look like a backup
EVENTS_PER_KEY = EVENTS_PER_ADDRESS = 0  # tests of the limits set their own
