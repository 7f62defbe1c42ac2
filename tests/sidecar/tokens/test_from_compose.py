"""`sidecar token set --from-compose`: the token of a hand-made agent is taken over, unseen."""

import pytest

TOKEN = "abc123@0123456789abcde_abc123@53df7ad2afe8301"
AGENT = "jaegertracing/jaeger-agent:1.62.0"
WAYS = {
    "flag": f"command: --agent.tags=Authentication={TOKEN}",
    "old-flag": f"command: [--jaeger.tags, 'Authentication={TOKEN},region=x']",
    "variable": f"environment: {{AGENT_TAGS: 'Authentication={TOKEN}'}}",
    "from-dotenv": "command: --agent.tags=Authentication=${TRACE_TOKEN}",
    "expanded-by-agent": "command: --agent.tags=Authentication=$${T}\n"
    "    environment: {T: '${TRACE_TOKEN}'}",
}


@pytest.fixture
def folder(tmp_path):
    """Return a folder with a .env that holds a token."""
    (tmp_path / ".env").write_text(f"TRACE_TOKEN={TOKEN}\n")
    return tmp_path


def write(folder, *services):
    """Write a Compose file with agents."""
    parts = [
        f"  a{number}:\n    image: {AGENT}\n    {text}\n" for number, text in enumerate(services)
    ]
    path = folder / "docker-compose.yml"
    path.write_text("services:\n" + "".join(parts))
    return path


@pytest.mark.parametrize("way", WAYS)
def test_a_token_is_taken_over(way, folder, run):
    """However an agent gets its token, the same token is written, and none is printed."""
    path = write(folder, WAYS[way])

    done = run("token", "set", "--from-compose", path, "--out", folder)

    assert 0 == done.code, done.err
    assert f'Authentication={TOKEN}"' in (folder / "secrets/agent.yaml").read_text()
    assert "53df7ad2afe8301" not in done.out + done.err


def test_without_a_token_it_is_refused(folder, run):
    """An agent with a configuration file has no token that can be read here."""
    path = write(folder, "command: --reporter.grpc.host-port=x:1883 --config-file=/x")

    done = run("token", "set", "--from-compose", path, "--out", folder)

    assert 1 == done.code
    assert "has no agent whose token can be read" in done.err


def test_two_tokens_are_refused(folder, run):
    """Of agents with different tokens, none is chosen, and no token is shown."""
    other = TOKEN.replace("abc123", "xyz789")
    path = write(folder, WAYS["flag"], f"command: --agent.tags=Authentication={other}")

    done = run("token", "set", "--from-compose", path, "--out", folder)

    assert 1 == done.code
    assert "has agents with different tokens: a0, a1" in done.err
    assert "53df7ad2afe8301" not in done.err
