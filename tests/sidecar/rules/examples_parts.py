"""Bad and good containers, pods and answers for each rule about the parts of a deployment."""

from __future__ import annotations

from email.message import Message
from urllib.error import HTTPError

from rule_examples import Call, Example, example

from sidecar.errors import SidecarError
from sidecar.rules import parts
from sidecar.rules.parts import State
from sidecar.verify.counts import AgentCounts
from sidecar.verify.look import broken_by
from sidecar.verify.pod.deployment import PodDeployment

RUNNING = State("web-1", "running")


def container(**fields: object) -> Example:
    """Return the example of a container in another state than a running one."""
    return example(parts.container, Call(RUNNING._replace(**fields)), Call(RUNNING))


def read_agent(error: OSError | None) -> set[str]:
    """Return the ids of an agent's admin port that answers, or fails."""

    def read() -> AgentCounts:
        if error:
            raise error
        return AgentCounts()

    try:
        PodDeployment("web", None).answered("http://127.0.0.1:14271", read)
    except SidecarError as found:
        return {found.id}
    return set()


EXAMPLES = {
    "missing-part": Example(
        lambda: {found.rule.id for found in (parts.missing_part(), parts.missing_agent())},
        lambda: {found.rule.id for found in [parts.container(RUNNING)] if found},
    ),
    "part-not-running": container(status="exited"),
    "part-paused": container(status="paused"),
    "part-out-of-memory": container(status="restarting", exit_code=137, out_of_memory=True),
    "part-crashing": container(status="restarting", exit_code=1),
    "gateway-off-network": example(
        parts.off_network,
        Call("gateway-1", "web-agent-1", ""),
        Call("gateway-1", "web-agent-1", "172.18.0.3"),
    ),
    "part-not-answering": Example(
        lambda: read_agent(ConnectionRefusedError()), lambda: read_agent(None)
    ),
    "part-answers-otherwise": Example(
        lambda: read_agent(HTTPError("http://a/metrics", 404, "Not Found", Message(), None)),
        lambda: read_agent(ConnectionRefusedError()),
    ),
    "hop-not-counted": Example(
        lambda: {broken_by("client sent", SidecarError("web", "the probe failed")).id},
        lambda: {broken_by("client sent", SidecarError("web", "is gone", id="missing-part")).id},
    ),
}
