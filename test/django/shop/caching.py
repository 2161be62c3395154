"""The cache of the settings, and one that pickles."""

from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.core.cache import cache

from shop.deed import deed

try:
    from django.core.cache.backends.redis import RedisCache as PicklingCache
except ImportError:  # before Django 4.0, which has none; that of django-redis pickles too
    from django_redis.cache import RedisCache as PicklingCache

# how a value that JSON lacks is made of text, and made text
FORMS = {
    "datetime": (datetime.fromisoformat, datetime.isoformat),
    "date": (date.fromisoformat, date.isoformat),
    "time": (time.fromisoformat, time.isoformat),
    "decimal": (Decimal, str),
    "uuid": (UUID, str),
    "bytes": (bytes.fromhex, bytes.hex),
}


@deed
def call(request, method, args, kwargs):
    """What a method of the cache returns, or the name of the error it raises."""
    try:
        return {"result": getattr(cache, method)(*args, **kwargs)}
    except Exception as error:
        return {"error": type(error).__name__}


@deed
def store(request, form, key, text):
    make, write = FORMS[form]
    cache.set(key, write(make(text)))


@deed
def load(request, form, key):
    make, _ = FORMS[form]
    return repr(make(cache.get(key)))


@deed
def pickle(request, method, args):
    pickling = PicklingCache(settings.REDIS_URL, {"KEY_PREFIX": "shop"})
    getattr(pickling, method)(*args)
