"""Spans are encoded by thrift's own C code, with the bytes of its Python code; or by the latter."""

from __future__ import annotations

import subprocess
import sys

import pytest
from fuzzing import cases
from hypothesis import given
from sidecar_tracing import compact
from thrift_values import odd_spans, spans

FINISH = "tracer.start_span('span', tags={'a': 'b', 'n': 1}).finish()\n"
WITHOUT = f"""
import sys, logging
logging.basicConfig(format="%(message)s")
sys.modules["thrift.protocol.fastbinary"] = None
from sidecar_tracing import Config
agent = {{"reporting_host": "127.0.0.1", "reporting_port": int(sys.argv[1])}}
for _ in range(2):
    tracer = Config({{"local_agent": agent}}, service_name="x").new_tracer()
    {FINISH}
    assert tracer.close(5).sent == 1
print(tracer.stats().encoded_in_python)
"""


def outcome(encode, span):
    """Return the bytes, or that there are none."""
    try:
        return encode(span)
    except Exception:  # noqa: BLE001 - which one differs
        return None


def test_the_accelerator_is_used_here():
    """The tests' own environment has thrift with its C code; nothing is compared otherwise."""
    assert (True, "") == (compact.fast is not None, compact.why_not)


@cases(0.2)
@given(span=spans())
def test_both_encoders_write_the_same(turn, span):
    """Byte for byte, whatever a span contains."""
    assert compact.in_python(span) == compact.fast(span)


@cases(0.2)
@given(span=odd_spans())
def test_the_accelerator_refuses_what_python_refuses(turn, span):
    """A value out of range, a lone surrogate, another type: neither sends something else."""
    assert outcome(compact.in_python, span) == outcome(compact.fast, span)


@pytest.mark.parametrize("number", range(len(compact.samples())))
def test_any_other_byte_is_noticed(number):
    """The comparison at import looks at each sample, and takes a failure for a difference."""
    changed = compact.in_python(compact.samples()[number])

    def encode(span):
        data = compact.in_python(span)
        return data + b"\0" if data == changed else data

    assert compact.writes_the_same(compact.in_python)
    assert not compact.writes_the_same(encode)
    assert not compact.writes_the_same(lambda span: 1 / 0)


def test_the_specifications_of_the_generated_classes_would_be_refused():
    """So they are corrected: this is why jaeger-client never had the C code's speed."""
    encode = pytest.importorskip("thrift.protocol.fastbinary").encode_compact
    kind = [compact.ttypes.Span, compact.ttypes.Span.thrift_spec]

    assert not compact.writes_the_same(lambda span: encode(span, kind))


def test_without_the_accelerator(agent):
    """The same spans arrive; the log says so once in a process, and each is counted."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, str(agent.port)], capture_output=True, text=True, timeout=60
    )

    assert ("1\n", 1) == (done.stdout, done.stderr.count("thrift's C code")), done.stderr
    assert ["span", "span"] == [span.operationName for span in agent.wait_for(2)]


def test_packets_are_the_same_either_way(agent, make_tracer, monkeypatch):
    """What is sent does not tell which code wrote it."""
    sent = []
    for fast in (compact.fast, None):
        monkeypatch.setattr(compact, "fast", fast)
        tracer = make_tracer()
        tracer.random.seed(1)
        span = tracer.start_span(
            "span", tags={"a": "b", "n": 1, "d": 0.5, "ok": True}, start_time=1
        )
        span.log_kv({"event": "x", "n": -1}, timestamp=2)
        span.finish(3)
        stats = (tracer.close(5).sent, tracer.stats().encoded_in_python)
        sent.append((stats, agent.wait_for(len(sent) + 1)[-1]))
    (fast, one), (slow, other) = sent

    assert ((1, 0), (1, 1)) == (fast, slow)
    assert compact.in_python(one) == compact.in_python(other)
