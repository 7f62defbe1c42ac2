"""The strip of hops: the counters of agents, who sent what, and what was refused."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from gateway_spans import CANARY, build_request

from sidecar.stand_in.faults import Faults
from sidecar.stand_in.keep.refusals import Refusals
from sidecar.stand_in.keep.senders import Senders, host_of
from sidecar.stand_in.show.agents import (
    RECENT_SECONDS,
    AgentCounters,
    AgentReader,
    AgentView,
    parse,
)
from sidecar.stand_in.show.strip import fault_words, hops
from sidecar.stand_in.sockets import Address

METRICS = """\
# HELP jaeger_agent_reporter_spans_submitted_total reporter.spans.submitted
# TYPE jaeger_agent_reporter_spans_submitted_total counter
jaeger_agent_reporter_spans_submitted_total{format="jaeger"} 40
jaeger_agent_reporter_spans_submitted_total{format="zipkin"} 2
# TYPE jaeger_agent_reporter_spans_failures_total counter
jaeger_agent_reporter_spans_failures_total{format="jaeger"} 7
# TYPE jaeger_agent_thrift_udp_server_packets_processed_total counter
jaeger_agent_thrift_udp_server_packets_processed_total{model="jaeger",protocol="compact"} 9
# TYPE jaeger_agent_thrift_udp_server_packets_dropped_total counter
jaeger_agent_thrift_udp_server_packets_dropped_total{model="jaeger",protocol="compact"} 3
# TYPE jaeger_agent_thrift_udp_server_queue_size gauge
jaeger_agent_thrift_udp_server_queue_size{model="jaeger",protocol="compact"} 1
# TYPE go_goroutines gauge
go_goroutines 12
"""
PATIENCE = 10
COUNTERS = AgentCounters(packets=9, dropped=3, queued=1, submitted=42, failed=7)


@asynccontextmanager
async def admin_port(text, wait=0.0):
    """Serve /metrics as an agent does; yield the port."""

    async def metrics(request):
        await asyncio.sleep(wait)
        answer = web.StreamResponse()
        await answer.prepare(request)
        for line in text.splitlines(keepends=True):
            await answer.write(line.encode())
        return answer

    app = web.Application()
    app.add_routes([web.get("/metrics", metrics)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()


def senders(*hosts):
    """Return senders with a batch of each host."""
    known = Senders()
    for host in hosts:
        known.note(host, accepted=True)
    return known


def shown(hop):
    """Return the names and numbers of a hop."""
    return {count.name: count.value for count in hop.shown}


async def strip_of(client):
    """Return the hops of a stand-in as its page shows them."""
    state = client.stand_in.state
    return hops([], [], state.counters())


def test_counters_are_summed_over_labels():
    """Only the agent's own counters are read; another program's page has none."""
    assert COUNTERS == parse(METRICS)
    assert None is parse("go_goroutines 12\n")


@pytest.mark.asyncio
async def test_a_collectors_counters_are_shown_in_spans(client):
    """It has its own names, and its own port, which is asked after an agent's."""
    text = (
        'otelcol_process_uptime 5\notelcol_receiver_accepted_spans{receiver="jaeger"} 50\n'
        "otelcol_exporter_queue_size 8\notelcol_exporter_sent_spans 42\n"
    )
    counters = AgentCounters(packets=50, queued=8, submitted=42, unit="spans")
    view = AgentView("172.20.0.3", senders("172.20.0.3").report()["172.20.0.3"], counters)
    _, middle, _ = hops([], [view], client.stand_in.state.counters())

    assert counters == parse(text)
    assert ["spans received", "spans dropped", "spans waiting"] == [
        count.name for count in middle.shown[1:4]
    ]


@pytest.mark.asyncio
async def test_agents_that_answer_show_their_counters():
    """Each address that sends is asked at the admin port."""
    async with admin_port(METRICS) as port:
        (view,) = await AgentReader(senders("127.0.0.1"), port, PATIENCE).views()

    assert ("127.0.0.1", COUNTERS) == (view.address, view.counters)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "text", ["no metrics {", "<html>" * 10, "\n", METRICS + "# long\n" * 80_000]
)
async def test_agents_that_answer_nonsense_show_none(text):
    """What is no page of an agent's metrics, or has no end, leaves the counters unknown."""
    async with admin_port(text) as port:
        (view,) = await AgentReader(senders("127.0.0.1"), port, PATIENCE).views()

    assert None is view.counters


@pytest.mark.asyncio
async def test_an_earlier_agent_is_left_out():
    """An address that is silent for long is shown only if it still answers."""
    known = senders("127.0.0.1", "127.0.0.2", "127.0.0.3")
    for address in ("127.0.0.1", "127.0.0.2"):
        known.report()[address].last -= RECENT_SECONDS + 1
    async with admin_port(METRICS) as port:
        views = await AgentReader(known, port, PATIENCE).views()

    expected = [("127.0.0.1", True), ("127.0.0.3", False)]
    assert expected == [(view.address, view.counters is not None) for view in views]


@pytest.mark.asyncio
async def test_a_slow_agent_does_not_hold_up_the_page():
    """The page is there at once; the counters are in a later reading."""
    async with admin_port(METRICS, wait=1.5) as port:
        reader = AgentReader(senders("127.0.0.1"), port)
        first = await asyncio.wait_for(reader.views(), 1.4)
        later = first
        for _ in range(100):
            later = await reader.views()
            if later[0].counters:
                break
        await reader.close()

    assert [None, COUNTERS] == [first[0].counters, later[0].counters]


