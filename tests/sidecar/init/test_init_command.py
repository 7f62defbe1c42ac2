"""`sidecar init` as a command: what it writes, what it never overwrites, what it asks."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest
import yaml

from sidecar.image_names import IMAGES_COMMENT
from sidecar.init.document import document
from sidecar.spec.load import load
from sidecar.spec.table import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

COMPOSE = "services: {web: {image: 'web:1', environment: {JAEGER_TRACEID_128BIT: 'true'}}}\n"


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run in an empty folder."""
    monkeypatch.chdir(tmp_path)


def files() -> list[str]:
    """Return what is in the folder."""
    return sorted(path.name for path in Path().iterdir())


def test_without_a_terminal_the_defaults_are_written(run) -> None:
    """The region `local`, the sample's services, and the next commands, without a token."""
    result = run("init")

    assert (0, "") == (result.code, result.err)
    assert ["sidecar.schema.json", "sidecar.yaml"] == files()
    assert [
        "sidecar.yaml: written for local (public): the sample's services",
        "sidecar.schema.json: written, for the editor",
        "",
        "next:",
        "  sidecar plan --file sidecar.yaml",
        "  sidecar render --file sidecar.yaml",
        f"  sidecar images --file sidecar.yaml --out build/local  {IMAGES_COMMENT}",
        "  docker compose -f build/local/docker-compose.yml up --detach --wait",
        "  sidecar verify --out build/local",
    ] == result.out.splitlines()
    assert "local" == load([Path("sidecar.yaml")]).spec.region


def test_the_file_begins_with_the_editors_line(run) -> None:
    """It names the schema next to it, which `sidecar schema` prints and which accepts the file."""
    run("init", "--region", "cn-shanghai", "--network", "vpc")
    text, schema = Path("sidecar.yaml").read_text(), Path("sidecar.schema.json").read_text()

    assert "# yaml-language-server: $schema=sidecar.schema.json" == text.splitlines()[0]
    assert run("schema").out == schema
    jsonschema.validate(yaml.safe_load(text), json.loads(schema))
    assert "vpc" == load([Path("sidecar.yaml")]).spec.gateway.network


def test_each_field_is_shown(run) -> None:
    """Each has a line with its doc; not the second of two that exclude each other."""
    text = run("init", "--dry-run").out
    expected = {path for path, _ in walk()}
    expected -= {
        path for path in expected if path.startswith(("services[].build", "services[].volumes[]."))
    }

    assert {"compose", "services[].health.http"} == {
        path for path, field in walk() if path in expected and f"# {field.doc}\n" not in text
    }


def test_each_comment_can_be_removed(run, golden) -> None:
    """Without the `# ` of each commented key the file is still a spec, and all of it is read.

    All but those of a collector and of a job, which need its kind, as their docs say, and an
    autoscaler, which takes the place of replicas.
    """
    text = run("init", "--dry-run").out
    golden("init/default.yaml", text)
    text = re.sub(r"(?m)^#   (buffer|disk|collector): .*\n", "", text)
    text = re.sub(r"(?m)^#       autoscaling: .*\n", "", text)
    text = re.sub(r"(?m)^#     job: .*\n(#       .*\n)+", "", text)
    Path("all.yaml").write_text(re.sub(r"(?m)^( *)# (?=[ -]*\w+:(?! `))", r"\1", text))
    spec = load([Path("all.yaml")]).spec

    assert "gateway.example.com" == spec.gateway.host
    assert ["orders"] == [service.name for service in spec.services or ()]
    assert 30 == next(iter(spec.services or ())).health.start_period_s


def test_a_value_is_dumped_as_data(tmp_path: Path) -> None:
    """No value of a service can become a key, a comment or a document."""
    values = [
        "a: b",
        "# c",
        "x\n privileged: true",
        "---",
        "{{ x }}",
        "no",
        "1e3",
        "",
        " ",
        "ü\U0001f600",
        "'\"",
        "*a",
        "&a",
    ]
    service = {
        "name": "web",
        "image": "web",
        "command": values,
        "environment": {f"V{n}": value for n, value in enumerate(values)},
    }
    (tmp_path / "s.yaml").write_text(document({"region": "local", "services": [service]}, "s.yaml"))
    read = next(iter(load([tmp_path / "s.yaml"]).spec.services or ()))

    assert tuple(values) == read.command
    assert values == list(read.environment.values())


@pytest.mark.parametrize("name", ["sidecar.yaml", "sidecar.schema.json"])
def test_nothing_is_overwritten(run, name: str) -> None:
    """An existing file stays, also one with the schema's name; --force replaces it."""
    Path(name).write_text("mine")
    refused = run("init")

    assert 1 == refused.code
    assert f"sidecar: {name}: already exists" in refused.err
    assert ([name], "mine") == (files(), Path(name).read_text())
    assert 0 == run("init", "--force").code
    assert "mine" != Path(name).read_text()


