"""The path of spans through a deployment, and the report of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

import pytest

from sidecar.demo.deployment import NO_AGENT
from sidecar.errors import UsageError
from sidecar.rules.parts import State, container
from sidecar.rules.replicas import missing
from sidecar.rules.watch import stale_token
from sidecar.verify import report as reports
from sidecar.verify.asking import Ask
from sidecar.verify.counts import AgentCounts, ClientCounts, GatewayCounts
from sidecar.verify.deployment import Lack, StepByStep
from sidecar.verify.hops import RECEIVED, STAND_IN_RECEIVED
from sidecar.verify.look import Broken, Look, ReplicaLook, part_error
from sidecar.verify.network.namespace import Reading
from sidecar.verify.network.requests import Answer
from sidecar.verify.network.runtimes import Runtime
from sidecar.verify.network.seen import Seen
from sidecar.verify.network.visit import Visit
from sidecar.verify.run import verify

GONE = part_error("web agent", container(State("web-agent-1", "exited")))


@dataclass
class Deployment(StepByStep):
    """A deployment in memory: each part returns its prepared answer, or raises it."""

    side_by_side: int = 2
    received: str = RECEIVED
    notes: tuple[str, ...] = ()
    names: tuple[str, ...] = ("web",)
    client: object = field(default_factory=lambda: ClientCounts(10, 10, {}, 2, ("t1", "t2")))
    agents: list[object] = field(
        default_factory=lambda: [AgentCounts(), AgentCounts(2, spans_submitted=10, connected=1)]
    )
    relays: list[AgentCounts] = field(default_factory=list)
    log: str = ""
    kept: object = field(default_factory=lambda: GatewayCounts(10, 0, 10))
    asked: list[tuple[object, ...]] = field(default_factory=list)
    replicas: tuple[ReplicaLook, ...] = ()
    lacking: tuple[Lack, ...] = ()
    stale: object = None

    def services(self):
        return self.names

    def send(self, service, marker, spans):
        self.asked.append(("send", service, marker, spans))
        return given(self.client)

    def visit(self, task):
        self.asked.append(("visit", task.service, task.urls, task.traced))
        return self.send(task.service, task.marker, task.spans), self.replicas

    def absent(self):
        return self.lacking

    def agent(self, service, settled=0, seconds=0):
        self.asked.append(("agent", service, settled, seconds))
        return given(self.agents.pop(0) if len(self.agents) > 1 else self.agents[0])

    def agent_log(self, service):
        return self.log

    def relay(self, settled=0, seconds=0):
        return self.relays.pop(0) if self.relays else None

    def relay_log(self, service):
        return self.log

    def doubt(self, service):
        return self.stale

    def gateway(self, marker, settled, seconds):
        self.asked.append(("gateway", marker, settled, seconds))
        return given(self.kept)


def given(answer):
    """Return an answer, or raise it."""
    if isinstance(answer, Exception):
        raise answer
    return answer


def named(report):
    """Return the report's hops as {name: ok}."""
    return {hop.hop: hop.ok for hop in report.hops}


def test_every_hop_of_a_sound_deployment_is_proven():
    """Client, agent in, agent out, gateway; one trace id per service."""
    report = verify(Deployment(), 10, 1)

    assert ["client sent", "agent received", "agent submitted", "gateway accepted"] == list(
        named(report)
    )
    assert (True, ("t1",), ()) == (report.ok, report.trace_ids, report.notes)


def test_markers_differ_by_service_and_run():
    """Spans of other runs and other services are not counted."""
    deployment = Deployment(
        names=("back", "front"), agents=[AgentCounts(2, spans_submitted=10)], side_by_side=1
    )
    first, second = verify(deployment, 10, 1), verify(deployment, 10, 1)
    markers = [entry[2] for entry in deployment.asked if entry[0] == "send"]

    assert 4 == len(set(markers))
    assert [f"{first.marker}-back", f"{first.marker}-front", f"{second.marker}-back"] == markers[:3]


def test_the_agent_is_waited_for_until_the_marked_packets_are_settled():
    """The wait ends with the earlier packets plus those that were sent."""
    deployment = Deployment(
        agents=[
            AgentCounts(5, spans_submitted=90, spans_failed=10),
            AgentCounts(7, spans_submitted=100, spans_failed=10),
        ]
    )

    assert verify(deployment, 10, 3).ok
    assert ("agent", "web", 7, 3) in deployment.asked


