"""Every bad spec and token with the exact message it gets, as text and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bad_specs import SPECS
from bad_tokens import CANARY, TOKENS

SPEC = Path("sidecar.yaml")
TOKEN = Path("token.txt")


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch, tmp_path) -> None:
    """Run in an empty folder, and without Compose: each answer is the kit's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))


def test_there_are_enough() -> None:
    """As many as the table promises."""
    assert len(SPECS) >= 60
    assert len(TOKENS) >= 30


def test_bad_specs_as_text(run, golden) -> None:
    """`sidecar render`: place, cause, fix on standard error, exit code 1, nothing written."""
    golden(
        "bad-input/specs.txt",
        "\n".join(_rendered(run, name, content) for name, content in SPECS.items()),
    )


def _rendered(run, name: str, content: bytes) -> str:
    SPEC.write_bytes(content)
    result = run("render", "--file", SPEC, "--out", "out")
    assert (1, "") == (result.code, result.out), name
    assert [SPEC] == list(Path().iterdir()), name
    return f"# {name}\n{result.err}"


def test_bad_specs_as_json(run, golden) -> None:
    """`sidecar validate --output json`: the same, each part on its own."""
    found = {name: _validated(run, name, content) for name, content in SPECS.items()}

    golden("bad-input/specs.json", json.dumps(found, indent=2, ensure_ascii=False) + "\n")


def _validated(run, name: str, content: bytes) -> list[dict]:
    SPEC.write_bytes(content)
    result = run("validate", "--file", SPEC, "--output", "json")
    data = json.loads(result.out)
    assert (1, False, "") == (result.code, data["ok"], result.err), name
    errors = [finding for finding in data["findings"] if finding["severity"] == "error"]
    assert all(finding["cause"] and finding["fix"] for finding in errors), name
    assert all(finding["id"] for finding in data["findings"]), name
    return errors


def test_both_forms_say_the_same(run) -> None:
    """A line of text is place, subject, cause, fix and id of the JSON."""
    for name, content in SPECS.items():
        SPEC.write_bytes(content)
        text = (
            run("render", "--file", SPEC, "--out", "out").err.removeprefix("sidecar: ").splitlines()
        )
        parts = [
            ": ".join(filter(None, (one["place"], one["subject"], one["cause"])))
            + f". {one['fix']} [{one['id']}]"
            for one in _validated(run, name, content)
        ]
        assert text == parts, name


def test_bad_tokens_as_text(run, golden) -> None:
    """`sidecar token set`: the message, no token, exit code 1 and nothing written, or a warning."""
    golden(
        "bad-input/tokens.txt",
        "\n".join(_set(run, name, content) for name, content in TOKENS.items()),
    )


def _set(run, name: str, content: bytes) -> str:
    TOKEN.write_bytes(content)
    TOKEN.chmod(0o600)
    Path("out").mkdir(exist_ok=True)
    result = run("token", "set", "--file", TOKEN, "--out", "out")
    assert Path("out/secrets").exists() == (result.code == 0), name
    assert not _holds_canary(result.out + result.err), name
    if result.code == 0:
        Path("out/secrets/agent.yaml").unlink()
        Path("out/secrets/forwarder/token").unlink()
        Path("out/secrets/forwarder").rmdir()
        Path("out/secrets").rmdir()
    return f"# {name}: exit code {result.code}\n{result.err}"


def test_bad_tokens_as_json(run, golden) -> None:
    """`sidecar token check --output json`: every error at once, no token, no fingerprint."""
    golden(
        "bad-input/tokens.json",
        json.dumps({name: _check(run, name) for name in TOKENS}, indent=2) + "\n",
    )


def _check(run, name: str) -> dict:
    TOKEN.write_bytes(TOKENS[name])
    TOKEN.chmod(0o600)
    result = run("token", "check", "--file", TOKEN, "--output", "json")
    assert not _holds_canary(result.out + result.err), name
    data = json.loads(result.out)
    if "error" in data:  # what is not text is reported before it is checked
        assert (False, 1) == (data["ok"], result.code), name
        return data
    assert data["ok"] == (result.code == 0) == bool(data["fingerprint"]), name
    return {key: data[key] for key in ("ok", "findings")}


def _holds_canary(text: str) -> bool:
    return CANARY[:6] in text
