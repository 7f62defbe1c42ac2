"""The stand-ins of a release, asked in their pods: one, or one for each chart that it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sidecar.errors import SidecarError
from sidecar.kubernetes.fixes import placed
from sidecar.kubernetes.pods import GATEWAY
from sidecar.rules import parts
from sidecar.verify.counts import GatewayCounts
from sidecar.verify.kubernetes.groups import chart_of
from sidecar.verify.network.seen import Seen, from_dict, together

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidecar.kubernetes.kubectl import Kubectl
    from sidecar.kubernetes.pods import Pod


class StandIns:
    """The pods of stand-ins that run."""

    def __init__(self, kubectl: Kubectl, pods: Sequence[Pod]) -> None:
        """Take them, newest last."""
        self._kubectl = kubectl
        self.pods = pods
        self.by_chart = {chart_of(pod): pod for pod in reversed(pods)}

    def of(self, pod: Pod | None) -> Pod | None:
        """Return the stand-in of a pod's own chart, else any."""
        own = self.by_chart.get(chart_of(pod)) if pod else None
        return own or next(iter(self.pods), None)

    def counts(
        self, marker: str, settled: int, seconds: float, sender: Pod | None
    ) -> GatewayCounts | None:
        """Return the counts of a sender's marker; None where there is no stand-in.

        Raises SidecarError where it does not answer, or is of another version.
        """
        if not (at := self.of(sender)):
            return None
        reader = ("python", "-m", "sidecar.verify.network.reader", "gateway", marker)
        waiting = (f"--settled={settled}", f"--seconds={seconds}")
        counted = self.run(*reader, *waiting, seconds=seconds, at=at)
        try:
            return GatewayCounts(**counted)
        except TypeError:
            cause = "its stand-in has other counters than this kit's version"
            fix = "Upgrade the release to this kit's version"
            raise SidecarError(at.name, cause, fix) from None

    def seen(self, trace_ids: Sequence[str], seconds: float) -> Seen:
        """Return what all of them show of the services' own spans."""
        traces = (f"--trace={trace_id}" for trace_id in trace_ids)
        words = ("python", "-m", "sidecar.verify.network.seen", *traces, f"--seconds={seconds}")
        found = (self.run(*words, seconds=seconds, at=each) for each in self.by_chart.values())
        return together(map(from_dict, found))

    def run(self, *words: str, seconds: float, at: Pod | None = None) -> Any:  # noqa: ANN401 - JSON
        """Run a program, which may take `seconds`, in a stand-in's pod, and return its JSON.

        Raises SidecarError where none runs, or the program fails.
        """
        if not self.pods:
            fix = placed("See `kubectl get pods`", self._kubectl)
            problem = parts.NOT_RUNNING.problem("no stand-in runs", fix)
            raise SidecarError.from_problem(GATEWAY, problem)
        place = ("exec", (at or self.pods[0]).name, f"--container={GATEWAY}", "--")
        return self._kubectl.json(*place, *words, seconds=seconds + 30)