def test_a_cause_is_found_in_the_agents_log():
    """The log is read where spans are missing."""
    deployment = Deployment(
        agents=[AgentCounts(), AgentCounts(2, spans_failed=10, connected=1)],
        log="code = Unauthenticated",
        kept=GatewayCounts(0, 10, 0),
    )
    report = verify(deployment, 10, 3)

    assert ("agent submitted", {"failed": 10}) == (
        report.first_failure.hop,
        report.first_failure.counts,
    )
    assert "10 spans failed: the gateway refused the token" == report.first_failure.cause
    assert 1.0 == next(entry[3] for entry in deployment.asked if entry[0] == "gateway")


def test_the_log_is_read_whenever_spans_failed():
    """Other traffic moves the totals: more were submitted than were marked, and some failed."""
    busy = AgentCounts(40, spans_submitted=900, spans_failed=60, connected=1)
    report = verify(Deployment(agents=[AgentCounts(), busy], log="code = Unavailable"), 10, 3)

    failure = report.first_failure
    assert ("agent submitted", "gateway-unavailable") == (failure.hop, failure.id)


def test_a_gateway_that_does_not_run_is_the_cause():
    """What the agents' logs say of it only follows from that."""
    paused = container(State("gateway-1", "paused"))
    waiting = AgentCounts(2, queue=2, connected=1)
    none = GatewayCounts(0, 0, 0)
    deployment = Deployment(agents=[AgentCounts(), waiting], log="code = Unavailable", kept=none)
    deployment.gateway_trouble = lambda service: paused
    failure = verify(deployment, 10, 3).first_failure

    assert "part-paused" == failure.id
    assert "2 packets wait in the agent: container gateway-1 is paused" == failure.cause


@pytest.mark.parametrize(
    ("small", "rule"), [(True, "packets-above-mtu"), (False, "agent-not-reached")]
)
def test_packets_that_are_lost_for_their_size_are_told_from_a_wrong_address(small, rule):
    """Where no marked packet arrives, a small one is tried."""

    def gateway(marker, settled, seconds):
        arrived = int(small and marker.endswith("-small"))
        return GatewayCounts(arrived, 0, arrived)

    deployment = Deployment(agents=[AgentCounts(7), AgentCounts(7)])
    deployment.gateway = gateway
    failure = verify(deployment, 10, 1).first_failure

    assert ("agent received", rule) == (failure.hop, failure.id)
    assert [10, 1] == [entry[3] for entry in deployment.asked if entry[0] == "send"]


def test_an_agent_that_started_again_is_the_cause_of_what_it_lost():
    """Its totals begin anew; the deployment may know why it ended."""
    deployment = Deployment(agents=[AgentCounts(900, started=1.0), AgentCounts(1, started=2.0)])

    assert "agent-restarted" == verify(deployment, 10, 3).first_failure.id


@pytest.mark.parametrize(
    ("broken", "hop"),
    [
        ({"agents": [GONE]}, "agent received"),
        ({"client": GONE}, "client sent"),
        ({"agents": [AgentCounts(), GONE]}, "agent received"),
        ({"kept": GONE}, "gateway accepted"),
    ],
)
def test_a_part_that_does_not_answer_is_the_hop_that_fails(broken, hop):
    """It has the error's cause, fix and id; no further hop is tried."""
    report = verify(replace(Deployment(), **broken), 10, 1)
    failure = report.hops[-1]

    assert (hop, False, None) == (failure.hop, failure.ok, failure.figure)
    assert "web agent: container web-agent-1 is exited, exit code 0" == failure.cause
    assert ("See `docker compose ps` and `docker compose logs`", "part-not-running") == (
        failure.fix,
        failure.id,
    )


def test_without_an_agent_the_stand_in_is_named_and_noted():
    """There is no hop out of an agent, and a note says so."""
    agents = [AgentCounts(forwards=False), AgentCounts(2, spans_submitted=10, forwards=False)]
    report = verify(Deployment(received=STAND_IN_RECEIVED, notes=(NO_AGENT,), agents=agents), 10, 1)

    assert {"client sent": True, "stand-in received": True, "gateway accepted": True} == named(
        report
    )
    assert (
        "no agent ran: the stand-in gateway received the services' packets itself",
    ) == report.notes


def test_a_deployment_without_an_agent_has_two_hops():
    """There is nothing between service and gateway."""
    assert {"client sent": True, "gateway accepted": True} == named(
        verify(Deployment(agents=[None]), 10, 1)
    )


