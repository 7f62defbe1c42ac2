"""A bad and a good value for each rule of preflight."""

from __future__ import annotations

from rule_examples import Call, example

from sidecar.rules import gateway_reach, machines, token_places, vendor

EXAMPLES = {
    "engine-unusable": example(
        machines.engine, Call("no container engine answers there"), Call("")
    ),
    "compose-unusable": example(machines.compose, Call("none was found"), Call("")),
    "disk-full": example(machines.disk, Call(100 * 2**20), Call(2**30)),
    "host-port-taken": example(machines.host_port, Call("the port is in use by nginx"), Call("")),
    "image-not-present": example(machines.image, Call(present=False), Call(present=True)),
    "image-of-another-architecture": example(
        machines.architecture, Call("arm64", "amd64"), Call("amd64", "amd64")
    ),
    "check-unfinished": example(
        lambda late: machines.unfinished(9) if late else None, Call(1), Call(0)
    ),
    "cluster-unusable": example(machines.cluster, Call("", (1, 26)), Call("", (1, 27))),
    "helm-unusable": example(machines.helm, Call("is not on PATH"), Call("", (3, 22))),
    "install-right-missing": example(
        lambda *lacking: machines.rights(lacking, of_install=True), Call("create services"), Call()
    ),
    "verify-right-missing": example(
        lambda *lacking: machines.rights(lacking, of_install=False), Call("list pods"), Call()
    ),
    "gateway-of-another-region": example(
        gateway_reach.region,
        Call("cn-shanghai", "cn-hangzhou"),
        Call("cn-shanghai", "cn-shanghai"),
    ),
    "vpc-gateway-out-of-reach": example(
        gateway_reach.connected, Call("no answer", "vpc"), Call("", "vpc")
    ),
    "gateway-speaks-tls": example(
        lambda spoken: gateway_reach.protocol(spoken, tls=False), Call("tls"), Call("http2")
    ),
    "gateway-speaks-plain-text": example(
        lambda error: gateway_reach.protocol("http2", tls=True, tls_error=error),
        Call("WRONG_VERSION_NUMBER"),
        Call(""),
    ),
    "gateway-speaks-http1": example(
        lambda spoken: gateway_reach.protocol(spoken, tls=False), Call("http1"), Call("http2")
    ),
    "gateway-speaks-no-grpc": example(
        lambda spoken: gateway_reach.protocol(spoken, tls=False),
        Call("another protocol"),
        Call("http2"),
    ),
    "proxy-in-the-way": example(gateway_reach.proxy, Call(["HTTPS_PROXY"]), Call([])),
    "round-trip-above-capacity": example(
        gateway_reach.round_trip,
        Call(200.0, gateway_reach.Calls(10), 2000),
        Call(200.0, gateway_reach.Calls(64), 2000),
    ),
    "clock-skewed": example(gateway_reach.clock, Call(-600.0), Call(1.0)),
    "socket-buffer-capped": example(
        gateway_reach.socket_buffer, Call(212_992, 4_194_304), Call(4_194_304, 4_194_304)
    ),
    "token-in-git": example(
        token_places.git,
        Call("", tracked=True, ignored=False),
        Call("", tracked=False, ignored=True),
    ),
    "token-in-git-history": example(
        token_places.git,
        Call("1a2b3c4", tracked=False, ignored=True),
        Call("", tracked=False, ignored=True),
    ),
    "token-refused-at-web-port": example(vendor.token_answer, Call(403), Call(200)),
    "token-not-ignored": example(
        token_places.git,
        Call("", tracked=False, ignored=False),
        Call("", tracked=False, ignored=True),
    ),
    "token-in-rendered-file": example(
        token_places.rendered_file, Call(holds_token=True), Call(holds_token=False)
    ),
}
