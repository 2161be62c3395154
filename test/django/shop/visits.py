"""What a visitor does with the session; the Nest application has the same routes."""

from datetime import datetime

from django.core.management import call_command

from shop.deed import deed
from shop.sessions import CLIENT


@deed
def read(request):
    return dict(request.session.items())


@deed
def update(request, entries):
    request.session.update(entries)


@deed
def append(request, name, value, modified=False):
    request.session[name].append(value)
    if modified:
        request.session.modified = True


@deed
def expire(request, expiry):
    """After a number of seconds, or at a moment of ISO text."""
    is_moment = isinstance(expiry, str)
    request.session.set_expiry(datetime.fromisoformat(expiry) if is_moment else expiry)


@deed
def cycle(request):
    request.session.cycle_key()


@deed
def hold(request, gate, entries):
    """Updates the session that was read before the gate opened."""
    request.session.keys()
    CLIENT.rpush(f"{gate}:reached", 1)
    if CLIENT.blpop(f"{gate}:open", timeout=10) is None:
        raise TimeoutError(f"Nobody opened {gate}")
    request.session.update(entries)


@deed
def clear_expired(request):
    call_command("clearsessions")
