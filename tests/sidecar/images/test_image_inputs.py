"""Build contexts and digests, and the checkout's Dockerfiles."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from sidecar.images import agent_image, inputs, kit_images, site
from sidecar.images.agent import build

CHECKOUT = Path(__file__).parents[3]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a small folder with the checkout's own .dockerignore and files of every kind."""
    (tmp_path / ".dockerignore").write_text((CHECKOUT / ".dockerignore").read_text())
    for name in (
        "Dockerfile",
        ".env",
        "secrets/agent.yaml",
        "sidecar/cli.py",
        "sidecar/__pycache__/cli.pyc",
        "sidecar/stand_in/stubs/collector_pb2.py",
        "sample_service/frontend.py",
        "tracing/pyproject.toml",
        "build/site/pip.conf",
        "build/cn-shenzhen/docker-compose.yml",
        "local-agent.yaml",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


def test_context_holds_sources_and_no_secret(checkout: Path) -> None:
    """Tokens, .env, renderings, caches and generated stubs stay out of every image."""
    expected = [
        "build/site/pip.conf",
        "sample_service/frontend.py",
        "sidecar/cli.py",
        "tracing/pyproject.toml",
    ]

    assert expected == [path for path in inputs.context_files(checkout) if path != "Dockerfile"]


def test_tar_carries_files_and_extra_contents(checkout: Path) -> None:
    """Owners are root, the executable bit stays, extra contents come from memory."""
    (checkout / "sidecar/cli.py").chmod(0o755)

    with (
        inputs.context_tar(
            checkout, ["sidecar/cli.py", "Dockerfile"], {"build/site/ca.crt": b"PEM"}
        ) as stream,
        tarfile.open(fileobj=stream) as archive,
    ):
        entries = {entry.name: (entry.mode, entry.uid, entry.size) for entry in archive}

    expected = {
        "sidecar/cli.py": (0o755, 0, 14),
        "Dockerfile": (0o644, 0, 10),
        "build/site/ca.crt": (0o644, 0, 3),
    }
    assert expected == entries


def test_digest_follows_content_name_and_mode(checkout: Path) -> None:
    """Each changes it; a second reading does not."""
    digests = {inputs.digest_of_files(checkout, ["sidecar/cli.py"])}
    digests.add(inputs.digest_of_files(checkout, ["sidecar/cli.py"]))
    assert len(digests) == 1

    digests.add(inputs.digest_of_files(checkout, ["sidecar/cli.py"], ("base", b"1")))
    (checkout / "sidecar/cli.py").chmod(0o755)
    digests.add(inputs.digest_of_files(checkout, ["sidecar/cli.py"]))
    (checkout / "sidecar/cli.py").write_text("else")
    digests.add(inputs.digest_of_files(checkout, ["sidecar/cli.py"]))
    assert len(digests) == 4


def test_sample_is_not_rebuilt_for_a_change_of_the_helper(checkout: Path) -> None:
    """A target's digest covers only its base and what its stage copies, no host settings."""
    before = {
        target: kit_images.kit_inputs(checkout, target, "base") for target in kit_images.TARGETS
    }
    (checkout / "sidecar/cli.py").write_text("changed")
    (checkout / "build/site/pip.conf").write_text("changed")
    after = {
        target: kit_images.kit_inputs(checkout, target, "base") for target in kit_images.TARGETS
    }

    assert before["sample"] == after["sample"]
    assert before["gateway"] != after["gateway"]
    assert before["sample"] != kit_images.kit_inputs(checkout, "sample", "another base")


def test_every_source_that_a_stage_copies_counts(checkout: Path) -> None:
    """Each COPY source is in the digest of its target, except the host's settings."""
    stages = re.split(r"^FROM ", (CHECKOUT / "Dockerfile").read_text(), flags=re.MULTILINE)
    tools, *others = [
        stage for stage in stages if stage.split("\n")[0].endswith((" tools", "-build"))
    ]
    builds = {"tools": tools, **{stage.split("\n")[0].split()[-1]: stage for stage in others}}

    for target, counted in kit_images.TARGETS.items():
        lines = re.findall(
            r"^COPY (?!--from)(.+) \S+$", tools + builds[f"{target}-build"], re.MULTILINE
        )
        copied = {word for line in lines for word in line.split() if not word.startswith("buil[d]")}
        assert copied == {word for word in copied if inputs.selected([word], counted)}, target


@pytest.mark.parametrize("path", ["Dockerfile", "sidecar/images/agent/Dockerfile"])
def test_dockerfiles_suit_every_builder_and_carry_no_settings(path: str) -> None:
    """No BuildKit syntax; no mirror, proxy or authority in an ARG or ENV of a final image."""
    lines = (CHECKOUT / path).read_text().splitlines()

    assert [] == [
        line for line in lines if line.startswith("# syntax") or "--mount" in line.split("#")[0]
    ]
    names = ("INDEX_URL", "PROXY", "CERT_FILE", "PIP_CERT")
    assert [] == [
        line
        for line in lines
        if line.startswith(("ARG", "ENV")) and any(name in line for name in names)
    ]


def test_agents_image_is_laid_out_as_the_official_one() -> None:
    """Path, user, ports and entry point are those of jaegertracing/jaeger-agent:1.62.0."""
    final = (CHECKOUT / "sidecar/images/agent/Dockerfile").read_text().split("FROM scratch")[1]

    for line in (
        "USER 10001",
        "EXPOSE 5775/udp 6831/udp 6832/udp 5778/tcp 14271/tcp",
        'ENTRYPOINT ["/go/bin/agent-linux"]',
    ):
        assert line in final.splitlines()


def test_agents_digest_follows_its_version() -> None:
    """Two versions are two images."""
    assert agent_image.agent_inputs("1.62.0") != agent_image.agent_inputs("1.61.0")


def test_agents_digest_follows_all_that_its_build_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed source gives another image."""
    folder = tmp_path / "agent"
    shutil.copytree(agent_image.FOLDER, folder)
    monkeypatch.setattr(agent_image, "FOLDER", folder)
    (line,) = re.findall(
        r"^COPY (?!--from)(.+) site\* \S+$", (folder / "Dockerfile").read_text(), re.MULTILINE
    )

    digests = {agent_image.agent_inputs("1.62.0")}
    for name in ("Dockerfile", *line.split()):
        (folder / name).write_text("changed")
        digests.add(agent_image.agent_inputs("1.62.0"))
    assert 4 == len(digests)


def test_go_works_below_its_own_folder_with_the_sites_settings(tmp_path: Path) -> None:
    """Mirrors come from environment.json, trust from ca.crt; without them Go's defaults stay."""
    (tmp_path / "environment.json").write_text(json.dumps({"GOPROXY": "https://go.example.com"}))
    (tmp_path / "ca.crt").write_text("PEM")

    found = build.go_environment({"PATH": "/bin"}, tmp_path, Path("/work"))

    assert ("/bin", "https://go.example.com", f"{tmp_path}/ca.crt") == (
        found["PATH"],
        found["GOPROXY"],
        found["SSL_CERT_FILE"],
    )
    assert {"/work/go", "/work/cache"} == {found["GOPATH"], found["GOCACHE"]}
    bare = build.go_environment({}, tmp_path / "none", Path("/work"))
    assert not {"GOPROXY", "SSL_CERT_FILE"} & set(bare)


def test_agent_is_built_under_its_own_replace_and_exclude_lines() -> None:
    """Go ignores those of a dependency."""
    module = {
        "Go": "1.22.0",
        "Replace": [{"Old": {"Path": "a"}, "New": {"Path": "b", "Version": "v1"}}],
        "Exclude": [{"Path": "c", "Version": "v2"}],
    }

    expected = [
        f"-require={build.MODULE}@v1.62.0",
        "-go=1.22.0",
        "-replace=a=b@v1",
        "-exclude=c@v2",
    ]
    assert expected == build.edits_for("1.62.0", module)


FAKE_GO = """#!/bin/sh
echo "$@" >> "$GO_LOG"
case "$1 $2" in
  "mod download") echo "{\\"Dir\\": \\"$GO_DIR\\", \\"GoMod\\": \\"$GO_DIR/go.mod\\"}" ;;
  "mod edit") [ "$3" != -json ] || echo '{"Go": "1.22.0"}' ;;
  "build -trimpath") touch "$6" ;;
  "mod tidy") [ -z "$GO_FAILS" ] || { echo "gone"; exit 1; } ;;
esac
"""


@pytest.mark.parametrize("fails", ["", "yes"])
def test_build_program_writes_the_agent_and_its_license(tmp_path: Path, fails: str) -> None:
    """As in the build container; a failed go ends it with go's output."""
    (tmp_path / "go").write_text(FAKE_GO)
    (tmp_path / "go").chmod(0o755)
    (tmp_path / "LICENSE").write_text("Apache")
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "GO_LOG": f"{tmp_path}/log",
        "GO_DIR": str(tmp_path),
        "GO_FAILS": fails,
    }

    done = subprocess.run(
        [sys.executable, "-m", build.__name__, "1.62.0", str(tmp_path / "out")],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )

    if fails:
        assert (1, "go mod failed: gone\n") == (done.returncode, done.stderr)
        return
    assert {"agent-linux", "LICENSE", "sleep"} == {
        path.name for path in (tmp_path / "out").iterdir()
    }
    assert f"-X {build.STAMP}=v1.62.0" in (tmp_path / "log").read_text()


def test_sites_files_reach_both_builds() -> None:
    """The folders that the Dockerfiles copy are the ones that the builds fill."""
    assert (
        f"COPY LICENSE {kit_images.SITE_FOLDER.replace('build', 'buil[d]')}/* {site.FOLDER}/"
        in (CHECKOUT / "Dockerfile").read_text()
    )
    assert (
        f"COPY build.py sleep.go site* {site.FOLDER}/"
        in (agent_image.FOLDER / "Dockerfile").read_text()
    )
