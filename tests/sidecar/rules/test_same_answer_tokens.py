"""`sidecar token` and masking answer the corpus as the rules do."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import rule_corpus as corpus

from sidecar.errors import SidecarError
from sidecar.rules import catalogue, recognition

FILE = Path("token.txt")


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch, tmp_path) -> None:
    """Run in an empty folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def failing(run, monkeypatch, tmp_path):
    """Run a command that fails with an error; return all that is shown and kept of it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def call(error: Exception) -> str:
        def fail(_) -> int:
            raise error

        monkeypatch.setitem(sys.modules, "sidecar.commands.regions", SimpleNamespace(run=fail))
        result = run("regions")
        logs = [log.read_text() for log in tmp_path.glob("sidecar-defect-*.log")]
        return "\n".join((result.err, *logs))

    return call


def paste(text: str) -> None:
    """Save what a user copied."""
    FILE.write_text(text)
    FILE.chmod(0o600)


@pytest.mark.parametrize(("text", "rule"), corpus.PASTED.items())
def test_token_check_finds_what_the_rules_find(run, text: str, rule: str) -> None:
    """With the rule's severity, and never the token."""
    paste(text)
    result = run("token", "check", "--file", FILE, "--output", "json")
    found = json.loads(result.out)["findings"]

    assert [rule] * bool(rule) == [finding["id"] for finding in found]
    assert all(catalogue.rules()[rule].severity.value == one["severity"] for one in found)
    assert corpus.TOKEN not in result.out + result.err


@pytest.mark.parametrize("action", ["set", "rotate"])
@pytest.mark.parametrize(("text", "rule"), corpus.PASTED.items())
def test_token_set_and_rotate_refuse_what_token_check_refuses(
    run, action: str, text: str, rule: str
) -> None:
    """They name the rule, and warn where it is a warning."""
    paste(text)
    checked = run("token", "check", "--file", FILE)
    result = run("token", action, "--file", FILE)

    assert checked.code == result.code == int(not Path("secrets/agent.yaml").exists())
    assert bool(rule) == result.err.endswith(f"[{rule}]\n")
    assert corpus.TOKEN not in result.err


@pytest.mark.parametrize(("text", "rule"), corpus.PASTED.items())
def test_a_kept_token_is_judged_as_a_pasted_one(run, text: str, rule: str) -> None:
    """In an agent's file, which somebody wrote by hand."""
    token = recognition.strip(text)
    FILE.write_text(json.dumps({"agent": {"tags": f"Authentication={token}"}}))
    folder = Path("secrets")
    folder.mkdir(mode=0o700)
    FILE.rename(folder / "agent.yaml").chmod(0o444)
    result = run("token", "check", "--output", "json")

    assert [rule] * bool(rule) == [finding["id"] for finding in json.loads(result.out)["findings"]]


@pytest.mark.parametrize("error", [SidecarError, ValueError])
@pytest.mark.parametrize(("text", "found"), corpus.TOKENS.values(), ids=corpus.TOKENS)
def test_no_error_shows_what_the_rules_call_a_token(failing, error, text: str, found: list) -> None:
    """Neither a known error's message nor the log of a defect."""
    shown = failing(error(text, "") if error is SidecarError else error(text))

    assert recognition.mask(text) in shown
    assert [] == [token for token in found if token in shown.replace(recognition.MASK, "")]


@pytest.mark.parametrize("text", corpus.NO_TOKENS.values(), ids=corpus.NO_TOKENS)
def test_an_error_shows_what_the_rules_call_no_token(failing, text: str) -> None:
    """Masking takes nothing else away."""
    assert text in failing(SidecarError(text, ""))