def test_the_strip_adds_the_agents_up():
    """Counters of all readable agents are summed, and the others are counted."""
    known = senders("10.0.0.1", "10.0.0.2", "10.0.0.3").report()
    views = [
        AgentView(address, sender, COUNTERS if number else None)
        for number, (address, sender) in enumerate(known.items())
    ]
    totals = {
        "udp": None,
        "otlp": {"grpc": 0, "http": 0, "exposed": 0},
        "batches": {"failed": 5, "held": 0, "reset": 0},
        "spans": {
            "accepted": 84,
            "refused": {"wrong": 2, "missing": 0, "malformed": 0},
            "dropped": 0,
            "evicted": 0,
        },
    }

    _, agents, gateway = hops([], views, totals)

    expected = {"packets received": 18, "packets dropped": 6, "packets waiting": 2}
    expected |= {"agents report": 3, "spans submitted": 84, "spans failed": 14}
    assert expected == shown(agents)
    assert "1 of 3" in agents.notes[0]
    assert 20 == agents.lost
    assert (7, 5) == (gateway.lost, shown(gateway)["batches failed by a fault"])


@pytest.mark.asyncio
async def test_without_an_agent_the_strip_shows_the_datagrams(start):
    """With --udp, the stand-in is the agent, and knows what its kernel dropped."""
    client = await start(udp=Address("127.0.0.1", 0))

    _, middle, _ = await strip_of(client)

    expected = {"datagrams": 0, "malformed datagrams": 0, "dropped by the kernel": 0}
    assert expected == shown(middle)


@pytest.mark.asyncio
async def test_services_are_shown_with_their_replicas(client):
    """Spans of their own are counted by service and host name; marked ones are left out."""
    for host, count in (("web-1", 2), ("web-2", 3)):
        request = build_request(count)
        request.batch.process.tags.add(key="hostname", v_str=host)
        await client.post(request)
    await client.post(build_request(5, service="shop", marker="m"))

    page = await client.text("/live")

    row = '<th scope="row">frontend</th><td>{}</td><td class="number">{}</td>'
    assert row.format("web-1", 2) in page
    assert row.format("web-2", 3) in page
    for name, count in (("services report", 1), ("replicas", 2), ("spans of their own", 5)):
        assert f"<dt>{name}</dt><dd>{count}</dd>" in page


@pytest.mark.asyncio
async def test_refused_batches_are_shown_with_reason_and_origin(client):
    """Batches with one reason, service, replica and address are one row; no token is shown."""
    wrong = build_request(3, token="wrong", service="shop")
    wrong.batch.process.tags.add(key="hostname", v_str="shop-7")
    short = build_request(service="short")
    short.batch.spans[0].trace_id = b"1"
    for request in (wrong, wrong, build_request(token=None), short):
        await client.refused(request)

    rows = client.stand_in.state.intake.refusals.report()

    expected = [
        ("malformed", "short", "", "127.0.0.1", 1, 1),
        ("missing", "frontend", "", "127.0.0.1", 1, 1),
        ("wrong", "shop", "shop-7", "127.0.0.1", 2, 6),
    ]
    names = ("reason", "service", "hostname", "sender", "batches", "spans")
    assert expected == [tuple(row[name] for name in names) for row in rows]
    page = await client.text("/live")
    assert ">wrong token</th><td>shop</td><td>shop-7" in page
    assert '<th scope="row">shop, frontend, short</th>' in page
    assert CANARY not in page


@pytest.mark.asyncio
async def test_a_token_in_a_long_name_is_not_shown_in_part(client):
    """A name that is too long to keep is not cut: half a token would not be masked."""
    request = build_request(token="wrong", service="x" * 190 + CANARY)
    request.batch.process.tags.add(key="hostname", v_str=f"host-{CANARY}")
    await client.refused(request)

    page = await client.text("/live")

    assert CANARY[:10] not in page
    assert "host-***" in page
    assert f"(a name of {190 + len(CANARY)} characters)" in page


def test_refusals_and_senders_are_bounded():
    """Above the limit, the ones that are silent longest are left out."""
    refusals, known = Refusals(max_kinds=2), Senders(max_senders=2)
    for host in ("a", "b", "a", "c", ""):
        refusals.note("malformed", host, "jaeger", None)
        known.note(host, accepted=False)

    assert ["", "c"] == [row["sender"] for row in refusals.report()]
    assert ["c", "a"] == list(known.report())


@pytest.mark.parametrize(
    ("peer", "host"),
    [
        ("ipv4:10.0.0.1:4711", "10.0.0.1"),
        ("ipv6:%5Bfd00::1%5D:4711", "fd00::1"),
        ("ipv6:[::1]:4711", "::1"),
        ("unix:/run/x", ""),
    ],
)
def test_an_address_is_read_from_a_peer(peer, host):
    """IPv4 and IPv6, as gRPC writes them."""
    assert host == host_of(peer)


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        (Faults(), []),
        (Faults(share=0.5), []),
        (Faults(fail_with="INTERNAL", fail_calls=0), []),
        (
            Faults(fail_with="INTERNAL", latency_ms=5, share=0.7),
            [
                "calls fail with INTERNAL",
                "answers take 5 ms longer",
                "for 70.0% of the calls",
            ],
        ),
        (
            Faults(black_hole=True, reset=True, away=True, bad_token="drop"),
            [
                "no call is answered",
                "connections are reset",
                "the gRPC port is closed",
                "every token counts as wrong (drop)",
            ],
        ),
    ],
)
def test_active_faults_are_in_words(faults, words):
    """A fault that does nothing, or no longer anything, is not shown."""
    assert words == fault_words(faults.as_dict())
