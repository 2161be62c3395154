from django.urls import path

from shop import accounts, caching, flash, internal, visits

urlpatterns = [
    path("register", accounts.register),
    path("login", accounts.log_in),
    path("logout", accounts.log_out),
    path("whoami", accounts.whoami),
    path("change-password", accounts.change_password),
    path("internal/check-password", internal.check_password),
    path("read", visits.read),
    path("update", visits.update),
    path("append", visits.append),
    path("expire", visits.expire),
    path("cycle", visits.cycle),
    path("hold", visits.hold),
    path("clear-expired", visits.clear_expired),
    path("say", flash.say),
    path("hear", flash.hear),
    path("cache", caching.call),
    path("cache/store", caching.store),
    path("cache/load", caching.load),
    path("cache/pickle", caching.pickle),
]
