"""The token as a value of the chart: judged by the rule book, as everywhere."""

from __future__ import annotations

import json

import pytest
import rule_corpus as corpus
import yaml
from helm_charts import CHART, one, run_helm, template

from sidecar.rules import recognition, tokens

REGION = "standIn.enabled=false,gateway.host=gateway.example.com"
ONLY = ("--show-only", "templates/secret.yaml")
GIVEN = {
    text: rule
    for text, rule in corpus.PASTED.items()
    if recognition.strip(text) == text and "\0" not in text
}
"""Helm's YAML takes no NUL, and the chart strips nothing."""


def values(folder, token: str):
    """Return the flags that give a token by a values file."""
    (folder / "values.yaml").write_text(json.dumps({"token": token}))
    return ("-f", folder / "values.yaml", "--set", REGION)


@pytest.mark.parametrize(("text", "rule"), GIVEN.items())
def test_the_chart_refuses_what_the_rule_book_does(text: str, rule: str, tmp_path) -> None:
    """With the same id; a warning refuses nothing, and the token is never shown."""
    done = run_helm("template", "demo", CHART, *ONLY, *values(tmp_path, text))
    broken = tokens.broken_rules(text)

    assert bool(broken) == (done.returncode != 0), done.stderr
    if broken:
        assert f"token: {broken[0].cause}. {broken[0].fix} [{rule}]" in done.stderr
        assert corpus.TOKEN not in done.stderr


def test_what_is_pasted_along_is_refused(tmp_path) -> None:
    """`sidecar token` strips it; the chart says what to remove."""
    done = run_helm("template", "demo", CHART, *values(tmp_path, f"Authentication={corpus.TOKEN}"))

    assert "token: begins with Authentication=. Give only what follows it" in done.stderr


@pytest.mark.parametrize("token", [corpus.TOKEN, "a\\b@c_d@e", "a$b#c@d_e:{f}@[g]%h"])
def test_an_accepted_token_arrives_unchanged(token: str, tmp_path) -> None:
    """In the Secret's agent.yaml, whatever YAML or the template would make of its characters."""
    secret = one(template(CHART, *ONLY, *values(tmp_path, token)), "Secret", "demo-token")
    config = yaml.safe_load(secret["stringData"]["agent.yaml"])

    assert {"agent": {"tags": f"Authentication={token}"}} == config
