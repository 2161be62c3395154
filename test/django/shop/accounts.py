"""Users and their login, by django.contrib.auth."""

from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.models import User

from shop.deed import deed


@deed
def register(request, name, password):
    return str(User.objects.create_user(name, password=password).pk)


@deed
def log_in(request, name, password):
    login(request, authenticate(request, username=name, password=password))


@deed
def log_out(request):
    logout(request)


@deed
def whoami(request):
    """The name of who has logged in, "" for nobody."""
    return request.user.get_username()


@deed
def change_password(request, name, password):
    user = User.objects.get_by_natural_key(name)
    user.set_password(password)
    user.save()
