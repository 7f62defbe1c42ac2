"""Build the collector with its own builder and the `go` on PATH, inside the build container.

`python3 -m sidecar.images.collector.build MANIFEST FOLDER` writes FOLDER/otelcol-k8s and its
FOLDER/LICENSE. Of the kit it imports the agent's build alone, which imports nothing.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from sidecar.images.agent.build import SITE, download, go, go_environment

BUILDER = "go.opentelemetry.io/collector/cmd/builder"
PROGRAM = "otelcol-k8s"


def main(manifest: Path, out: Path) -> None:
    """Build what a manifest names; a failed `go` ends the program with go's output."""
    text = manifest.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="collector-") as scratch:
        work = Path(scratch)
        environment = go_environment(dict(os.environ), SITE, work)
        builder = f"{BUILDER}@v{version_of(text)}"
        go("run", builder, f"--config={manifest.resolve()}", folder=work, environment=environment)
        out.mkdir(parents=True, exist_ok=True)
        shutil.copy(output_of(text) / PROGRAM, out / PROGRAM)
        source = download(builder, work, environment)
        shutil.copyfile(Path(source["Dir"]) / "LICENSE", out / "LICENSE")


def version_of(manifest: str) -> str:
    """Return the release that a manifest builds."""
    return _value(manifest, "version")


def output_of(manifest: str) -> Path:
    """Return the folder that the builder writes to."""
    return Path(_value(manifest, "output_path"))


def _value(manifest: str, key: str) -> str:
    found = re.search(rf"(?m)^  {key}: (\S+)$", manifest)
    if not found:
        sys.exit(f"the manifest names no {key}")
    return found[1]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