def test_one_services_failure_leaves_the_others_proof():
    """Each service is followed on its own."""
    agents = [GONE, AgentCounts(), AgentCounts(2, spans_submitted=10)]
    report = verify(Deployment(names=("back", "front"), agents=agents, side_by_side=1), 10, 1)

    assert [
        ("back", False),
        ("front", True),
        ("front", True),
        ("front", True),
        ("front", True),
    ] == [(hop.service, hop.ok) for hop in report.hops]


def replica(name="web-1", **runtime) -> ReplicaLook:
    """Return a replica whose runtime tells that it reports; or otherwise."""
    told = {"sampler": "const", "param": 1.0, "started": 3, "sent": 3, **runtime}
    tracer = Runtime(7, "web", told.pop("host", "web-agent"), 6831, **told)
    leads = {"web-agent": ("172.18.0.3",), "localhost": ("127.0.0.1",)}
    reading = Reading(runtimes=(tracer,), leads=leads)
    variables = {"JAEGER_AGENT_HOST": "web-agent"}
    visit = Visit((tracer,), reading)
    return ReplicaLook(name, "host-1", ("172.18.0.3",), variables=variables, visit=visit)


def test_the_services_own_spans_come_first() -> None:
    """The hop of each replica stands before those of the marked spans."""
    report = verify(Deployment(replicas=(replica(),)), 10, 1)

    assert (True, "service reports", 5) == (report.ok, report.hops[0].hop, len(report.hops))


def test_the_path_alone_can_be_proven() -> None:
    """Nobody asks what the service reports, or what should run."""
    deployment = Deployment(
        replicas=(replica(host="localhost"),), lacking=(Lack("api", missing(1, 0)),)
    )
    report = verify(deployment, 10, 1, path_only=True)

    assert (True, 4) == (report.ok, len(report.hops))
    assert "visit" not in [entry[0] for entry in deployment.asked]


def test_a_service_that_does_not_run_is_not_proven() -> None:
    """It stands first, with the rule's words."""
    lacks = (Lack("api", missing(1, 0)), Lack("job", missing(0, 0)))
    report = verify(Deployment(replicas=(replica(),), lacking=lacks), 10, 1)

    assert [("api", "service-missing"), ("job", "service-scaled-to-zero")] == [
        (hop.service, hop.id) for hop in report.hops if hop.ok is False
    ]


def test_requests_are_sent_from_the_services_they_are_for() -> None:
    """A trace of them is followed only where a stand-in shows it."""
    deployment = Deployment(names=("api", "web"), side_by_side=1, replicas=(replica(),))
    verify(deployment, 10, 1, asks=[Ask("http://localhost/", "web")])

    assert [("visit", "api", (), False), ("visit", "web", ("http://localhost/",), False)] == [
        entry for entry in deployment.asked if entry[0] == "visit"
    ]


def test_spans_of_a_request_are_awaited_of_the_service_that_answered_it() -> None:
    """What it called may report before it: then its trace is there without it."""
    answer = Answer("http://localhost/", 200, trace_id="51dec0de00000001")
    visited = Visit((), Reading(), answers=(answer, replace(answer, trace_id="")))
    called, own = {"backend host-2": 2}, {"web host-1": 1}
    early, late = (Seen({}, {answer.trace_id: found}) for found in (called, called | own))
    shown = iter([early, early])

    class Showing(Deployment):
        has_stand_in = True

        def seen(self, trace_ids, seconds):
            return next(shown, late)

    web = ReplicaLook("web-1", "host-1", ("172.18.0.3",), visit=visited)
    report = verify(Showing(replicas=(web,)), 10, 1)

    assert "service-sampler-off" == report.hops[0].id  # the request without a trace left nothing


REPORTS = {
    "reports": Deployment(replicas=(replica(),)),
    "reports-elsewhere": Deployment(replicas=(replica(host="localhost"),)),
    "idle": Deployment(replicas=(replica(started=0, sent=0),)),
    "replicas": Deployment(
        replicas=(
            replica(),
            ReplicaLook("web-2", broken=Broken("x", "web-2 is exited", "Start it")),
        ),
        lacking=(Lack("api", missing(0, 0)),),
    ),
    "proven": Deployment(),
    "process": Deployment(
        received=STAND_IN_RECEIVED,
        notes=(NO_AGENT,),
        agents=[AgentCounts(forwards=False), AgentCounts(2, forwards=False)],
    ),
    "region": Deployment(kept=None),
    "wrong-token": Deployment(
        agents=[AgentCounts(), AgentCounts(2, spans_failed=10, connected=1)],
        log="code = Unauthenticated",
        kept=GatewayCounts(0, 0, 0, dropped=10),
    ),
    "agent-gone": Deployment(agents=[GONE]),
    "busy": Deployment(agents=[AgentCounts(), AgentCounts(3, spans_submitted=14, connected=1)]),
}


