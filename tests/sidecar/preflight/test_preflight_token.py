"""The token's file, git and neighbours, with a real repository."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from sidecar.plan.agents import config_text
from sidecar.preflight import token
from sidecar.preflight.records import AgentFacts, Candidate
from sidecar.stand_in.sockets import Address

TOKEN = "shop7@0a1b2c3d4e5f6a7b8c9d_shop7@5e6f7a8b9c0d1e2f"


def git(folder, *words):
    """Run git as somebody without a configuration."""
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *words],
        cwd=folder,
        check=True,
        capture_output=True,
    )


@pytest.fixture
def rendered(tmp_path):
    """A folder with a token in it, inside a new repository."""
    git(tmp_path, "init")
    folder = tmp_path / "build"
    secrets = folder / "secrets"
    secrets.mkdir(parents=True)
    secrets.chmod(0o700)
    file = secrets / "agent.yaml"
    file.write_text(config_text(TOKEN, "agent.tags"))
    file.chmod(0o444)
    agent = AgentFacts(Address("gateway.example.com", 1883), False, 64, 0)
    return Candidate(
        "compose", "cn-shanghai", agent, folder=folder, token_file=file, tags_key="agent.tags"
    )


def found(results):
    """Return severity and id of each result."""
    return [(result.severity, result.id) for result in results]


OK = [("ok", "")]


def test_a_token_in_order_passes(rendered):
    """Form, permissions, an ignored file, and no copy."""
    (rendered.folder.parent / ".gitignore").write_text("secrets/\n")
    (rendered.folder / "docker-compose.yml").write_text("services: {}\n")

    checks = (token.check_file, token.check_git, token.check_files)
    assert [OK] * 3 == [found(check(rendered)) for check in checks]


def test_a_missing_token_file_is_an_error(rendered):
    """The agents would not start."""
    candidate = replace(rendered, token_file=rendered.folder / "none.yaml")

    assert [("error", "missing-token-file")] == found(token.check_file(candidate))
    assert [("skipped", "")] == found(token.check_files(candidate))


def test_open_permissions_are_warned_of(rendered):
    """As `sidecar token check` warns."""
    rendered.token_file.parent.chmod(0o755)

    assert [("warning", "token-folder-open")] == found(token.check_file(rendered))


def test_a_token_that_git_does_not_ignore_is_warned_of(rendered):
    """The next `git add .` would commit it."""
    assert [("warning", "token-not-ignored")] == found(token.check_git(rendered))


def test_a_token_that_git_tracks_is_an_error(rendered):
    """Ignored or not."""
    git(rendered.folder, "add", "--force", "secrets/agent.yaml")

    assert [("error", "token-in-git")] == found(token.check_git(rendered))


def test_a_token_in_an_earlier_commit_is_an_error(rendered):
    """Removing the file does not help."""
    git(rendered.folder, "add", "--force", "secrets/agent.yaml")
    git(rendered.folder, "commit", "--message", "oops")
    git(rendered.folder, "rm", "--cached", "secrets/agent.yaml")
    git(rendered.folder, "commit", "--message", "remove it")
    (rendered.folder.parent / ".gitignore").write_text("secrets/\n")

    assert [("error", "token-in-git-history")] == found(token.check_git(rendered))


def test_a_folder_outside_any_repository_passes(rendered, monkeypatch):
    """There is nothing that could publish it."""
    monkeypatch.setenv("GIT_DIR", str(rendered.folder / "none"))

    assert OK == found(token.check_git(rendered))


def test_without_git_the_check_is_skipped(rendered, monkeypatch):
    """It is not shown as passed."""
    monkeypatch.setenv("PATH", str(rendered.folder))

    assert [("skipped", "")] == found(token.check_git(rendered))


def test_a_git_that_is_slow_to_search_its_history_is_skipped(rendered, monkeypatch):
    """As after the first answer of a large repository; the other checks still report."""
    slow = rendered.folder / "git"
    slow.write_text('#!/bin/sh\ncase "$*" in *rev-parse*) echo true;; *) exec sleep 9;; esac\n')
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{rendered.folder}:/usr/bin:/bin")
    monkeypatch.setattr(token, "_GIT_SECONDS", 0.5)

    assert ["did not answer within 0.5 s"] == [each.cause for each in token.check_git(rendered)]


def test_a_copy_of_the_token_in_another_file_is_an_error(rendered):
    """The file is named, the token is not shown."""
    copy = rendered.folder / "docker-compose.yml"
    copy.write_text(f"services: {{web: {{environment: {{T: '{TOKEN}'}}}}}}\n")
    results = list(token.check_files(rendered))

    assert [("error", "token-in-rendered-file")] == found(results)
    assert str(copy) == results[0].subject
    assert TOKEN not in str(results)
