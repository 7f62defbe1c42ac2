"""A bad and a good value for each rule about agents."""

from __future__ import annotations

from rule_examples import Call, example

from sidecar.rules import agent_settings, agents, gateways, hand_made
from sidecar.rules.hand_made import Load, PublishedPort

HOST = "tracing-analysis-dc-sz.aliyuncs.com"
STOCK_CEILING = 500
"""Spans/s that 10 workers forward in batches of 10 at 200 ms."""

EXAMPLES = {
    "agent-without-tls": example(agents.tls, Call((1, 17, 0)), Call((1, 18, 0))),
    "not-an-agent-version": example(agents.version, Call("2.0.0"), Call("1.62.0")),
    "agent-image-of-another-version": example(
        agents.agent_image,
        Call("jaeger-agent:1.20.0", "1.62.0"),
        Call("jaeger-agent:1.62.0", "1.62.0"),
    ),
    "unknown-agent-flag": example(
        agents.flag, Call("jaeger.tags", (1, 22, 0)), Call("jaeger.tags", (1, 21, 0))
    ),
    "tchannel-flag": example(
        agents.flag,
        Call("collector.host-port", (1, 15, 0)),
        Call("reporter.grpc.host-port", (1, 15, 0)),
    ),
    "ignored-agent-variable": example(
        agent_settings.variable,
        Call("JAEGER_TAGS", (1, 22, 0)),
        Call("JAEGER_TAGS", (1, 21, 0)),
    ),
    "quoted-agent-value": example(
        agent_settings.quoted, Call("--agent.tags", '"a=b"'), Call("--agent.tags", "a=b")
    ),
    "agent-packet-size": example(agent_settings.packet_size, Call("64999"), Call("65000")),
    "agent-network-mtu": example(
        agent_settings.mtu, Call("default", "1499"), Call("default", "1500")
    ),
    "agent-port-of-another-protocol": example(
        agent_settings.client_port, Call("6832", None), Call("6831", None)
    ),
    "unreadable-agent-tags": example(
        agents.tags, Call("agent.tags", "a=b,c"), Call("agent.tags", "a=b,c=d")
    ),
    "agent-without-token": example(
        agents.token,
        Call(reports=True, sets_tags=False),
        Call(reports=True, sets_tags=True),
    ),
    "agent-without-gateway": example(gateways.address, Call(None), Call(f"{HOST}:1883")),
    "unknown-gateway": example(gateways.host, Call("example.com", [HOST]), Call(HOST, [HOST])),
    "gateway-port": example(gateways.port, Call("14250", HOST, 1883), Call("1883", HOST, 1883)),
    "vpc-gateway": example(
        gateways.network,
        Call("vpc", HOST, "cn-shenzhen"),
        Call("public", HOST, "cn-shenzhen"),
    ),
    "doubtful-region": example(
        gateways.doubt, Call("us-west-1", "one table lists no host"), Call("cn-shenzhen", "")
    ),
    "published-agent-ports": example(
        hand_made.published_ports,
        Call([PublishedPort("", 6831, "udp")]),
        Call([PublishedPort("", 6831, "tcp")]),
    ),
    "agent-port-over-tcp": example(
        hand_made.over_tcp,
        Call([PublishedPort("", 6831, "tcp"), PublishedPort("", 5778, "tcp")]),
        Call([PublishedPort("", 6831, "tcp"), PublishedPort("", 6831, "udp")]),
    ),
    "agent-network-mode": example(hand_made.network_mode, Call("host"), Call("bridge")),
    "embedded-agent": example(hand_made.embedded, Call("embedded"), Call("agent")),
    "agent-without-restart": example(hand_made.restart, Call("no"), Call("unless-stopped")),
    "agent-without-memory-limit": example(hand_made.memory_limit, Call(None), Call(64)),
    "agent-sizes-too-small": example(
        hand_made.sizes,
        Call("", "", Load(STOCK_CEILING + 1, 1, 200)),
        Call("", "", Load(STOCK_CEILING, 1, 200)),
    ),
}