@pytest.fixture(params=REPORTS)
def case(request, monkeypatch):
    """A proof by name; its marker is always the same."""
    monkeypatch.setattr("secrets.token_hex", lambda _: "0123456789abcdef")
    deployment = REPORTS[request.param]
    return request.param, verify(replace(deployment, agents=list(deployment.agents)), 10, 1)


def test_json_is_the_contract(case, golden):
    """The report as data equals a golden file."""
    name, report = case
    text = reports.as_json(report)

    assert {"ok", "marker", "hops", "trace_ids", "notes", "warnings"} == set(json.loads(text))
    golden(f"verify/{name}.json", text + "\n")


@pytest.mark.parametrize("columns", [60, 200])
def test_text_reads_well_in_any_terminal(case, columns, golden):
    """The text equals a golden file; no line is wider than the terminal."""
    name, report = case
    text = reports.as_text(report, columns)

    assert columns >= max(map(len, text.splitlines()))
    golden(f"verify/{name}-{columns}.txt", text + "\n")


def test_colour_marks_the_verdicts_on_a_terminal(monkeypatch):
    """On a terminal results and verdict are coloured; NO_COLOR turns that off."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    report = verify(Deployment(), 10, 1)

    assert "\x1b[32mok\x1b[0m" in reports.as_text(report, 80)
    assert "\x1b[32mproven: every marked span arrived\x1b[0m" in reports.as_text(report, 80)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in reports.as_text(report, 80)


def test_a_failed_batch_is_not_taken_for_an_undecoded_packet():
    """The counters of both are read one after the other, while batches fail."""
    after = AgentCounts(2, spans_failed=10, connected=1, handler_errors=3, batches_failed=2)
    report = verify(Deployment(agents=[AgentCounts(), after]), 10, 1)

    assert named(report)["agent received"]
    assert "agent submitted" == report.first_failure.hop


def test_earlier_losses_of_an_agent_are_a_warning():
    """What an agent's counter already held does not fail the proof, and is not hidden by it."""
    before = AgentCounts(9, spans_submitted=90, spans_failed=4_700, packets_dropped=2)
    after = AgentCounts(11, spans_submitted=100, spans_failed=4_700, packets_dropped=2)
    report = verify(Deployment(agents=[before, after]), 10, 1)
    (warning,) = report.as_dict()["warnings"]

    assert report.ok
    assert ("spans-lost-earlier", "web") == (warning["id"], warning["subject"])
    assert "its agent lost 4,702 spans and packets since it started" in reports.as_text(report, 120)


def test_earlier_losses_of_a_client_are_a_warning():
    """The service itself dropped them, before verify looked."""
    report = verify(Deployment(replicas=(replica(sent=90, dropped={"queue_full": 405}),)), 10, 1)
    (warning,) = report.as_dict()["warnings"]

    assert (True, "spans-lost-earlier") == (report.ok, warning["id"])
    assert "its client lost 405 spans since it started" == warning["cause"]


def test_no_small_packet_is_tried_where_the_service_reports_elsewhere():
    """It would be lost as well, after some seconds."""
    web = replica(host="localhost")
    none = AgentCounts(0, connected=1)
    deployment = Deployment(replicas=(web,), agents=[none, none], kept=GatewayCounts(0, 0, 0))
    report = verify(deployment, 10, 1)

    assert "service-reports-elsewhere" == report.first_failure.id
    assert 1 == [entry[0] for entry in deployment.asked].count("send")


def test_packets_that_only_other_traffic_makes_up_for_never_reached_the_agent():
    """As many packets and spans were counted as were marked; some were the service's own."""
    web = replica(sent=90)
    told = web.visit.after.runtimes[0]
    reading = replace(web.visit.after, runtimes=(replace(told, sent=240),))
    web = replace(web, visit=replace(web.visit, after=reading))
    deployment = Deployment(replicas=(web,), kept=GatewayCounts(5, 0, 5))
    failure = verify(deployment, 10, 1).first_failure

    assert ("agent received", "agent-not-reached") == (failure.hop, failure.id)


