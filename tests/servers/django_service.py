"""The traced service by Django: WSGI and ASGI, one span in its only view."""

from __future__ import annotations

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path
from service import work

settings.configure(SECRET_KEY="-", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, LOGGING_CONFIG=None)
django.setup()


def index(_):
    """Answer with the one span."""
    work()
    return HttpResponse("ok")


urlpatterns = [path("", index)]
wsgi, asgi = get_wsgi_application(), get_asgi_application()