def test_the_kits_own_schema_is_renewed(run) -> None:
    """A schema that init wrote before is replaced."""
    run("init")
    Path("sidecar.yaml").unlink()

    assert 0 == run("init").code


@pytest.mark.parametrize("name", ["sidecar.yaml", "sidecar.schema.json"])
def test_links_and_folders_are_not_replaced(run, name: str) -> None:
    """Even with --force; the other file is not written either."""
    Path(name).symlink_to("elsewhere")
    result = run("init", "--force")

    assert (1, f"sidecar: {name}: is a link or a folder. Name a file with --out\n") == (
        result.code,
        result.err,
    )
    assert [name] == files()


@pytest.mark.parametrize(
    "out",
    [
        "c.yml",
        "hard.yml",
        "linked.yml",
        "base.yml",
        "parts/one.yml",
        "two.yml",
        "three.yml",
        ".env",
        "w.env",
    ],
)
def test_what_it_reads_is_never_written_to(run, out: str) -> None:
    """Nor what that extends or includes, under any name, even with --force."""
    Path("parts").mkdir()
    for name in ("base.yml", "parts/one.yml", "two.yml", "three.yml"):
        Path(name).write_text("services: {base: {image: 'web:1'}}\n")
    for name in (".env", "w.env"):
        Path(name).write_text("A=1\n")
    Path("compose.yml").write_text(
        "include: [parts/one.yml, {path: two.yml}, {path: [three.yml]}]\n"
        "services: {web: {environment: [JAEGER_AGENT_PORT=6831], env_file: w.env, "
        "extends: {file: base.yml, service: base}}}\n"
    )
    Path("hard.yml").hardlink_to("compose.yml")
    Path("c.yml").symlink_to("compose.yml")
    Path("linked.yml").symlink_to("c.yml")
    before = {name: Path(name).read_text() for name in ("compose.yml", out)}
    result = run("init", "--from", "c.yml", "--region", "cn-beijing", "--out", out, "--force")

    assert 1 == result.code
    assert (
        f"sidecar: {out}: belongs to the Compose file, which is only read. Name another"
        in result.err
    )
    assert before == {name: Path(name).read_text() for name in before}


def test_the_schema_is_not_written_over_what_it_reads(run) -> None:
    """A Compose file with the schema's name stays, too."""
    Path("sidecar.schema.json").write_text(COMPOSE)
    result = run("init", "--from", "sidecar.schema.json", "--region", "cn-beijing", "--force")

    assert (1, COMPOSE) == (result.code, Path("sidecar.schema.json").read_text())
    assert ["sidecar.schema.json"] == files()


