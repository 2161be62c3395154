"""Messages for the next page, by django.contrib.messages in the session."""

from django.contrib import messages

from shop.deed import deed


@deed
def say(request, text):
    messages.success(request, text)


@deed
def hear(request):
    return [[message.level_tag, message.message] for message in messages.get_messages(request)]
