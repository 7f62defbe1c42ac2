"""A bad and a good value for each rule of services' images."""

from __future__ import annotations

from rule_examples import Call, example

from sidecar.rules import service_images as rules

JAEGER = {"jaeger-client": "4.8.0"}
NO_SIX = "No module named 'six'"

EXAMPLES = {
    "client-import-fails": example(rules.client, Call(JAEGER, NO_SIX, "six"), Call(JAEGER, "")),
    "no-tracing-client": example(rules.client, Call({}, "No module named ..."), Call(JAEGER, "")),
    "client-speaks-otlp": example(
        rules.client, Call({"opentelemetry-sdk": "1.40.0"}, ""), Call(JAEGER, "")
    ),
    "tracer-before-fork": example(
        rules.fork,
        Call(["gunicorn", "--preload", "shop:app"], {}, JAEGER),
        Call(["gunicorn", "shop:app"], {}, JAEGER),
    ),
}
