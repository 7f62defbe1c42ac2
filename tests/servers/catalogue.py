"""The rows of the matrix: a server, how it is started, and how it ends."""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import dataclass

PYTHON = sys.executable
GUNICORN = (PYTHON, "-m", "gunicorn", "--workers=2", "--bind=127.0.0.1:{port}")
UVICORN = (PYTHON, "-m", "uvicorn", "service:asgi", "--port={port}")
HYPERCORN = (PYTHON, "-m", "hypercorn", "service:asgi", "--bind=127.0.0.1:{port}")
UWSGI = (
    PYTHON, "-c", "import sys, pyuwsgi; pyuwsgi.run(sys.argv[1:])",
    "--http-socket=127.0.0.1:{port}", "--module=service:wsgi", "--master", "--die-on-term",
    "--need-app",
)  # fmt: skip
CELERY = (PYTHON, "-m", "celery", "-A", "tasks", "worker", "--concurrency=2", "--without-mingle",
          "--without-gossip", "--without-heartbeat", "--loglevel=ERROR")  # fmt: skip
PID_1 = ("unshare", "--fork", "--pid", "--kill-child=SIGKILL")


@dataclass(frozen=True)
class Row:
    """One server and one end."""

    name: str
    command: tuple[str, ...]
    needs: str = ""
    end: str = "SIGTERM"
    kind: str = "http"
    is_short: bool = False
    """Whether `make test` runs it, too."""
    note: str = ""

    @property
    def can_run(self) -> bool:
        """Whether what it needs is installed."""
        missing = [name for name in self.needs.split() if importlib.util.find_spec(name) is None]
        return not missing and (self.command[0] != "unshare" or os.geteuid() == 0)


def _gunicorn():
    kinds = {
        "sync": ("", ()),
        "gthread": ("", ("--threads=4",)),
        "gevent": ("gevent", ("-k", "gevent")),
        "uvicorn worker": ("uvicorn uvicorn_worker", ("-k", "uvicorn_worker.UvicornWorker")),
    }
    for kind, (needs, options) in kinds.items():
        app = "service:asgi" if "uvicorn" in kind else "service:wsgi"
        for preload in ((), ("--preload",)):
            name = " ".join(["gunicorn", kind, *(option[2:] for option in preload)])
            command = (*GUNICORN, *options, *preload, app)
            short = kind in ("gevent", "uvicorn worker") and bool(preload)
            yield Row(name, command, f"gunicorn {needs}", is_short=short)
    for end in ("SIGINT", "SIGQUIT"):
        yield Row("gunicorn sync", (*GUNICORN, "service:wsgi"), "gunicorn", end)
    recycled = (*GUNICORN, "--max-requests=5", "service:wsgi")
    yield Row("gunicorn sync --max-requests", recycled, "gunicorn")


def _asgi():
    yield Row("uvicorn", UVICORN, "uvicorn", is_short=True)
    yield Row("uvicorn", UVICORN, "uvicorn", "SIGINT")
    yield Row("uvicorn --workers 2", (*UVICORN, "--workers=2"), "uvicorn")
    yield Row("uvicorn --reload", (*UVICORN, "--reload"), "uvicorn")
    yield Row("uvicorn, the first process of a container", (*PID_1, *UVICORN), "uvicorn")
    yield Row("hypercorn", HYPERCORN, "hypercorn", is_short=True)
    yield Row("hypercorn --workers 2", (*HYPERCORN, "--workers=2"), "hypercorn")


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
        needs = "pyuwsgi gevent" if "gevent" in mode else "pyuwsgi"
        short = mode == "--lazy-apps"
        yield Row(f"uWSGI {mode}".strip(), (*UWSGI, *options), needs, is_short=short)
    yield Row("uWSGI", (*UWSGI, "--processes=2", threads), "pyuwsgi", "SIGINT")


def _celery():
    pools = {
        "prefork": (),
        "prefork --max-tasks-per-child 1": ("--max-tasks-per-child=1",),
        "threads": ("--pool=threads",),
        "solo": ("--pool=solo",),
    }
    for pool, options in pools.items():
        short = "child" in pool
        yield Row(f"Celery {pool}", (*CELERY, *options), "celery", kind="task", is_short=short)


def _scripts():
    setting = "import os, signal, sys, time, multiprocessing, concurrent.futures, service\n"
    many = "[service.work() for _ in range(25)]\n"
    number = "def job(_): service.work()\n"
    used = "with pool: list(pool.map(job, range(25)))"
    forked = "if os.fork() == 0: service.work(); sys.exit(0)"
    bodies = {
        "a script": ("exit", many),
        "a script, an exception": ("exit", f"{many}1 / 0"),
        "a script ": ("SIGTERM", f"{many}os.kill(os.getpid(), 15); time.sleep(9)"),
        "a script  ": ("os._exit", f"{many}os._exit(0)"),
        "a script   ": ("os.execv", f"{many}os.execv(sys.executable, [sys.executable, '-c', ''])"),
        "with multiprocessing.Pool()": (
            "end of the block",
            f"{number}with multiprocessing.Pool(2) as pool: pool.map(job, range(25))",
        ),
        "ProcessPoolExecutor": (
            "end of the block",
            f"{number}pool = concurrent.futures.ProcessPoolExecutor(2)\n{used}",
        ),
        "os.fork in traffic": (
            "exit",
            f"for _ in range(25):\n    {forked}\nfor _ in range(25): os.wait()",
        ),
        "a function that is frozen after each call": (
            "SIGKILL after flush",
            f"{many}getattr(service.tracer, 'flush', lambda _: 0)(5); os.kill(os.getpid(), 9)",
        ),
    }
    for name, (end, body) in bodies.items():
        yield Row(name.strip(), (PYTHON, "-c", setting + body), end=end, kind="script")
    calls = "joblib.Parallel(2)(joblib.delayed(service.work)() for _ in range(25))"
    joblib = f"import joblib, service\n{calls}"
    yield Row("joblib (loky)", (PYTHON, "-c", joblib), "joblib cloudpickle", "exit", "script")


ROWS = [*_gunicorn(), *_asgi(), *_uwsgi(), *_celery(), *_scripts()]
