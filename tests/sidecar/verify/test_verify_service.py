"""The hop `service reports`: what was found of a service's replicas, and what it means."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sidecar.verify.counts import AgentCounts, ClientCounts
from sidecar.verify.look import Broken, Look, ReplicaLook
from sidecar.verify.network.namespace import Reading
from sidecar.verify.network.requests import Answer
from sidecar.verify.network.runtimes import Runtime
from sidecar.verify.network.seen import Seen
from sidecar.verify.network.visit import Visit
from sidecar.verify.notes import unseen
from sidecar.verify.service import Judge, needs_stand_in
from sidecar.verify.shared_names import shared_names

AGENT = "172.18.0.3"
TOLD = {"JAEGER_AGENT_HOST": "web-agent", "JAEGER_AGENT_PORT": "6831"}
LEADS = {"web-agent": (AGENT,), "localhost": ("127.0.0.1", "::1")}
FINE = Runtime(7, "web", "web-agent", 6831, sampler="const", param=1.0, started=3, sent=3)
ASKED = Answer("http://localhost:8080/", 200)
CLIENT = ClientCounts(200, 200, packets=4)


def replica(*runtimes, before=(), answers=(), variables=TOLD, **reading) -> ReplicaLook:
    """Return a replica that was found so."""
    found = Reading(runtimes=runtimes, leads=LEADS, **reading)
    visit = Visit(tuple(before), found, answers=tuple(answers))
    return ReplicaLook("web-1", "host-1", (AGENT,), variables=variables, visit=visit)


def judged(*replicas, received=4, seen=None, **options):
    """Return the hops of a service whose agent received some packets."""
    look = Look(CLIENT, AgentCounts(), AgentCounts(received, spans_submitted=200), None, replicas)
    return list(Judge("web", look, seen).hops(**options))


def test_a_service_that_reports_is_proven_by_its_own_statistics() -> None:
    """With where it reports to, and its sampler."""
    (hop,) = judged(replica(FINE))

    assert ("service reports", True, 3, "own spans", "") == (
        hop.hop,
        hop.ok,
        hop.figure,
        hop.unit,
        hop.replica,
    )
    assert {
        "agent": "web-agent:6831 (JAEGER_AGENT_HOST: 172.18.0.3)",
        "sampler": "const 1 (in code)",
        "shown by": "its runtime's statistics",
        "variables": "as the container was started",
    } == hop.details


def test_variables_that_the_process_may_not_have_are_said_to_be_so() -> None:
    """They matter only where no statistics show addresses and sampler themselves."""
    looks = [
        Look(replicas=(found,))
        for found in (replica(), replica(processes=2), replica(FINE), replica(variables={}))
    ]

    assert [True, False, False, False] == [bool(unseen("web", look)) for look in looks]
    assert unseen("web", looks[0]).startswith("web: the variables of its running processes cannot")
    (hop,) = judged(replica(processes=2))
    assert "of the running processes" == hop.details["variables"]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (replica(replace(FINE, param=0.0, sent=0, sampled_out=2)), "service-sampler-off"),
        (replica(replace(FINE, param=0.0, sent=0)), "service-sampler-off"),
        (replica(replace(FINE, host="localhost")), "service-reports-elsewhere"),
        (replica(replace(FINE, port=6832)), "service-reports-elsewhere"),
        (replica(FINE, replace(FINE, pid=8, host="localhost")), "service-reports-elsewhere"),
        (replica(replace(FINE, host="gone")), "service-agent-unresolved"),
        (replica(replace(FINE, dropped={"queue_full": 2}), before=[FINE]), "service-loses-spans"),
        (replica(replace(FINE, sent=0, queued=9)), "service-spans-wait"),
        (replica(replace(FINE, sent=0)), "service-idle"),
        (replica(replace(FINE, sent=0), answers=[ASKED]), "service-silent"),
        (replica(), "service-idle"),
        (replica(answers=[ASKED]), "service-silent"),
        (replica(answers=[ASKED], senders=1), "service-reports-elsewhere"),
        (replica(answers=[ASKED], collectors=("10.0.0.1:4317 (OTLP)",)), "service-speaks-otlp"),
        (
            replica(variables={**TOLD, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317"}),
            "service-speaks-otlp",
        ),
        (replica(variables={"JAEGER_AGENT_HOST": "localhost"}), "service-reports-elsewhere"),
        (replica(FINE, answers=[replace(ASKED, status=0, error="no")]), "request-not-answered"),
    ],
)
def test_each_cause_of_silence_has_an_id(found, expected: str) -> None:
    """The same silence at the agent, told apart."""
    (hop,) = judged(found)

    assert (False, expected) == (hop.ok, hop.id), hop.cause


@pytest.mark.parametrize(
    "found",
    [
        replica(replace(FINE, param=0.0)),
        replica(
            replace(FINE, dropped={"queue_full": 2}),
            before=[replace(FINE, dropped={"queue_full": 2})],
        ),
        replica(FINE, replace(FINE, pid=8, sent=0)),
        replica(FINE, senders=1, collectors=("10.0.0.1:4317 (OTLP)",)),
    ],
    ids=["continues the traces of others", "earlier losses", "an idle worker", "reports twice"],
)
def test_a_healthy_service_is_no_false_alarm(found) -> None:
    """What only looks odd."""
    (hop,) = judged(found)

    assert hop.ok, hop.cause


def test_without_statistics_the_stand_in_shows_who_reports() -> None:
    """By the host name in its spans: each replica on its own."""
    second = replace(replica(answers=[ASKED]), name="web-2", hostname="host-2")
    hops = judged(replica(answers=[ASKED]), second, seen=Seen({"web host-1": 5}))

    assert [(True, 5, "web-1"), (False, 0, "web-2")] == [
        (hop.ok, hop.figure, hop.replica) for hop in hops
    ]


def test_without_stand_in_the_agent_shows_that_a_stock_client_reports() -> None:
    """By its packets in the meantime, without the marked ones."""
    (hop,) = judged(replica(), received=6)

    assert (True, 2, "own packets") == (hop.ok, hop.figure, hop.unit)


def test_code_may_report_to_the_agent_though_the_variables_do_not() -> None:
    """What the agent received counts."""
    (hop,) = judged(replica(variables={"JAEGER_AGENT_HOST": "gone"}), received=6)

    assert hop.ok


def test_if_only_the_sampled_request_arrives_the_sampler_is_the_cause() -> None:
    """A stock client's own sampler left out the plain one."""
    traced = replace(ASKED, trace_id="51dec0de00000001")
    seen = Seen({}, {traced.trace_id: {"web host-1": 2}})
    (hop,) = judged(replica(answers=[ASKED, traced]), received=5, seen=seen)

    assert "service-sampler-off" == hop.id


