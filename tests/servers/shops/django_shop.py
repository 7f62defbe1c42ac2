"""A Django service, WSGI and ASGI, without a line of tracing code."""

import logging

import django
import httpx
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path

settings.configure(SECRET_KEY="-", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, LOGGING_CONFIG=None)
django.setup()
logging.basicConfig(level=logging.INFO)
log = logging.getLogger("shop")


def item(_, number):
    """Answer with an item."""
    log.info("item %d", number)
    return JsonResponse({"number": number})


def call(_, port):
    """Ask another service."""
    return HttpResponse(httpx.get(f"http://127.0.0.1:{port}/items/1?token=secret").content)


def bad(_):
    """Fail."""
    raise ValueError("bad")


def stream(_):
    """Answer in parts."""

    def parts():
        for number in range(3):
            log.info("part %d", number)
            yield str(number)

    return StreamingHttpResponse(parts())


urlpatterns = [
    path("items/<int:number>", item),
    path("call/<int:port>", call),
    path("bad", bad),
    path("stream", stream),
]
wsgi = get_wsgi_application()
asgi = get_asgi_application()
