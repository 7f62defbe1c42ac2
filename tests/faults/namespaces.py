"""Work in the network namespace of a process, as root: iptables, its MTU, an agent's counters."""

from __future__ import annotations

import ctypes
import os
import subprocess
import threading
from http.client import HTTPConnection
from pathlib import Path

_CLONE_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)


def allowed():
    """Tell whether this process may enter the namespaces of others."""
    return os.geteuid() == 0


def run_inside(pid, *command):
    """Run a command in the network namespace of a process, and return its output."""
    words = ["nsenter", "--net", "--target", str(pid), *map(str, command)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stdout}{done.stderr}"
    return done.stdout


def fetch_inside(pid, port, path, seconds=2.0):
    """Return what a loopback port answers in the namespace of a process. Raises OSError."""
    client = HTTPConnection("127.0.0.1", port, timeout=seconds)
    _run_in_thread(pid, client.connect)
    try:
        client.request("GET", path)
        return client.getresponse().read().decode()
    except Exception as error:
        raise OSError(str(error)) from error
    finally:
        client.close()


def _enter(pid):
    with Path(f"/proc/{pid}/ns/net").open() as namespace:
        if _LIBC.setns(namespace.fileno(), _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")


def _run_in_thread(pid, work):
    """Call something in a thread of its own, which alone is in the other namespace."""
    raised = []

    def inside():
        try:
            _enter(pid)
            work()
        except OSError as error:
            raised.append(error)

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]
