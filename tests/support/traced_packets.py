"""The packets of a service whose spans have tags of every type, logs, references and errors."""

from __future__ import annotations

import random

import opentracing
from sidecar_tracing import Config
from udp_agent import UdpAgent

VALUES = ("straße", "", True, False, 0, -(2**62), 2**53 + 1, 0.25, -1e300, float("inf"))


def traced(count):
    """Return the packets in which a service reports spans with tags of every type."""
    dice = random.Random(1)
    with UdpAgent() as port:
        agent = {"reporting_host": "127.0.0.1", "reporting_port": port.port}
        options = {"local_agent": agent, "generate_128bit_trace_id": True}
        config = {**options, "sampler": {"type": "const", "param": 1}}
        tracer = Config(config, service_name="web").new_tracer()
        earlier = None
        for number in range(count):
            earlier = _one(tracer, number, earlier if number % 50 else None, dice)
        assert tracer.close(10).complete
        port.wait_for(count)
    return port.packets


def _one(tracer, number, earlier, dice):
    links = [opentracing.follows_from(earlier.context)] if number % 7 == 0 and earlier else []
    parents = [opentracing.child_of(earlier.context)] if earlier and not links else []
    with tracer.start_span(f"step {number}", references=[*parents, *links]) as span:
        for key in range(dice.randint(0, 5)):
            span.set_tag(f"key {key}", dice.choice(VALUES))
        span.set_tag("span.kind", dice.choice(["server", "client", "producer", "consumer"]))
        if dice.random() < 0.3:
            span.set_tag("error", dice.choice([True, False]))
        span.log_kv({"event": "step", "value": dice.choice(VALUES), "number": number})
        if dice.random() < 0.5:
            span.log_kv({"message": "no event", "ratio": 0.5})
    return span