def test_silence_is_open_while_the_path_itself_fails() -> None:
    """An agent that is away is the cause to name first; a wrong address stays one."""
    (open_hop,) = judged(replica(), path_fails=True)
    (failed,) = judged(replica(replace(FINE, host="localhost")), path_fails=True)

    assert (None, False) == (open_hop.ok, failed.ok)


@pytest.mark.parametrize("host", ["web-agent", "gone"])
def test_an_agent_that_does_not_run_is_not_blamed_on_the_service(host) -> None:
    """It has no address and perhaps no name then; the hop into the agent says why."""
    found = replace(replica(replace(FINE, host=host)), agents=())
    (hop,) = judged(found, path_fails=True)

    assert hop.ok is not False


def test_a_replica_that_does_not_run_is_named() -> None:
    """The other one is proven."""
    ended = ReplicaLook("web-2", broken=Broken("service reports", "web-2 is exited", id="x"))
    hops = judged(replica(FINE), ended)

    assert [("web-1", True), ("web-2", False)] == [(hop.replica, hop.ok) for hop in hops]


def test_two_services_under_one_name_are_named() -> None:
    """By their runtimes, or by their variables."""
    other = replica(variables={**TOLD, "JAEGER_SERVICE_NAME": "web"})
    looks = {"api": Look(replicas=(other,)), "web": Look(replicas=(replica(FINE),)), "x": Look()}

    assert {"api": "reports as web, as web does", "web": "reports as web, as api does"} == {
        name: problem.cause for name, problem in shared_names(looks).items()
    }


@pytest.mark.parametrize(
    ("found", "expected"), [(replica(FINE), False), (replica(), True)], ids=["told", "stock"]
)
def test_the_stand_in_is_asked_where_it_is_needed(found, expected) -> None:
    """A runtime that tells its statistics needs no other witness."""
    assert expected == needs_stand_in(Look(replicas=(found,)))
