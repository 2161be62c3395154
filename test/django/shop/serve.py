"""Serves the project on a free port, which it prints, until its standard input ends."""

import json
import os
import sys
import threading
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer, make_server

os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"

import django
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application


class ThreadingServer(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    # enough for all requests that a test sends at once
    request_queue_size = 100


def main():
    application = get_wsgi_application()
    call_command("migrate", verbosity=0)
    server = make_server("127.0.0.1", 0, application, server_class=ThreadingServer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    greeting = {"port": server.server_port, "version": django.VERSION[:2]}
    print(json.dumps(greeting), flush=True)
    sys.stdin.read()


main()
