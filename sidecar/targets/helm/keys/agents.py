"""The keys of images and agents, and of what is between collectors and the gateway."""

from __future__ import annotations

from sidecar.spec import COLLECTOR, JAEGER_AGENT
from sidecar.targets.helm import collector, placement
from sidecar.targets.helm.records import Key
from sidecar.targets.helm.value_types import (
    REGISTRY,
    RESOURCES,
    VERSION,
    WORD,
    WORDS,
    choice,
    positive,
)

AGENTS = (
    Key(
        "images.agent",
        WORD,
        "The agent; without a tag: agent.version. For the stand-in, `make images` builds it.",
    ),
    Key("images.canary", WORD, "A canary's collector; without a tag: canary.version."),
    Key("images.sample", WORD, "For workloads that set no image."),
    Key("images.gateway", WORD, "Stand-in, forwarder, watch, `helm test`, and what waits."),
    Key(
        "images.pullPolicy",
        choice("IfNotPresent", "Always", "Never"),
        "For every container.",
        "IfNotPresent",
    ),
    Key("global.imageRegistry", REGISTRY, "Prefix of every image whose name has no registry.", ""),
    Key("global.imagePullSecrets", WORDS, "Names of Secrets.", []),
    Key(
        "agent.kind",
        choice(JAEGER_AGENT, COLLECTOR),
        "jaeger-agent or collector, which keeps spans on disk; `sidecar render` sets all for it.",
    ),
    Key(
        collector.CANARY,
        choice("", COLLECTOR),
        "collector: one next to each agent gets the same packets; for the stand-in only.",
        "",
    ),
    Key(
        "agent.version",
        VERSION,
        "jaeger-agent 1.15.0 to 1.62.0, or a collector from 0.155.0; decides its flags.",
    ),
    Key(
        "agent.mode",
        choice("auto", "native", "container"),
        "auto, native or container; auto is native from Kubernetes 1.29.",
        "auto",
    ),
    Key(
        "agent.stopDelaySeconds",
        positive(300),
        "How long a plain container runs after SIGTERM; less than terminationGracePeriodSeconds.",
        20,
    ),
    Key("agent.tuning.workers", positive(10000), "Concurrent calls to the gateway."),
    Key("agent.tuning.queuePackets", positive(10**6), "Packets that wait for a worker."),
    Key("agent.tuning.maxPacketBytes", positive(65535), "The longest packet."),
    Key(
        "agent.tuning.socketBufferBytes",
        positive(2**31 - 1),
        "Requested from the kernel, which may cap it.",
    ),
    *collector.KEYS,
    Key("agent.extraArgs", WORDS, "More flags of the agent.", []),
    Key("agent.resources", RESOURCES, "Requests and limits of each agent."),
    *collector.CANARY_KEYS,
    *collector.RELAY_KEYS,
    *placement.of_charts_own("relay"),
    *collector.FORWARDER_KEYS,
    *placement.of_charts_own("forwarder"),
)
