"""Findings and errors as text and as data."""

from __future__ import annotations

import json

import pytest

from sidecar.errors import SidecarError, UsageError
from sidecar.findings import Finding, Severity, failed, without

FULL = Finding(Severity.ERROR, "frontend", "sidecar.yaml:3", "has no image", "Give one")


@pytest.mark.parametrize(
    ("finding", "text"),
    [
        (FULL, "sidecar.yaml:3: frontend: has no image. Give one"),
        (Finding(Severity.OK, "gateway", "", "answers"), "gateway: answers"),
    ],
)
def test_a_finding_reads_as_place_subject_cause_fix(finding: Finding, text: str) -> None:
    """What is empty leaves no trace."""
    assert text == str(finding)


def test_a_finding_is_json() -> None:
    """The severity is its word."""
    expected = {
        "severity": "error",
        "subject": "frontend",
        "place": "sidecar.yaml:3",
        "cause": "has no image",
        "fix": "Give one",
        "id": "",
    }

    assert expected == json.loads(json.dumps(FULL.as_dict()))


@pytest.mark.parametrize(
    ("severities", "expected"),
    [
        ([], False),
        ([Severity.OK, Severity.WARNING], False),
        ([Severity.WARNING, Severity.ERROR], True),
    ],
)
def test_only_an_error_fails(severities: list[Severity], expected: bool) -> None:
    """Warnings and proofs do not make a command exit 1."""
    assert expected == failed([Finding(severity, "s", "p", "c") for severity in severities])


def test_findings_of_an_ignored_rule_are_counted_not_kept() -> None:
    """An error stays: it cannot be ignored."""
    tag, rights, token = (
        Finding(Severity.WARNING, "web", "", "floats", id="floating-image-tag"),
        Finding(Severity.WARNING, "token", "", "is readable", id="token-file-rights"),
        Finding(Severity.ERROR, "token", "", "is missing", id="missing-token-file"),
    )

    expected = ([rights, token], 2)

    assert expected == without([tag, rights, tag, token], [tag.id, token.id])


def test_a_rule_is_ignored_for_a_subject_and_its_fields() -> None:
    """Not for another whose name begins alike, and not if it is an error."""
    service, field, other = (
        Finding(Severity.WARNING, subject, "", "c", id="a-rule")
        for subject in ("services.web", "services.web.environment.X", "services.web-2.image")
    )
    error = Finding(Severity.ERROR, "services.web", "", "c", id="a-rule")

    assert ([other, error], 2) == without(
        [service, field, other, error], [], {"services.web": ["a-rule"]}
    )


@pytest.mark.parametrize(
    ("error", "text", "code"),
    [
        (SidecarError("subject", "cause", "fix"), "subject: cause. fix", 1),
        (SidecarError("subject", "cause"), "subject: cause", 1),
        (SidecarError("subject", "cause", "fix", id="a-rule"), "subject: cause. fix [a-rule]", 1),
        (UsageError("subject", "cause"), "subject: cause", 2),
    ],
)
def test_an_error_owns_its_text_and_exit_code(error: SidecarError, text: str, code: int) -> None:
    """The command line prints the text and exits with the code."""
    assert (text, code) == (str(error), error.exit_code)
