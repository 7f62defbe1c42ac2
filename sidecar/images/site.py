"""The host's settings for builds: mirrors of pip and Go, proxies, certificate authority."""

from __future__ import annotations

import ast
import json
import os
import shutil
import ssl
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.secrecy import child_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

PIP_KEYS = (
    "index-url",
    "extra-index-url",
    "trusted-host",
    "find-links",
    "no-index",
    "timeout",
    "default-timeout",
)
GO_KEYS = ("GOPROXY", "GOSUMDB", "GONOSUMDB", "GONOPROXY", "GOPRIVATE", "GOINSECURE")
PROXY_KEYS = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
)
_AUTHORITY_KEYS = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE")
FOLDER = "/site"
"""Where the build stages find these files."""


@dataclass(frozen=True)
class Site:
    """The host's settings; not in a repr, because a mirror's address may hold a password."""

    authority: bytes | None = field(default=None, repr=False)
    """The CA bundle that the host trusts, PEM."""
    pip: Mapping[str, str] = field(default_factory=dict, repr=False)
    go: Mapping[str, str] = field(default_factory=dict, repr=False)
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Build arguments that builders keep out of an image's history."""

    def files(self) -> dict[str, bytes]:
        """Return the content of the files of the site's folder, by name."""
        pip = {**self.pip, **({"cert": f"{FOLDER}/ca.crt"} if self.authority else {})}
        found = {"pip.conf": _pip_conf(pip), "environment.json": json.dumps(dict(self.go)).encode()}
        return {**found, **({"ca.crt": self.authority} if self.authority else {})}


def host_site() -> Site:
    """Return this host's settings."""
    environment = dict(os.environ)
    return Site(
        authority=_authority(environment),
        pip=_pip_settings(environment),
        go=_go_settings(environment),
        proxies={name: environment[name] for name in PROXY_KEYS if environment.get(name)},
    )


def _pip_conf(settings: Mapping[str, str]) -> bytes:
    lines = ["[global]"]
    for key, value in sorted(settings.items()):
        lines.append(f"{key} = {value.strip()}".replace("\n", "\n    "))
    return "".join(f"{line}\n" for line in lines).encode()


def _authority(environment: Mapping[str, str]) -> bytes | None:
    named = [environment.get(name) for name in _AUTHORITY_KEYS]
    for candidate in (*named, *BUNDLES, ssl.get_default_verify_paths().cafile):
        if candidate and Path(candidate).is_file():
            return Path(candidate).read_bytes()
    return None


def _pip_settings(environment: Mapping[str, str]) -> dict[str, str]:
    uv = environment.get("UV_DEFAULT_INDEX") or environment.get("UV_INDEX_URL")
    settings = {"index-url": uv} if uv else {}
    return {**settings, **parse_pip_config(_output(_pip_program(), "config", "list"))}


def _pip_program() -> list[str]:
    own = [sys.executable, "-m", "pip"]
    return own if _output(own, "--version") else ["pip3"]


def parse_pip_config(text: str) -> dict[str, str]:
    """Return the settings of `pip config list` that a container can use.

    Variables override [install], which overrides [global].
    """
    found: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in text.splitlines():
        name, _, quoted = line.partition("=")
        section, _, key = name.rpartition(".")
        if section in found and key in PIP_KEYS:
            found[section][key] = str(ast.literal_eval(quoted))
    merged = {**found["global"], **found["install"], **found[":env:"]}
    return {key: value for key, value in merged.items() if key != "find-links" or "://" in value}


def _go_settings(environment: Mapping[str, str]) -> dict[str, str]:
    known = _output(["go"], "env", "-json", *GO_KEYS)
    settings = json.loads(known) if known else {name: environment.get(name, "") for name in GO_KEYS}
    return {name: value for name, value in settings.items() if value}


def _output(program: list[str], *args: str) -> str:
    """Return what a program prints; empty where it is absent or fails, so has no settings."""
    if shutil.which(program[0]) is None:
        return ""
    done = subprocess.run(
        [*program, *args],
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=child_environment(),
    )
    return done.stdout if done.returncode == 0 else ""
