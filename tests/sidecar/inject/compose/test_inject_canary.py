"""A canary over a Compose file that exists: names, networks, and what is refused."""

import pytest
import yaml

FILE, OVERLAY = "docker-compose.yml", "docker-compose.tracing.yml"
CANARY = "region: local\nagent: {canary: collector}\n"
CROWDED = """\
services:
  web: {image: "example.com/web:1", environment: {JAEGER_AGENT_HOST: agent}, profiles: [shop]}
  web-canary: {image: "redis:7"}
  web-copier: {image: "redis:7"}
volumes: {web-canary-tracing-queue: {}}
networks: {web-copies: {}}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the folder of a stack with a spec, which is the current one."""
    (tmp_path / FILE).write_text(CROWDED)
    (tmp_path / "sidecar.yaml").write_text(CANARY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_its_parts_have_names_that_are_free(folder, run):
    """And the service's profile; the copier has the agent's name for the service alone."""
    before = sorted(path.name for path in folder.iterdir())
    done = run("inject", FILE, "--file", "sidecar.yaml")
    assert 0 == done.code, done.err
    text = (folder / OVERLAY).read_text().replace("!override", "").replace("!reset", "")
    overlay = yaml.safe_load(text)
    services = overlay["services"]
    agent, collector, copier = (
        services[f"web-{name}"] for name in ("agent", "canary-tracing", "copier-tracing")
    )

    assert [["shop"]] * 3 == [each["profiles"] for each in (agent, collector, copier)]
    private = "web-tracing-copies"
    assert {"tracing-gateway": {}, private: {"aliases": ["web-agent-itself"]}} == agent["networks"]
    assert ["tracing-forwarder", private] == collector["networks"]
    assert {"web-tracing": {"aliases": ["web-agent"]}, private: {}} == copier["networks"]
    to = [word for word in copier["command"] if word.startswith("--to=")]
    assert ["--to=web-agent-itself:6831", "--to=web-canary-tracing:6831"] == to
    assert {"web-agent", "web-copier-tracing"} == services["web"]["depends_on"].keys()
    assert "JAEGER_AGENT_HOST" in services["web"]["environment"]
    made = (folder / "collectors" / "web-canary-tracing.yaml").read_text()
    assert "sidecar-forwarder:" in made
    assert {"web-tracing", private, "tracing-gateway", "tracing-page", "tracing-forwarder"} == (
        overlay["networks"].keys()
    )

    left = run("inject", FILE, "--remove")
    assert (0, before) == (left.code, sorted(path.name for path in folder.iterdir()))
