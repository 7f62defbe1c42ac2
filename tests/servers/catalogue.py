"""The rows of the matrix: a server, how it is started, and how it ends."""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import dataclass

PYTHON = sys.executable
# all servers of a user share one control socket, and its thread may hold up the end of this one
GUNICORN = (PYTHON, "-m", "gunicorn", "--no-control-socket", "--workers=2",
            "--bind=127.0.0.1:{port}")  # fmt: skip
UVICORN = (PYTHON, "-m", "uvicorn", "service:asgi", "--port={port}")
HYPERCORN = (PYTHON, "-m", "hypercorn", "service:asgi", "--bind=127.0.0.1:{port}")
UWSGI = (
    PYTHON, "-c", "import sys, pyuwsgi; pyuwsgi.run(sys.argv[1:])",
    "--http-socket=127.0.0.1:{port}", "--module=service:wsgi", "--master", "--die-on-term",
    "--need-app",
)  # fmt: skip
CELERY = (PYTHON, "-m", "celery", "-A", "tasks", "worker", "--concurrency=2", "--without-mingle",
          "--without-gossip", "--without-heartbeat", "--loglevel=ERROR")  # fmt: skip
EVENTLET = {
    "patched first": "import eventlet; eventlet.monkey_patch(); import service",
    "tracer first": "import service, eventlet; eventlet.monkey_patch()",
}
SERVE = (
    "from eventlet import listen, wsgi; "
    "wsgi.server(listen(('127.0.0.1', {port})), service.wsgi, log_output=False)"
)
AIOHTTP = (
    "import aiohttp_service; from aiohttp import web; "
    "web.run_app(aiohttp_service.make(), host='127.0.0.1', port={port})"
)
TORNADO = (
    "import asyncio, service; from tornado import httpserver, wsgi; "
    "httpserver.HTTPServer(wsgi.WSGIContainer(service.wsgi)).listen({port}); "
    "asyncio.get_event_loop_policy().get_event_loop().run_forever()"
)
WSGIREF = (
    "import service; from wsgiref.simple_server import make_server; "
    "make_server('127.0.0.1', {port}, service.wsgi).serve_forever()"
)
MANY = "[service.work() for _ in range(25)]\n"
BLOCK = "end of the block"
FIRST = "the first process of a container"
GROUP = " to the group"
"""After a signal that a supervisor sends to all processes of a server."""
PID_1 = ("unshare", "--fork", "--pid", "--kill-child=SIGKILL")


@dataclass(frozen=True)
class Row:
    """One server and one end."""

    name: str
    command: tuple[str, ...]
    end: str = "SIGTERM"
    kind: str = "http"
    is_short: bool = False
    """Whether `make test` runs it, too."""
    needs: str = ""
    """What `make matrix` installs for it, and `make test` does not."""
    is_busy: bool = False
    """Whether the end comes while the last request, whose span is finished, goes on."""

    @property
    def can_run(self) -> bool:
        """Whether what it needs is installed."""
        missing = [name for name in self.needs.split() if importlib.util.find_spec(name) is None]
        return not missing and (self.command[0] != "unshare" or os.geteuid() == 0)


def _gunicorn():
    kinds = {
        "sync": (),
        "gthread": ("--threads=4",),
        "gevent": ("-k", "gevent"),
        "tornado": ("-k", "tornado"),
        "uvicorn worker": ("-k", "uvicorn_worker.UvicornWorker"),
        "asgi": ("-k", "asgi"),
    }
    commands = {kind: (*GUNICORN, *options) for kind, options in kinds.items()}
    for kind, command in commands.items():
        app = "service:asgi" if kind in ("uvicorn worker", "asgi") else "service:wsgi"
        short = kind in ("gevent", "uvicorn worker")
        yield Row(f"gunicorn {kind}", (*command, app))
        yield Row(f"gunicorn {kind} preload", (*command, "--preload", app), is_short=short)
        if kind != "sync":
            yield Row(f"gunicorn {kind}", (*command, app), "SIGINT")
        yield Row(f"gunicorn {kind} --max-requests", (*command, "--max-requests=5", app))
    for end in ("SIGINT", "SIGQUIT"):
        yield Row("gunicorn sync", (*commands["sync"], "service:wsgi"), end)
    yield Row(f"gunicorn sync, {FIRST}", (*PID_1, *commands["sync"], "service:wsgi"))
    yield Row("gunicorn gthread, Django", (*commands["gthread"], "django_service:wsgi"))


