"""The traced service by aiohttp's own server."""

from __future__ import annotations

from aiohttp import web
from service import work


async def index(_):
    """Answer with the one span."""
    work()
    return web.Response(text="ok")


async def make():
    """Return the application."""
    app = web.Application()
    app.router.add_get("/", index)
    return app
