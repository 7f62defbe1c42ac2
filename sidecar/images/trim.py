"""Trims a Debian root file system: `python trim.py ROOT`.

It imports nothing of the kit, so that mmdebstrap can call it inside its namespace.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

EMPTIED = (
    "boot",
    "dev",
    "run",
    "tmp",
    "usr/share/i18n",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/linda",
    "usr/share/locale",
    "usr/share/man",
    "usr/share/pixmaps",
    "usr/share/bash-completion",
    "var/cache/apt",
    "var/cache/ldconfig",
    "var/lib/apt/lists",
    "var/log",
    "var/tmp",
)
REMOVED = (
    "debootstrap",
    "etc/resolv.conf",
    "etc/hostname",
    "etc/apt/apt.conf.d/99mmdebstrap",
    "etc/apt/sources.list.d",
    "var/cache/debconf/config.dat-old",
    "var/cache/debconf/templates.dat-old",
    "var/lib/dpkg/status-old",
    "var/lib/dpkg/diversions-old",
)
SOURCES = """\
deb http://deb.debian.org/debian bookworm main
deb http://deb.debian.org/debian-security bookworm-security main
"""
KEEP_TRIMMED = """\
# this image carries no documentation but the licences; what is installed later does not either
path-exclude=/usr/share/doc/*
path-include=/usr/share/doc/*/copyright
path-exclude=/usr/share/man/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/lintian/*
"""


def trim(root: Path) -> None:
    """Remove what a running service never reads; licenses and the package database stay."""
    for name in EMPTIED:
        _empty(root / name)
    for name in REMOVED:
        _remove(root / name)
    _keep_licenses(root / "usr/share/doc")
    (root / "etc/machine-id").write_text("")
    (root / "etc/apt/sources.list").write_text(SOURCES)
    (root / "etc/dpkg/dpkg.cfg.d/sidecar-kit").write_text(KEEP_TRIMMED)


def _keep_licenses(documents: Path) -> None:
    for path in sorted(documents.glob("**/*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.name != "copyright" and not (path.is_symlink() and path.parent == documents):
            path.unlink()


def _empty(folder: Path) -> None:
    if folder.is_dir() and not folder.is_symlink():
        for path in folder.iterdir():
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    trim(Path(sys.argv[1]))