def _eventlet():
    for name, order in EVENTLET.items():
        for end in ("SIGTERM", "SIGINT"):
            yield Row(f"eventlet.wsgi, {name}", (PYTHON, "-c", f"{order}; {SERVE}"), end)


def _asgi():
    workers = (*UVICORN, "--workers=2")
    yield Row("uvicorn", UVICORN, is_short=True)
    yield Row("uvicorn", UVICORN, "SIGINT")
    yield Row("uvicorn --workers 2", workers)
    yield Row("uvicorn --workers 2", workers, "SIGINT")
    yield Row("uvicorn --workers 2 --limit-max-requests", (*workers, "--limit-max-requests=5"))
    yield Row("uvicorn --reload", (*UVICORN, "--reload"))
    yield Row(f"uvicorn, {FIRST}", (*PID_1, *UVICORN))
    yield Row("uvicorn, Django", (*UVICORN[:-2], "django_service:asgi", UVICORN[-1]))
    yield Row("hypercorn", HYPERCORN, is_short=True)
    yield Row("hypercorn", HYPERCORN, "SIGINT")
    yield Row("hypercorn --workers 2", (*HYPERCORN, "--workers=2"))
    yield Row("hypercorn --max-requests", (*HYPERCORN, "--max-requests=5"))
    yield Row("hypercorn, Django", (*HYPERCORN[:-2], "django_service:asgi", HYPERCORN[-1]))


def _others():
    granian = (PYTHON, "-m", "granian", "--port={port}", "--interface")
    servers = {
        "granian": ((*granian, "wsgi", "service:wsgi"), "granian"),
        "granian, ASGI": ((*granian, "asgi", "service:asgi"), "granian"),
        "daphne": ((PYTHON, "-m", "daphne", "--port={port}", "service:asgi"), "daphne"),
        "waitress": ((PYTHON, "-m", "waitress", "--port={port}", "service:wsgi"), "waitress"),
        "cheroot": (
            (PYTHON, "-m", "cheroot", "--bind=127.0.0.1:{port}", "service:wsgi"), "cheroot",
        ),
        "aiohttp.web": ((PYTHON, "-c", AIOHTTP), ""),
        "gunicorn aiohttp": (
            (*GUNICORN, "-k", "aiohttp.GunicornWebWorker", "aiohttp_service:make"), "",
        ),
        "Tornado": ((PYTHON, "-c", TORNADO), ""),
        "wsgiref": ((PYTHON, "-c", WSGIREF), ""),
    }  # fmt: skip
    for name, (command, needs) in servers.items():
        for end in ("SIGTERM", "SIGINT"):
            yield Row(name, command, end, needs=needs)


def _uwsgi():
    threads = "--enable-threads"
    modes = {
        "": ("--processes=2", threads),
        "--lazy-apps": ("--processes=2", threads, "--lazy-apps"),
        "--threads 4": ("--processes=2", "--threads=4"),
        "--max-requests 5": ("--processes=2", threads, "--max-requests=5"),
        "--single-interpreter": ("--processes=2", threads, "--single-interpreter"),
        "without --enable-threads": ("--processes=2",),
        "--gevent": ("--gevent=10", threads),
        "--gevent --gevent-monkey-patch --lazy-apps": (
            "--gevent=10", "--gevent-monkey-patch", "--lazy-apps", threads,
        ),
    }  # fmt: skip
    for mode, options in modes.items():
        short = mode == "--lazy-apps"
        yield Row(f"uWSGI {mode}".strip(), (*UWSGI, *options), is_short=short)
    yield Row("uWSGI", (*UWSGI, *modes[""]), "SIGINT")
    yield Row("uWSGI --gevent", (*UWSGI, *modes["--gevent"]), "SIGINT")
    for mode in ("", "--threads 4", "--gevent"):
        name, command = f"uWSGI {mode}".strip(), (*UWSGI, *modes[mode])
        yield Row(f"{name}, in a request", command, is_busy=True, is_short=not mode)
    killed = (*UWSGI, *modes[""], "--harakiri=1")
    yield Row("uWSGI --harakiri 1, in a request", killed, is_busy=True)


