"""Build jaeger-agent with the `go` on PATH, inside the build container.

`build.py VERSION FOLDER` writes FOLDER/agent-linux, its FOLDER/LICENSE and FOLDER/sleep. It imports
nothing of the kit.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

MODULE = "github.com/jaegertracing/jaeger"
COMMAND = f"{MODULE}/cmd/agent"
STAMP = f"{MODULE}/pkg/version.latestVersion"
SITE = Path("/site")
SLEEP = Path(__file__).resolve().with_name("sleep.go")


def main(version: str, out: Path) -> None:
    """Build one version; a failed `go` ends the program with go's output."""
    with tempfile.TemporaryDirectory(prefix="agent-") as scratch:
        environment = go_environment(dict(os.environ), SITE, Path(scratch))
        _build(version, Path(scratch) / "module", out, environment)


def _build(version: str, folder: Path, out: Path, environment: dict[str, str]) -> None:
    folder.mkdir()
    out.mkdir(parents=True, exist_ok=True)
    go("mod", "init", "agent", folder=folder, environment=environment)
    source = download(f"{MODULE}@v{version}", folder, environment)
    edits = edits_for(version, _read_module(source, folder, environment))
    go("mod", "edit", *edits, folder=folder, environment=environment)
    (folder / "tools.go").write_text(f'//go:build tools\n\npackage tools\n\nimport _ "{COMMAND}"\n')
    go("mod", "tidy", folder=folder, environment=environment)
    stripped = ["build", "-trimpath", "-ldflags"]
    agent = [f"-s -w -X {STAMP}=v{version}", "-o", str(out.resolve() / "agent-linux"), COMMAND]
    go(*stripped, *agent, folder=folder, environment=environment)
    sleep = ["-s -w", "-o", str(out.resolve() / "sleep"), str(SLEEP)]
    go(*stripped, *sleep, folder=folder, environment=environment)
    shutil.copyfile(Path(source["Dir"]) / "LICENSE", out / "LICENSE")


def go_environment(environment: dict[str, str], site: Path, work: Path) -> dict[str, str]:
    """Return the environment for `go`: it writes below `work`, and uses the site's settings."""
    private = {
        "CGO_ENABLED": "0",
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-modcacherw -buildvcs=false",
        "GOPATH": str(work / "go"),
        "GOCACHE": str(work / "cache"),
        "HOME": str(work),
    }
    authority = site / "ca.crt"
    trusted = {"SSL_CERT_FILE": str(authority)} if authority.is_file() else {}
    settings = site / "environment.json"
    mirrors: dict[str, str] = json.loads(settings.read_text()) if settings.is_file() else {}
    return {**environment, **private, **trusted, **mirrors}


def edits_for(version: str, module: dict[str, Any]) -> list[str]:
    """Return the `go mod edit` arguments that repeat a module's own replace and exclude lines.

    Go ignores those lines of a dependency, but the agent's authors built and tested with them.
    """
    edits = [f"-require={MODULE}@v{version}", f"-go={module['Go']}"]
    replaced, excluded = module.get("Replace") or [], module.get("Exclude") or []
    edits += [f"-replace={_at(line['Old'])}={_at(line['New'])}" for line in replaced]
    edits += [f"-exclude={_at(line)}" for line in excluded]
    return edits


def _at(module: dict[str, str]) -> str:
    return module["Path"] + (f"@{module['Version']}" if module.get("Version") else "")


def download(module: str, work: Path, environment: dict[str, str]) -> dict[str, Any]:
    """Return what `go mod download` tells of a module at a version, such as its folder."""
    text = go("mod", "download", "-json", module, folder=work, environment=environment)
    found: dict[str, Any] = json.loads(text)
    return found


def _read_module(source: dict[str, Any], work: Path, environment: dict[str, str]) -> dict[str, Any]:
    text = go("mod", "edit", "-json", source["GoMod"], folder=work, environment=environment)
    module: dict[str, Any] = json.loads(text)
    return module


def go(*args: str, folder: Path, environment: dict[str, str]) -> str:
    """Return what `go` prints; where it fails, its output ends the program."""
    done = subprocess.run(
        ["go", *args], cwd=folder, env=environment, check=False, text=True, stdout=subprocess.PIPE
    )
    if done.returncode:
        sys.exit(f"go {args[0]} failed: {done.stdout.strip()}")
    return done.stdout


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