LATE = AgentCounts(4, connected=1, queue=254, stalled=4.0, waited=4.1)


def test_a_gateway_that_answers_late_is_a_warning_while_spans_arrive():
    """A call of 30 seconds fails no hop, but the proof says how few of them the workers make."""
    report = verify(Deployment(agents=[AgentCounts(), LATE]), 10, 1)
    (warning,) = report.warnings

    assert (True, "gateway-answers-late", "agent submitted") == (
        report.ok,
        warning.id,
        warning.place,
    )
    assert "takes 4.1 s or more" in warning.cause
    assert "10 workers forward at most 24 spans/s" in warning.cause
    assert "254 packets wait" in warning.cause


@pytest.mark.parametrize(
    ("after", "kept"),
    [
        (AgentCounts(2, spans_submitted=10, connected=1, waited=2.2), GatewayCounts(10, 0, 10)),
        (LATE, GatewayCounts(0, 0, 0)),
        (replace(LATE, forwards=False), GatewayCounts(10, 0, 10)),
    ],
    ids=["workers make up for it", "nothing arrives", "no agent"],
)
def test_other_waits_are_no_warning(after, kept):
    """A busy machine explains two seconds, and a failed hop says more."""
    assert () == verify(Deployment(agents=[AgentCounts(), after], kept=kept), 10, 1).warnings


def test_a_token_that_an_agent_may_not_have_is_a_warning():
    """Spans arrive with the earlier token until somebody takes it away."""
    deployment = Deployment(stale=stale_token("web-agent", "its file was written after it started"))
    report = verify(deployment, 10, 1)

    assert report.ok
    assert [("agent-token-stale", "web")] == [(one.id, one.subject) for one in report.warnings]


class Ended(Deployment):
    """A release of which one service is a job that has ended, with its agent."""

    def look(self, task):
        job = Look(replicas=(ReplicaLook("migrate-1", ended=True),))
        return job if task.service == "migrate" else super().look(task)


def test_the_path_alone_leaves_out_a_job_that_has_ended():
    """A note says that nothing is known of it; with all, it fails."""
    names = ("migrate", "web")
    proof = verify(Ended(names=names, side_by_side=1), 10, 1, path_only=True)

    assert (True, {"web"}) == (proof.ok, {hop.service for hop in proof.hops})
    said = "migrate: the job has ended, and its agent with it: nothing of it is proven"
    assert (said,) == proof.notes
    assert "job-ended" == verify(Ended(names=names), 10, 1).first_failure.id


def test_the_path_alone_of_one_service_leaves_the_others_to_be_proven():
    """A pipeline with a migration names it; its services must still report."""
    names = ("migrate", "web")
    named = verify(Ended(names=names, replicas=(replica(),)), 10, 1, path_only=["migrate"])
    other = verify(Ended(names=names), 10, 1, path_only=["web"])

    assert named.ok
    assert ["web"] == [hop.service for hop in named.hops if hop.hop == "service reports"]
    assert "job-ended" == other.first_failure.id


@pytest.mark.parametrize("wish", [{"path_only": ["wbe"]}, {"asks": [Ask("http://x/", "wbe")]}])
def test_a_service_that_is_not_there_is_a_wrong_usage(wish):
    """Nothing would be asked, and nothing left out."""
    with pytest.raises(UsageError, match=r"wbe: not a traced service\. Name one of: web"):
        verify(Deployment(), 10, 1, **wish)


def test_what_waits_in_a_relay_waits_for_what_its_log_says():
    """The collector has handed all on; only the relay knows the forwarder's answer."""
    held = (
        "code = Unavailable desc = the gateway refused the token (UNAUTHENTICATED) [token-refused]"
    )
    now = AgentCounts(packets_processed=10, spans_submitted=10, connected=1, unit="spans")
    report = verify(
        Deployment(
            agents=[AgentCounts(unit="spans"), now],
            relays=[AgentCounts(unit="spans"), replace(now, spans_submitted=0, queue=10)],
            log=f"Exporting failed. Will retry: {held}",
            kept=GatewayCounts(0, 0, 0),
        ),
        10,
        1,
    )
    hop = next(hop for hop in report.hops if hop.hop == "relay sent")

    assert (False, "waits") == (hop.ok, hop.state)
    assert "the gateway refused the token" in hop.cause
    assert "`sidecar token set`" in hop.fix
