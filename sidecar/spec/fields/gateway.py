"""The fields of `gateway`: where spans go."""

from __future__ import annotations

from sidecar.regions import NETWORKS
from sidecar.rules.gateways import GRPC_PORT
from sidecar.spec import field_types as types
from sidecar.spec.containers import ListOf
from sidecar.spec.records import OTLP_HTTP, OTLP_PROTOCOLS, GatewaySettings
from sidecar.spec.scalars import Boolean, Choice
from sidecar.spec.sections import Field, Section

GATEWAY = Section(
    GatewaySettings,
    (
        Field(
            "network",
            Choice(NETWORKS),
            "public: from anywhere; vpc: inside the region's VPC only",
            GatewaySettings.network,
            "vpc",
            flag="--network",
        ),
        Field(
            "port",
            types.PORT,
            "port for Jaeger's gRPC; the catalogue's if not given",
            None,
            GRPC_PORT,
        ),
        Field(
            "tls",
            Boolean(),
            "whether agents use TLS; needs agent 1.18.0 or later",
            GatewaySettings.tls,
            True,
        ),
        Field(
            "protocol",
            Choice(OTLP_PROTOCOLS),
            "how collectors send; otlp-http: port 80, with tls 443; otlp-grpc if not given",
            None,
            OTLP_HTTP,
        ),
        Field(
            "host",
            types.HOST,
            "host instead of the region's; outside the catalogue it must be in allow, too",
            None,
            "gateway.example.com",
        ),
        Field(
            "allow",
            ListOf(types.HOST),
            "hosts outside the catalogue that a token may go to",
            [],
            ["gateway.example.com"],
        ),
    ),
)
