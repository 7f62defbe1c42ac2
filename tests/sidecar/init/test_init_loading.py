"""Loading a Compose file: what it extends, and what is in other folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def propose(run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Write files, run init on c.yml, return its JSON."""
    monkeypatch.chdir(tmp_path)

    def call(**texts: str) -> dict[str, Any]:
        for name, text in texts.items():
            path = Path(name.replace("__", "/") + ".yml")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        result = run("init", "--from", "c.yml", "--dry-run", "--output", "json")
        assert 0 == result.code, result.err
        report: dict[str, Any] = json.loads(result.out)
        return report

    return call


def test_paths_of_an_extended_file_are_its_own_folders(propose) -> None:
    """The spec has them as seen from its own folder, also through a chain of files."""
    report = propose(
        c="services: {web: {extends: {file: base/b.yml, service: app}, "
        "volumes: ['./own:/own'], ports: ['1:1']}}",
        base__b="services: {app: {extends: {file: ../deep/d.yml, service: app}, env_file: b.env, "
        "volumes: ['/a:/a', 'data:/n']}}",
        deep__d="services: {app: {build: ./src, volumes: ['./conf:/conf'], image: app}}",
    )

    assert 'context: "./deep/src"' in report["spec"]
    assert 'env_files: ["./base/b.env"]' in report["spec"]
    assert 'volumes: ["./deep/conf:/conf", "/a:/a", "data:/n", "./own:/own"]' in report["spec"]


@pytest.mark.parametrize(
    ("extends", "cause"),
    [
        (
            "{file: missing.yml, service: a}",
            "what it extends cannot be read (No such file or directory)",
        ),
        (
            "{file: list.yml, service: a}",
            "what it extends cannot be read (is not a map, so it is not a Compose file)",
        ),
        ('{file: "a\\0b", service: a}', "what it extends cannot be read (is not a path)"),
        ("{service: b}", "extends 'b', which the file does not have"),
        ("[b]", "extends '', which the file does not have"),
    ],
)
def test_a_broken_extends_is_a_finding(propose, extends: str, cause: str) -> None:
    """The service is taken as it is."""
    report = propose(
        c=f"services: {{web: {{image: web, ports: ['1:1'], extends: {extends}}}}}", list="[]"
    )

    assert ["web"] == report["services"]
    found = {finding["cause"]: finding["id"] for finding in report["findings"]}
    assert "broken-extends" == found[cause]


def test_a_host_network_is_a_finding(propose) -> None:
    """It is not taken over: a service has a network of its own."""
    report = propose(
        c="services: {web: {image: web, network_mode: host, "
        "environment: {JAEGER_AGENT_HOST: localhost}}}"
    )
    found = {finding["id"]: finding["cause"] for finding in report["findings"]}

    assert found["not-taken-over"].startswith("network_mode host:")
    assert "agent-host-loopback" not in found


def test_no_name_reaches_the_terminal_unescaped(propose, run) -> None:
    """A service's name cannot draw on the terminal or forge a line."""
    text = 'services: {"a\\e[31m\\nok: forged": {image: web, ports: ["1:1"]}}'
    propose(c=text)
    result = run("init", "--from", "c.yml", "--dry-run")

    assert "\x1b" not in result.err
    assert not any(line.startswith("ok: forged") for line in result.err.splitlines())
    assert "a\\x1b[31m\\nok: forged" in result.err


def test_500_services_take_no_time(propose) -> None:
    """The largest file that is read, from one anchor."""
    services = "\n".join(f"  s{n}: {{<<: *a, ports: ['{n + 1}:80']}}" for n in range(500))
    report = propose(c=f"x-a: &a {{image: web, environment: {{A: b}}}}\nservices:\n{services}\n")

    assert 500 == len(report["services"])


def test_a_huge_value_takes_no_time(propose) -> None:
    """No pattern reads a long word again and again."""
    word = "a" * 200_000
    web = f"{{image: {word}, environment: {{A: {word}, B: 'x@{word}@'}}, command: '-b {word}'}}"
    report = propose(c=f"services: {{web: {web}, b: {{image: b, ports: ['1:1']}}}}")

    assert ["b"] == report["services"]
