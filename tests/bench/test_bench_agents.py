"""The arguments of the measured agents, and the load on a gateway."""

import pytest

from bench.agents import addresses, find_agent, rendered_argv, stock_argv
from bench.calls import numbered, template
from bench.measure import Skipped
from sidecar.plan import agents
from sidecar.regions import gateway_of, load_regions
from sidecar.rules.recognition import LOCAL_TOKEN
from sidecar.spec import AgentSettings, Capacity
from sidecar.stand_in.keep.credentials import Presented, Token
from sidecar.stand_in.stubs.collector_pb2 import PostSpansRequest

ADDRESSES = addresses("127.0.0.1:1", compact=2, admin=3)


@pytest.fixture
def rendered():
    """The agent's arguments of the region local."""
    gateway = gateway_of(load_regions(None)["local"], "public")
    return agents.argv(
        AgentSettings(), gateway, agents.tune(Capacity()), config_file="/run/agent.yaml"
    )


def test_only_addresses_are_replaced(rendered):
    """Only the addresses differ from the rendered arguments."""
    changed = rendered_argv(rendered, ADDRESSES)

    kept = [argument for argument in rendered if argument.partition("=")[0] not in ADDRESSES]
    assert kept == [argument for argument in changed if argument in rendered]
    assert {f"{flag}={value}" for flag, value in ADDRESSES.items()} == set(changed) - set(rendered)


def test_the_measured_agent_has_the_tuning(rendered):
    """The measured agent keeps the rendered workers and socket buffer."""
    changed = rendered_argv(rendered, ADDRESSES)

    assert "--processor.jaeger-compact.workers=64" in changed
    assert "--processor.jaeger-compact.server-socket-buffer-size=4194304" in changed


def test_a_rendering_without_an_expected_flag_is_refused(rendered):
    """A rendering without a flag that must be replaced is an error: two agents would conflict."""
    with pytest.raises(ValueError, match=r"--admin\.http\.host-port"):
        rendered_argv([argument for argument in rendered if "admin" not in argument], ADDRESSES)


def test_the_stock_agent_gets_only_addresses():
    """The stock agent has no argument that tunes it."""
    assert [f"{flag}={value}" for flag, value in ADDRESSES.items()] == stock_argv(ADDRESSES)


def test_a_missing_agent_skips_the_case(monkeypatch, tmp_path):
    """The message explains how to provide an agent."""
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("SIDECAR_BENCH_AGENT", "LAB_DIR"):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(Skipped, match="SIDECAR_BENCH_AGENT"):
        find_agent()


def test_an_agent_that_is_not_a_program_skips_the_case(monkeypatch, tmp_path):
    """The message names the file."""
    monkeypatch.setenv("SIDECAR_BENCH_AGENT", str(tmp_path / "agent"))

    with pytest.raises(Skipped, match=str(tmp_path / "agent")):
        find_agent()


def test_the_lab_folder_is_looked_into_last(monkeypatch, tmp_path):
    """The lab's folder is searched if PATH has no agent."""
    program = tmp_path / "bin" / "jaeger-agent"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setenv("LAB_DIR", str(tmp_path))
    monkeypatch.delenv("SIDECAR_BENCH_AGENT", raising=False)

    assert str(program) == find_agent()


def test_the_load_on_a_gateway_is_accepted():
    """The load's batches contain the right token and the number of spans."""
    batch = PostSpansRequest.FromString(template(50)).batch

    assert 50 == len(batch.spans)
    assert Presented.RIGHT is Token(LOCAL_TOKEN).check(batch.process)


def test_no_trace_id_of_the_load_repeats():
    """Every batch has trace IDs of its own, so that a gateway stores them all."""
    traces = {
        span.trace_id
        for raw in numbered(template(50), 3)
        for span in PostSpansRequest.FromString(raw).batch.spans
    }

    assert 30 == len(traces)
    assert {16} == {len(identity) for identity in traces}
