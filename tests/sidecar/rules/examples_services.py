"""A bad and a good value for each rule about services and their clients."""

from __future__ import annotations

from rule_examples import Call, example

from sidecar.rules import catalogue, clients, services


def _host(name: str, *, shared_network: bool = False) -> Call:
    return Call(name, {"agent"}, shared_network=shared_network)


def _off(variables: dict[str, str]):
    judged = clients.switched_off(variables)
    return judged and judged.problem


def _unread(*names: str):
    return [judged.problem for judged in clients.unread_variables(names)]


EXAMPLES = {
    "floating-image-tag": example(services.image_tag, Call("web:edge"), Call("web:1.0")),
    "secret-in-clear": example(
        services.secret_in_clear, Call("DB_PASSWORD", "hunter2"), Call("DB_HOST", "db")
    ),
    "capacity-above-ceiling": example(
        services.capacity, Call(50_001, 50_000, 200), Call(50_000, 50_000, 200)
    ),
    "replicas-publish-ports": example(
        services.replica_ports, Call(range(8000, 8002)), Call(range(8000, 8001))
    ),
    "missing-build-context": example(
        services.build_context, Call("./web", exists=False), Call("./web", exists=True)
    ),
    "missing-dockerfile": example(
        services.dockerfile, Call(None, "./web", exists=False), Call(None, "./web", exists=True)
    ),
    "missing-env-file": example(
        services.env_file, Call("web.env", exists=False), Call("web.env", exists=True)
    ),
    "kubernetes-under-compose": example(services.for_clusters, Call(["envFrom"]), Call([])),
    "missing-volume-source": example(
        services.volume_source, Call("./web.conf", exists=False), Call("./web.conf", exists=True)
    ),
    "sampler-hides-traces": example(
        clients.sampler, Call("probabilistic", 0.1), Call("probabilistic", 1)
    ),
    "unknown-sampler": example(
        clients.sampler_variables, Call("adaptive", None), Call("Rate_Limiting", "1e9")
    ),
    "sampler-parameter": example(
        clients.sampler_parameter, Call("probabilistic", 50), Call("ratelimiting", 50)
    ),
    "agent-address-overridden": example(
        clients.overridden_agent, Call("JAEGER_AGENT_PORT"), Call("JAEGER_TAGS")
    ),
    "agent-host-loopback": example(
        clients.agent_host, _host("localhost"), _host("localhost", shared_network=True)
    ),
    "agent-host-outside": example(
        clients.agent_host, _host("host.docker.internal"), _host("agent")
    ),
    "agent-host-unknown": example(clients.agent_host, _host("agnet"), _host("agent")),
    "unreadable-jaeger-tags": example(clients.jaeger_tags, Call("a=b=c"), Call("a=b,c=d")),
    "tracing-switched-off": example(
        _off, Call({"JAEGER_DISABLED": "True"}), Call({"JAEGER_DISABLED": "false"})
    ),
    "variable-read-by-sidecar-tracing-only": example(
        _unread, Call("JAEGER_SERVICE_NAME"), Call("JAEGER_TAGS")
    ),
    "unread-jaeger-variable": example(_unread, Call("JAEGER_RPC_METRICS"), Call("RPC_METRICS")),
    "ignored-error": example(
        catalogue.not_ignorable, Call(["missing-token-file"]), Call(["floating-image-tag"])
    ),
    "unknown-rule": example(
        catalogue.not_ignorable, Call(["floating-image-tags"]), Call(["floating-image-tag"])
    ),
}
