import json

from django.http import JsonResponse


def deed(function):
    """A view that takes its arguments from a body of JSON, and answers with JSON."""

    def view(request):
        arguments = json.loads(request.body or "{}")
        return JsonResponse(function(request, **arguments), safe=False)

    return view
