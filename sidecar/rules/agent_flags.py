"""Which versions of jaeger-agent know which flag. Written by `python -m tools.agent_flags`.

Read from the --help of 1.17.1, 1.18.1, 1.19.2, 1.21.0, 1.22.0, 1.34.0, 1.58.0 and 1.62.0,
and for 1.15 and 1.16 from their sources. The sources of the versions between say where a flag of
one help, and not of the next, begins or ends.
"""

from __future__ import annotations

Version = tuple[int, int, int]

SPANS: dict[str, tuple[Version, Version | None]] = {
    "admin-http-port": ((1, 15, 0), (1, 22, 0)),
    "admin.http.host-port": ((1, 18, 0), None),
    "admin.http.tls.cert": ((1, 35, 0), None),
    "admin.http.tls.cipher-suites": ((1, 35, 0), None),
    "admin.http.tls.client-ca": ((1, 35, 0), None),
    "admin.http.tls.enabled": ((1, 35, 0), None),
    "admin.http.tls.key": ((1, 35, 0), None),
    "admin.http.tls.max-version": ((1, 35, 0), None),
    "admin.http.tls.min-version": ((1, 35, 0), None),
    "agent.tags": ((1, 16, 0), None),
    "collector.host-port": ((1, 15, 0), (1, 18, 0)),
    "config-file": ((1, 15, 0), None),
    "discovery.conn-check-timeout": ((1, 15, 0), (1, 18, 0)),
    "discovery.min-peers": ((1, 15, 0), (1, 18, 0)),
    "health-check-http-port": ((1, 15, 0), (1, 22, 0)),
    "http-server.host-port": ((1, 15, 0), None),
    "jaeger.tags": ((1, 15, 0), (1, 22, 0)),
    "log-encoding": ((1, 59, 0), None),
    "log-level": ((1, 15, 0), None),
    "metrics-backend": ((1, 15, 0), None),
    "metrics-http-route": ((1, 15, 0), None),
    "processor.jaeger-binary.server-host-port": ((1, 15, 0), None),
    "processor.jaeger-binary.server-max-packet-size": ((1, 15, 0), None),
    "processor.jaeger-binary.server-queue-size": ((1, 15, 0), None),
    "processor.jaeger-binary.server-socket-buffer-size": ((1, 19, 0), None),
    "processor.jaeger-binary.workers": ((1, 15, 0), None),
    "processor.jaeger-compact.server-host-port": ((1, 15, 0), None),
    "processor.jaeger-compact.server-max-packet-size": ((1, 15, 0), None),
    "processor.jaeger-compact.server-queue-size": ((1, 15, 0), None),
    "processor.jaeger-compact.server-socket-buffer-size": ((1, 19, 0), None),
    "processor.jaeger-compact.workers": ((1, 15, 0), None),
    "processor.zipkin-compact.server-host-port": ((1, 15, 0), None),
    "processor.zipkin-compact.server-max-packet-size": ((1, 15, 0), None),
    "processor.zipkin-compact.server-queue-size": ((1, 15, 0), None),
    "processor.zipkin-compact.server-socket-buffer-size": ((1, 19, 0), None),
    "processor.zipkin-compact.workers": ((1, 15, 0), None),
    "reporter.grpc.discovery.min-peers": ((1, 15, 0), None),
    "reporter.grpc.host-port": ((1, 15, 0), None),
    "reporter.grpc.retry.max": ((1, 15, 0), None),
    "reporter.grpc.tls": ((1, 15, 0), (1, 22, 0)),
    "reporter.grpc.tls.ca": ((1, 15, 0), None),
    "reporter.grpc.tls.cert": ((1, 15, 0), None),
    "reporter.grpc.tls.enabled": ((1, 17, 0), None),
    "reporter.grpc.tls.key": ((1, 15, 0), None),
    "reporter.grpc.tls.server-name": ((1, 15, 0), None),
    "reporter.grpc.tls.skip-host-verify": ((1, 17, 0), None),
    "reporter.tchannel.discovery.conn-check-timeout": ((1, 15, 0), (1, 18, 0)),
    "reporter.tchannel.discovery.min-peers": ((1, 15, 0), (1, 18, 0)),
    "reporter.tchannel.host-port": ((1, 15, 0), (1, 18, 0)),
    "reporter.tchannel.report-timeout": ((1, 15, 0), (1, 18, 0)),
    "reporter.type": ((1, 15, 0), None),
}