def _development():
    """Two servers whose reloader is started first, and ends the serving one by SIGKILL."""
    flask = (PYTHON, "-m", "flask", "--app=flask_service", "run", "--port={port}")
    django = (PYTHON, "manage.py", "runserver", "127.0.0.1:{port}")
    for end in ("SIGTERM", "SIGINT"):
        yield Row("flask run", flask, end)
        yield Row("flask run --debug", (*flask, "--debug"), end)
        yield Row("Django's runserver", django, end, is_short=end == "SIGTERM")


def _celery():
    pools = {
        "prefork": (),
        "prefork --max-tasks-per-child 1": ("--max-tasks-per-child=1",),
        "threads": ("--pool=threads",),
        "solo": ("--pool=solo",),
        "gevent": ("--pool=gevent",),
        "eventlet": ("--pool=eventlet",),
    }
    for pool, options in pools.items():
        short = "child" in pool
        yield Row(f"Celery {pool}", (*CELERY, *options), kind="task", is_short=short)
    for end in ("SIGINT", "SIGQUIT", f"SIGTERM{GROUP}"):
        yield Row("Celery prefork", CELERY, end, "task")


def _scripts():
    setting = "import asyncio, os, signal, sys, time, multiprocessing, service\n"
    pools = "from concurrent.futures import ProcessPoolExecutor\n"
    number = "def job(*_): service.work()\n"
    forked = "if os.fork() == 0: service.work(); sys.exit(0)"
    bodies = [
        ("a script", "exit", MANY),
        ("a script, an exception", "exit", f"{MANY}1 / 0"),
        *(
            ("a script", name, f"{MANY}os.kill(os.getpid(), signal.{name}); time.sleep(9)")
            for name in ("SIGTERM", "SIGINT", "SIGHUP")
        ),
        ("a script", "os._exit", f"{MANY}os._exit(0)"),
        ("a script", "os.execv", f"{MANY}os.execv(sys.executable, [sys.executable, '-c', ''])"),
        ("asyncio.run", "exit", f"async def main(): {MANY}asyncio.run(main())"),
        ("with multiprocessing.Pool()", BLOCK,
         f"{number}with multiprocessing.Pool(2) as pool: pool.map(job, range(25))"),
        ("ProcessPoolExecutor", BLOCK,
         f"{pools}{number}with ProcessPoolExecutor(2) as pool: list(pool.map(job, range(25)))"),
        ("os.fork in traffic", "exit",
         f"for _ in range(25):\n    {forked}\nfor _ in range(25): os.wait()"),
        ("a function that is frozen after each call", "SIGKILL after flush",
         f"{MANY}getattr(service.tracer, 'flush', lambda _: 0)(5); os.kill(os.getpid(), 9)"),
    ]  # fmt: skip
    for name, end, body in bodies:
        yield Row(name, (PYTHON, "-c", setting + body), end, "script")
    for method in ("fork", "spawn", "forkserver"):
        command = (PYTHON, "-m", "children", method)
        yield Row(f"multiprocessing.Process, {method}", command, "exit", "script")
    calls = "(joblib.delayed(service.work)() for _ in range(25))"
    for backend in ("loky", "multiprocessing", "threading"):
        joblib = f"import joblib, service\njoblib.Parallel(2, backend='{backend}')({calls})"
        yield Row(f"joblib ({backend})", (PYTHON, "-c", joblib), "exit", "script")


def _jupyter():
    """A kernel as Jupyter starts it, and a cell with the calls."""
    script = f"""
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel()
answer = client.execute_interactive("import service\\n{MANY.strip()}", timeout=60)
assert answer["content"]["status"] == "ok", answer
"""
    for end in ("shutdown", "restart"):
        body = f"{script}manager.{end}_kernel()\nmanager.shutdown_kernel(now=True)"
        command = (PYTHON, "-c", body)
        yield Row("a Jupyter kernel", command, end, "script", needs="ipykernel jupyter_client")


ROWS = [
    *_gunicorn(), *_eventlet(), *_asgi(), *_others(), *_uwsgi(), *_development(), *_celery(),
    *_scripts(), *_jupyter(),
]  # fmt: skip
