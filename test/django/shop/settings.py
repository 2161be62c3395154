"""A Django project that shares its Redis with the Nest application of the tests.

The blocks of docs/django.md are written beside this file, as shared_settings.py, sessions.py and internal.py.
"""

import os
from pathlib import Path

from shop.shared_settings import *  # noqa: F403 - they are settings

SESSION_ENGINE = os.environ.get("SESSION_ENGINE", SESSION_ENGINE)  # noqa: F405
SESSION_COOKIE_DOMAIN = os.environ.get("SESSION_COOKIE_DOMAIN")
SESSION_COOKIE_AGE = int(os.environ.get("SESSION_COOKIE_AGE", 1_209_600))

MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": Path(__file__).with_name("users.sqlite3"),
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
# the others are slow on purpose
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

ROOT_URLCONF = "shop.urls"
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["stderr"]},
}
