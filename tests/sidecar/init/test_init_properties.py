"""Properties of init --from for any file: no traceback, a readable spec, no token in any output."""

from __future__ import annotations

import contextlib
import io
import json
import os
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sidecar.cli import main
from sidecar.spec.load import load

CASES = settings(
    max_examples=int(os.environ.get("INIT_CASES", "100")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
CANARY = "canary-4711-0815"
KEYS = (
    *(
        "image",
        "build",
        "ports",
        "expose",
        "command",
        "entrypoint",
        "environment",
        "env_file",
        "volumes",
        "depends_on",
    ),
    *(
        "links",
        "network_mode",
        "restart",
        "deploy",
        "scale",
        "mem_limit",
        "cpus",
        "healthcheck",
        "profiles",
        "labels",
    ),
    *("extends", "networks", "container_name", "secrets"),
)

texts = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "web:1",
            "jaegertracing/jaeger-agent:1.35",
            "8000:8000",
            "${A:-b}",
            "${A",
            "./a:/b",
            "30s",
            "256m",
            "no",
            "[",
            "a=b",
        ]
    ),
)
scalars = st.one_of(texts, st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)
services = st.dictionaries(st.sampled_from(KEYS), values, max_size=6)
files = st.fixed_dictionaries(
    {"services": st.dictionaries(texts, services, min_size=1, max_size=4)}
)


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run in an empty folder."""
    monkeypatch.chdir(tmp_path)


def init(text: str, *options: str) -> tuple[int, str]:
    """Run init on a Compose text; return the exit code and all output, with the spec's text."""
    Path("c.yml").write_text(text, encoding="utf-8", errors="surrogateescape")
    with (
        contextlib.redirect_stdout(io.StringIO()) as out,
        contextlib.redirect_stderr(io.StringIO()) as err,
    ):
        code = main(["init", "--from", "c.yml", "--dry-run", "--output", "json", *options])
    return code, out.getvalue() + err.getvalue()


@CASES
@given(files)
def test_any_compose_file_ends_in_a_spec_that_is_read_or_in_one_message(data) -> None:
    """Exit 0 with a spec that its reader accepts, or 1 with a line; never a defect."""
    named = [f"--service={name}" for name in list(data["services"])[:1]]
    code, output = init(yaml.safe_dump(data, allow_unicode=True), *named)

    assert code in (0, 1), output
    if code == 0:
        report = json.loads(output)
        Path("sidecar.yaml").write_text(report["spec"], encoding="utf-8")
        assert report["services"] == [
            service.name for service in load([Path("sidecar.yaml")]).spec.services or ()
        ]


@CASES
@given(st.text(max_size=200))
@example("services:\n  a: {image: a, ports: [0]}\n  b: &b {extends: b}\n")
def test_any_text_ends_in_a_message(text: str) -> None:
    """One line for each text that is not a Compose file."""
    code, output = init(text.encode("utf-8", "surrogatepass").decode("utf-8", "replace"))

    assert code in (0, 1), output


FORMS = [
    {"command": ["--agent.tags=Authentication=" + CANARY]},
    {"command": f"--jaeger.tags Authentication={CANARY}"},
    {"command": ["--jaeger.tags", CANARY]},
    {"entrypoint": f"sh -c 'agent --agent.tags=a=b,Authentication={CANARY} &'"},
    {"environment": {"TRACING_TOKEN": CANARY}},
    {"environment": [f"JAEGER_TAGS=Authentication={CANARY}"]},
    {"environment": {"ENDPOINT": f"http://host/adapt_{CANARY}/api/traces"}},
    {
        "environment": {
            "X": "${TRACING_TOKEN:-" + CANARY + "}",
            "Y": "Authentication=${TRACING_TOKEN:-" + CANARY + "}",
        }
    },
    {"command": ["--agent.tags=Authentication=$${T}"], "environment": {"T": CANARY}},
]


@CASES
@given(
    st.sampled_from(FORMS),
    st.dictionaries(st.text(max_size=5), services, max_size=2),
    services,
    texts,
)
def test_a_token_of_argv_or_environment_is_in_no_output(form, others, extra, name: str) -> None:
    """In any form, next to any other settings."""
    copies = {
        "environment": {"COPY": CANARY},
        "image": "web",
        "ports": ["1:1"],
        "labels": {"l": CANARY},
    }
    agent = {"image": "web", "ports": ["2:2"], **extra, **form}
    text = yaml.safe_dump(
        {"services": {**others, "copies": copies, name or "agent": agent}}, allow_unicode=True
    )
    code, output = init(text)

    assert code in (0, 1), output
    assert CANARY not in output
