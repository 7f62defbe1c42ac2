"""What happens when a library is imported under `sidecar-trace`: it is patched right after it."""

# ruff: noqa: ANN401 - a module's loader has many types

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sidecar_tracing import switch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

logger = logging.getLogger("sidecar_tracing")
_HOME = "sidecar_tracing.instrumentation"


@dataclass(frozen=True)
class Hook:
    """What to do after a module was imported."""

    library: str
    patch: str = ""
    """Module and function, which gets the imported module."""


HOOKS = {
    "opentracing": Hook("opentracing"),
    "jaeger_client": Hook("jaeger_client"),
    "flask": Hook("flask", "flask:patch"),
    "django.core.handlers.base": Hook("django", "django:patch"),
    "django.core.signals": Hook("django", "django:patch_signals"),
    "django.core.handlers.wsgi": Hook("django", "django:patch_wsgi"),
    "django.core.handlers.asgi": Hook("django", "django:patch_asgi"),
    "starlette.applications": Hook("starlette", "starlette:patch"),
    "celery.signals": Hook("celery", "celery:patch"),
    "requests.adapters": Hook("requests", "clients:patch_requests"),
    "httpx": Hook("httpx", "clients:patch_httpx"),
    "aiohttp": Hook("aiohttp", "clients:patch_aiohttp"),
}


class Finder:
    """Finds nothing itself: it has the others' modules patched after they have been run."""

    def __init__(self, due: dict[str, Hook]) -> None:
        self._due = due
        self._sought: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of another finder, for a library that has a hook."""
        if fullname not in self._due or fullname in self._sought:
            return None
        self._sought.add(fullname)  # finders of this kind ask one another
        try:
            for finder in sys.meta_path:
                find = getattr(finder, "find_spec", None)
                spec: ModuleSpec | None = find(fullname, path, target) if find else None
                if spec is not None:
                    with suppress(Exception):  # a loader that cannot be changed
                        self._follow(fullname, spec.loader)
                    return spec
        finally:
            self._sought.discard(fullname)
        return None

    def _follow(self, name: str, loader: Any) -> None:
        """Have the hook run after the module; the loader stays the module's own."""
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            hook = self._due.pop(name, None) if module.__name__ == name else None
            if hook is None:  # a loader of several modules, such as a zip file's
                execute(module)
                return
            switch.importing.add(hook.library)
            try:
                execute(module)
            finally:
                switch.importing.discard(hook.library)
            run(hook, module)

        loader.exec_module = exec_module


def install() -> None:
    """Have the libraries patched that are imported from now on, and those that are already."""
    skipped = switch.skipped()
    due = {name: hook for name, hook in HOOKS.items() if hook.library not in skipped}
    for name in [name for name in due if name in sys.modules]:
        run(due.pop(name), sys.modules[name])
    sys.meta_path.insert(0, Finder(due))


def run(hook: Hook, module: ModuleType) -> None:
    """Patch a module. Never raises: a service that cannot be traced still runs.

    The tracer is made now, and not by the first span: an import is in the main thread, as a rule,
    and only there a tracer can watch for SIGTERM. It survives a fork that comes later.
    """
    try:
        switch.start()
        if hook.patch:
            home, _, name = hook.patch.partition(":")
            getattr(import_module(f"{_HOME}.{home}"), name)(module)
    except Exception as error:  # noqa: BLE001 - another version of the library, or a broken one
        reason = f"{type(error).__name__}: {error}"
        logger.warning("%s is not traced: %s", hook.library, reason)
