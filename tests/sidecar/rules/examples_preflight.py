"""A bad and a good value for each rule of preflight."""

from __future__ import annotations

from rule_examples import Call, example

from sidecar.rules import preflight as rules

EXAMPLES = {
    "engine-unusable": example(rules.engine, Call("no container engine answers there"), Call("")),
    "compose-unusable": example(rules.compose, Call("none was found"), Call("")),
    "disk-full": example(rules.disk, Call(100 * 2**20), Call(2**30)),
    "host-port-taken": example(rules.host_port, Call("the port is in use by nginx"), Call("")),
    "image-not-present": example(rules.image, Call(present=False), Call(present=True)),
    "image-of-another-architecture": example(
        rules.architecture, Call("arm64", "amd64"), Call("amd64", "amd64")
    ),
    "check-unfinished": example(
        lambda late: rules.unfinished(9) if late else None, Call(1), Call(0)
    ),
    "cluster-unusable": example(rules.cluster, Call("", (1, 26)), Call("", (1, 27))),
    "helm-unusable": example(rules.helm, Call("is not on PATH"), Call("", (3, 22))),
    "install-right-missing": example(
        lambda *lacking: rules.rights(lacking, of_install=True), Call("create services"), Call()
    ),
    "verify-right-missing": example(
        lambda *lacking: rules.rights(lacking, of_install=False), Call("list pods"), Call()
    ),
    "gateway-of-another-region": example(
        rules.region,
        Call("cn-shanghai", "cn-hangzhou"),
        Call("cn-shanghai", "cn-shanghai"),
    ),
    "vpc-gateway-out-of-reach": example(rules.connected, Call("no answer", "vpc"), Call("", "vpc")),
    "gateway-speaks-tls": example(
        lambda spoken: rules.protocol(spoken, tls=False), Call("tls"), Call("http2")
    ),
    "gateway-speaks-plain-text": example(
        lambda error: rules.protocol("http2", tls=True, tls_error=error),
        Call("WRONG_VERSION_NUMBER"),
        Call(""),
    ),
    "gateway-speaks-http1": example(
        lambda spoken: rules.protocol(spoken, tls=False), Call("http1"), Call("http2")
    ),
    "gateway-speaks-no-grpc": example(
        lambda spoken: rules.protocol(spoken, tls=False), Call("another protocol"), Call("http2")
    ),
    "proxy-in-the-way": example(rules.proxy, Call(["HTTPS_PROXY"]), Call([])),
    "round-trip-above-capacity": example(
        rules.round_trip, Call(200.0, 10, 2000), Call(200.0, 64, 2000)
    ),
    "clock-skewed": example(rules.clock, Call(-600.0), Call(1.0)),
    "socket-buffer-capped": example(
        rules.socket_buffer, Call(212_992, 4_194_304), Call(4_194_304, 4_194_304)
    ),
    "token-in-git": example(
        rules.git, Call("", tracked=True, ignored=False), Call("", tracked=False, ignored=True)
    ),
    "token-in-git-history": example(
        rules.git,
        Call("1a2b3c4", tracked=False, ignored=True),
        Call("", tracked=False, ignored=True),
    ),
    "token-refused-at-web-port": example(rules.token_answer, Call(403), Call(200)),
    "token-not-ignored": example(
        rules.git, Call("", tracked=False, ignored=False), Call("", tracked=False, ignored=True)
    ),
    "token-in-rendered-file": example(
        rules.rendered_file, Call(holds_token=True), Call(holds_token=False)
    ),
}
