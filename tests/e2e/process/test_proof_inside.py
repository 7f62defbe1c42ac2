"""The proof that `helm test` runs, with the real agent without containers."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import ExitStack

import pytest
from agent_process import AgentProcess, StandInProcess, write_token

from sidecar.verify.network import marked
from sidecar.verify.pod import proof
from sidecar.verify.pod.deployment import PodDeployment

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]

TOKEN = "abc123@0123456789abcde_abc123@53df7ad2afe8301"


@pytest.fixture
def proven(agent_binary, tmp_path, capsys):
    """Run the proof with a token of the agent's; return exit code and output."""

    def run(token, *options, with_page=True):
        with ExitStack() as stack:
            gateway = StandInProcess(stack, write_token(tmp_path / "gateway.yaml", TOKEN))
            file = write_token(tmp_path / "agent.yaml", token)
            agent = AgentProcess(stack, agent_binary, tmp_path / "agent.log", file, gateway.grpc)
            page = [f"--gateway={gateway.page}"] if with_page else []
            addresses = [
                f"--agent=127.0.0.1:{agent.port}",
                f"--admin=http://127.0.0.1:{agent.admin}",
            ]
            code = proof.main(
                ["--service=test", "--spans=20", "--seconds=8", *addresses, *page, *options]
            )
        return code, "".join(capsys.readouterr())

    return run


def test_every_hop_is_counted(proven) -> None:
    """From the client to the stand-in."""
    code, text = proven(TOKEN)

    assert (0, True) == (code, "proven: every marked span arrived" in text)
    assert 3 == text.count("20 of 20 spans")


def test_a_proven_agent_is_told_to_end_and_ends_well(agent_binary, tmp_path) -> None:
    """With exit code 0, so that a pod with it as a plain container succeeds."""
    program = shutil.copy(
        agent_binary, tmp_path / "agent-linux"
    )  # a path that no other test's agent has
    with ExitStack() as stack:
        file = write_token(tmp_path / "agent.yaml", TOKEN)
        gateway = StandInProcess(stack, file)
        agent = AgentProcess(stack, program, tmp_path / "agent.log", file, gateway.grpc)
        addresses = [f"--agent=127.0.0.1:{agent.port}", f"--admin=http://127.0.0.1:{agent.admin}"]
        code = proof.main(["--service=test", "--spans=20", f"--end-agent={program}", *addresses])

        assert (0, 0) == (code, agent.process.wait(10))


def test_a_real_gateways_hop_stays_open(proven) -> None:
    """Where the gateway shows no counts, the proof goes as far as the agent."""
    code, text = proven(TOKEN, with_page=False)

    assert (0, True) == (code, "proven as far as the agents" in text)


def test_a_wrong_token_fails_the_test(proven) -> None:
    """The refusal is counted, and the token is not shown."""
    code, text = proven("wrong@token")

    assert (1, False) == (code, "wrong@token" in text)
    assert "not proven: test, agent submitted" in text


def test_a_service_that_does_not_answer_fails_the_test(proven) -> None:
    """After the hops were fine."""
    code, text = proven(TOKEN, "--request=http://127.0.0.1:9/")

    assert (1, True) == (code, "FAIL http://127.0.0.1:9/: does not answer" in text)


def test_a_probe_that_breaks_is_reported(monkeypatch) -> None:
    """By its last line."""
    done = subprocess.CompletedProcess([], 1, stdout="", stderr="Traceback\nOSError: no network\n")
    monkeypatch.setattr(marked.subprocess, "run", lambda *_args, **_options: done)

    with pytest.raises(Exception, match="the probe failed: OSError: no network"):
        PodDeployment("test", None).send("test", "marker", 1)