def test_a_spec_that_cannot_be_read_is_reported(run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of another owner: the path and the system's words, no defect in the kit."""

    def denied(path: Path, **_options: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "exists", denied)
        result = run("init", "--diff")

    assert 1 == result.code
    assert (
        "sidecar.yaml: cannot be read: Permission denied. Check the path and its permissions"
        in result.err
    )


def test_a_missing_folder_is_reported(run) -> None:
    """One line, no file."""
    result = run("init", "--out", "missing/sidecar.yaml")

    assert 1 == result.code
    assert "cannot be written: No such file or directory" in result.err


def test_a_write_that_fails_leaves_nothing(run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk at the last moment: the folder is as it was."""

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    result = run("init")

    assert (1, []) == (result.code, files())
    assert "No space left on device" in result.err


def test_a_dry_run_prints_only_the_spec(run) -> None:
    """The spec to standard output, for a pipe; findings to standard error; nothing is written."""
    Path("c.yml").write_text(COMPOSE)
    result = run("init", "--from", "c.yml", "--dry-run")

    assert (0, ["c.yml"]) == (result.code, files())
    assert [{"name": "web"}] == yaml.safe_load(result.out)["services"]
    assert "warning: region: is not named" in result.err


def test_a_diff_shows_what_would_change(run) -> None:
    """Exit 1 with a unified diff where the file differs, else 0; nothing is written."""
    Path("c.yml").write_text(COMPOSE)
    run("init", "--from", "c.yml", "--region", "cn-beijing")
    before = Path("sidecar.yaml").read_text()
    same = run("init", "--from", "c.yml", "--region", "cn-beijing", "--diff")
    other = run("init", "--from", "c.yml", "--region", "cn-hangzhou", "--diff")

    assert (0, "") == (same.code, same.out)
    assert 1 == other.code
    assert "-region: cn-beijing" in other.out
    assert "+region: cn-hangzhou" in other.out
    assert before == Path("sidecar.yaml").read_text()


def test_a_region_without_such_a_host_is_refused(run) -> None:
    """A spec that plan would refuse is not written."""
    result = run("init", "--region", "local", "--network", "vpc")
    message = "region local: has no vpc host. Use --network public [network-without-host]"

    assert (1, f"sidecar: {message}\n") == (
        result.code,
        result.err,
    )
    assert [] == files()


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """Run the command on a terminal of its own."""
    started = Terminal()
    yield started
    started.close()


class Terminal:
    """A pseudo-terminal with the command on it."""

    def __init__(self) -> None:
        self.seen = ""
        self._main, self._side = pty.openpty()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *arguments: str) -> None:
        """Start the command."""
        command = [sys.executable, "-m", "sidecar", "init", *arguments]
        self._process = subprocess.Popen(
            command, stdin=self._side, stdout=self._side, stderr=self._side
        )

    def answer(self, prompt: str, text: str) -> None:
        """Wait for a prompt, then type a line."""
        self._until(prompt)
        self.seen = ""
        os.write(self._main, text.encode())

    def interrupt(self) -> None:
        """Send what Ctrl-C sends."""
        assert self._process
        while self._process.poll() is None:
            self._process.send_signal(
                signal.SIGINT
            )  # one that comes just before the read is seen after it
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(2)

    def end(self) -> int:
        """Return the exit code; all output is in `seen`."""
        assert self._process
        code = self._process.wait(20)
        while select.select([self._main], [], [], 0)[0]:
            self.seen += os.read(self._main, 65536).decode(errors="replace")
        return code

    def close(self) -> None:
        """End what runs still."""
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._main)
        os.close(self._side)

    def _until(self, prompt: str) -> None:
        deadline = time.monotonic() + 20
        while prompt not in self.seen:
            assert select.select([self._main], [], [], max(0, deadline - time.monotonic()))[0], (
                self.seen
            )
            self.seen += os.read(self._main, 65536).decode(errors="replace")


def test_a_terminal_is_asked(terminal: Terminal) -> None:
    """Region, network, name, image and port; after a wrong answer the nearest, and again."""
    terminal.start()
    terminal.answer("Region (`sidecar regions` lists them) [local]: ", "cn-shangai\n")
    terminal.answer("Did you mean cn-shanghai", "cn-shanghai\n")
    terminal.answer("Network (public or vpc) [public]: ", "private\n")
    terminal.answer("Use public or vpc", "vpc\n")
    terminal.answer("Service (Enter: the sample's two): ", "Orders Two\n")
    terminal.answer("contains a space", "orders\n")
    terminal.answer("Its image [registry.example.com/web:1.0]: ", "registry.example.com/orders:2\n")
    terminal.answer("The port that it listens on [8000]: ", "70000\n")
    terminal.answer("is not a port", "\n")

    assert 0 == terminal.end()
    spec = load([Path("sidecar.yaml")]).spec
    service = next(iter(spec.services or ()))
    assert ("cn-shanghai", "vpc") == (spec.region, spec.gateway.network)
    assert ("orders", "registry.example.com/orders:2", 8000) == (
        service.name,
        service.image,
        service.port,
    )


def test_enter_takes_every_default(terminal: Terminal) -> None:
    """Enter: the sample on `local`; what a flag gives is not asked."""
    terminal.start("--network", "public")
    terminal.answer("Region", "\n")
    terminal.answer("Service", "\n")

    assert 0 == terminal.end()
    assert "sidecar.yaml: written for local (public): the sample's services" in terminal.seen


def test_an_end_of_input_is_no_answer(terminal: Terminal) -> None:
    """Ctrl-D: one line, nothing written."""
    terminal.start()
    terminal.answer("Region", "\x04")

    assert 1 == terminal.end()
    assert "sidecar: init: has no answer. Give the answers as flags" in terminal.seen
    assert [] == files()


def test_an_interrupt_leaves_nothing(terminal: Terminal) -> None:
    """Ctrl-C exits 130."""
    terminal.start()
    terminal.answer("Region", "")
    terminal.interrupt()

    assert 130 == terminal.end()
    assert [] == files()


def test_a_compose_file_without_a_gateway_asks_for_the_region(terminal: Terminal) -> None:
    """On a terminal init asks only what the file does not say."""
    Path("c.yml").write_text(COMPOSE)
    terminal.start("--from", "c.yml")
    terminal.answer("Region", "eu-central-1\n")

    assert 0 == terminal.end()
    assert "written for eu-central-1 (public): services web" in terminal.seen


def test_an_ignored_warning_is_counted(run) -> None:
    """In the text and in JSON; it does not change the spec."""
    Path("c.yml").write_text(COMPOSE.replace("web:1", "web:latest"))
    arguments = ("init", "--from", "c.yml", "--region", "cn-beijing", "--dry-run")
    before = run(*arguments)
    ignoring = (*arguments, "--ignore", "floating-image-tag")
    text, data = run(*ignoring), json.loads(run(*ignoring, "--output", "json").out)

    assert "[floating-image-tag]" in before.err
    assert "[floating-image-tag]" not in text.err
    assert "1 ignored\n" in text.err
    assert (1, []) == (
        data["ignored"],
        [finding for finding in data["findings"] if finding.get("id") == "floating-image-tag"],
    )
    assert before.out == text.out
