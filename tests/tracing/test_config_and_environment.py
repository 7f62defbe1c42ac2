"""Config replaces jaeger-client's: same use, better defaults, more environment variables."""

from __future__ import annotations

import logging

import jaeger_client
import opentracing
import pytest
import sidecar_tracing
from jaeger_client import ConstSampler, ProbabilisticSampler, RateLimitingSampler
from jaeger_client.metrics import MetricsFactory
from jaeger_client.reporter import NullReporter
from jaeger_client.sampler import RemoteControlledSampler
from opentracing.propagation import Format
from scripts import run
from sidecar_tracing import Config, Tracer, init_tracer
from udp_agent import closed_port, tags


def config(**options):
    return Config(options, service_name="test")


def test_documented_example_is_unchanged(agent, monkeypatch, caplog):
    """jaeger-client's own example works with only its import changed."""
    monkeypatch.setenv("JAEGER_AGENT_HOST", "127.0.0.1")
    monkeypatch.setenv("JAEGER_AGENT_PORT", str(agent.port))
    caplog.set_level(logging.INFO)
    settings = Config(
        config={"sampler": {"type": "const", "param": 1}, "logging": True},
        service_name="your-app-name",
        validate=True,
    )
    tracer = settings.initialize_tracer()
    with tracer.start_span("TestSpan") as span:
        span.log_kv({"event": "test message", "life": 42})
        with tracer.start_span("ChildSpan", child_of=span) as child_span:
            child_span.log_kv({"event": "down below"})
    tracer.close().result(5)

    child, parent = agent.wait_for(2)
    assert "your-app-name" == agent.batches[0].process.serviceName
    assert ["ChildSpan", "TestSpan"] == [child.operationName, parent.operationName]
    assert (parent.spanId, parent.traceIdLow) == (child.parentSpanId, child.traceIdLow)
    assert {"event": "test message", "life": 42} == tags(parent.logs[0].fields)
    assert "Reporting span" in caplog.text
    assert tracer is opentracing.global_tracer()


def test_is_a_jaeger_client_config_and_tracer(make_tracer):
    """Config and Tracer are subclasses of jaeger-client's."""
    assert isinstance(config(), jaeger_client.Config)
    assert isinstance(make_tracer(), jaeger_client.Tracer)


def test_second_initialize_returns_none(make_tracer):
    """initialize_tracer works once in a process, as before."""
    tracer = config().initialize_tracer()

    assert config().initialize_tracer() is None
    tracer.close(0)


def test_init_tracer_sets_the_global_tracer(agent):
    """init_tracer is Config and the global tracer in one call."""
    local_agent = {"reporting_host": "127.0.0.1", "reporting_port": agent.port}
    tracer = init_tracer("short", local_agent=local_agent, tags={"zone": "a"})
    opentracing.global_tracer().start_span("span").finish()

    assert tracer.close(5).sent == 1 == len(agent.wait_for(1))
    assert "short" == agent.batches[0].process.serviceName


def test_init_tracer_refuses_unknown_options():
    """A misspelled option raises at once."""
    with pytest.raises(ValueError, match="sampel"):
        init_tracer("short", sampel={})


def test_defaults_do_not_lose():
    """Queue 20,000, batches of 50, everything sampled."""
    defaults = config()

    assert (20_000, 50, 1.0) == (
        defaults.reporter_queue_size,
        defaults.reporter_batch_size,
        defaults.reporter_flush_interval,
    )
    assert defaults.sampler.is_sampled(1)[0]


@pytest.mark.parametrize("size", [1, 100, 200_000])
def test_explicit_sizes_are_respected(size):
    """A size that the service sets is used, whether larger or smaller than the default."""
    settings = config(
        reporter_queue_size=size, reporter_batch_size=size, reporter_flush_interval=size
    )

    assert [size] * 3 == [
        settings.reporter_queue_size,
        settings.reporter_batch_size,
        settings.reporter_flush_interval,
    ]


@pytest.mark.parametrize(
    ("sampler", "expected"),
    [
        ({"type": "const", "param": True}, "ConstSampler(True)"),
        ({"type": "const", "param": 0}, "ConstSampler(False)"),
        ({"type": "const", "param": "0"}, "ConstSampler(False)"),
        ({"type": "const"}, "ConstSampler(True)"),
        ({"param": 0}, "ConstSampler(False)"),
        ({"type": "probabilistic", "param": 0.25}, "ProbabilisticSampler(0.25)"),
        ({"type": "ratelimiting", "param": 3}, "RateLimitingSampler(3.0)"),
        ({"type": "rate_limiting", "param": "3"}, "RateLimitingSampler(3.0)"),
        (ConstSampler(False), "ConstSampler(False)"),
        (None, "ConstSampler(True)"),
    ],
)
def test_samplers_of_the_configuration(sampler, expected):
    """Each way of naming a sampler gives that sampler."""
    assert expected == str(config(sampler=sampler).sampler)


def test_unknown_sampler_in_the_code_is_an_error():
    """An unknown sampler type in the code raises, as in jaeger-client."""
    with pytest.raises(ValueError, match="Unknown sampler type odd"):
        config(sampler={"type": "odd"}).new_tracer()


@pytest.mark.parametrize(
    ("kind", "param", "expected"),
    [
        (None, None, "ConstSampler(True)"),
        ("const", "0", "ConstSampler(False)"),
        ("CONST", "false", "ConstSampler(False)"),
        (None, "0", "ConstSampler(False)"),
        ("probabilistic", "0.5", "ProbabilisticSampler(0.5)"),
        ("probabilistic", None, "ProbabilisticSampler(1.0)"),
        ("ratelimiting", "100", "RateLimitingSampler(100.0)"),
    ],
)
def test_sampler_from_the_environment(monkeypatch, caplog, kind, param, expected):
    """JAEGER_SAMPLER_TYPE and JAEGER_SAMPLER_PARAM choose the sampler."""
    set_variables(monkeypatch, JAEGER_SAMPLER_TYPE=kind, JAEGER_SAMPLER_PARAM=param)

    assert expected == str(config().sampler)
    assert "" == caplog.text


@pytest.mark.parametrize(
    ("kind", "param", "named"),
    [
        ("sometimes", "1", "JAEGER_SAMPLER_TYPE='sometimes'"),
        ("const", "0.5", "JAEGER_SAMPLER_PARAM='0.5'"),
        ("const", "yes", "JAEGER_SAMPLER_PARAM='yes'"),
        ("probabilistic", "2", "JAEGER_SAMPLER_PARAM='2'"),
        ("probabilistic", "-1", "JAEGER_SAMPLER_PARAM='-1'"),
        ("ratelimiting", "nan", "JAEGER_SAMPLER_PARAM='nan'"),
        ("ratelimiting", "inf", "JAEGER_SAMPLER_PARAM='inf'"),
    ],
)
def test_bad_sampler_variables_warn(monkeypatch, caplog, kind, param, named):
    """A bad variable causes one warning that names it; the service starts and samples all."""
    set_variables(monkeypatch, JAEGER_SAMPLER_TYPE=kind, JAEGER_SAMPLER_PARAM=param)

    assert config().sampler.is_sampled(1)[0]
    warnings = [record.message for record in caplog.records if "JAEGER_" in record.message]
    assert [named] == [warning.split(" is not ")[0] for warning in warnings]


def test_configuration_wins_over_the_environment(monkeypatch):
    """Values in the code override the environment variables."""
    set_variables(
        monkeypatch,
        JAEGER_SERVICE_NAME="other",
        JAEGER_SAMPLER_TYPE="const",
        JAEGER_SAMPLER_PARAM="0",
    )
    settings = config(sampler={"type": "probabilistic", "param": 1})

    assert ("test", "ProbabilisticSampler(1.0)") == (settings.service_name, str(settings.sampler))


def test_service_name_from_the_environment(monkeypatch):
    """JAEGER_SERVICE_NAME names the service if the code does not."""
    set_variables(monkeypatch, JAEGER_SERVICE_NAME="named")

    assert ("named", "inner") == (
        Config({}).service_name,
        Config({"service_name": "inner"}).service_name,
    )


def test_service_without_a_name_is_refused(monkeypatch):
    """A service without a name raises, as in jaeger-client."""
    set_variables(monkeypatch, JAEGER_SERVICE_NAME=" ")

    with pytest.raises(ValueError, match="service_name"):
        Config({})


def test_tags_may_contain_equals_signs(monkeypatch, caplog):
    """A value in JAEGER_TAGS may contain "="; a part without "=" is skipped with a warning."""
    set_variables(monkeypatch, JAEGER_TAGS="query=a=b==, zone = a ,,broken,empty=")
    given = {"own": 1}
    settings = config(tags=given)

    assert {"own": 1, "query": "a=b==", "zone": "a", "empty": ""} == settings.tags
    assert {"own": 1} == given
    assert "JAEGER_TAGS='broken'" in caplog.text


@pytest.mark.parametrize(
    ("text", "port", "warned"),
    [("7000", 7000, 0), ("x", 6831, 1), ("70000", 6831, 1), ("", 6831, 0)],
)
def test_agent_port_from_the_environment(monkeypatch, caplog, text, port, warned):
    """JAEGER_AGENT_PORT is used if it is a port; otherwise 6831 is, with a warning."""
    set_variables(monkeypatch, JAEGER_AGENT_PORT=text)

    assert port == config().local_agent_reporting_port
    assert warned == len(caplog.records)


def test_explicit_agent_port_wins(monkeypatch):
    """local_agent.reporting_port overrides the variable."""
    set_variables(monkeypatch, JAEGER_AGENT_PORT="7000")

    assert 7001 == config(local_agent={"reporting_port": 7001}).local_agent_reporting_port


def test_remote_sampler_and_throttler_are_available(monkeypatch, make_tracer):
    """The remote sampler and the throttler are jaeger-client's own."""
    set_variables(monkeypatch, JAEGER_SAMPLER_TYPE="remote")
    tracer = make_tracer(throttler={"port": 1, "refresh_interval": 60})

    assert isinstance(tracer.sampler, RemoteControlledSampler)
    assert tracer.sampler.is_sampled(1, "any")[0]
    assert "client-uuid" in tracer.tags
    tracer.throttler.close()


def test_remote_sampler_alone(make_tracer):
    """A remote sampler without a throttler has no client id."""
    assert "client-uuid" not in make_tracer(sampler={"type": "remote"}).tags


def test_metrics_of_jaeger_client_go_on(make_tracer):
    """The service's metrics factory still counts sent and dropped spans."""
    counted = []

    class Factory(MetricsFactory):
        def create_counter(self, name, tags=None):
            return lambda value: counted.append((name, (tags or {}).get("result"), value))

    tracer = make_tracer()
    local_agent = {"reporting_host": "127.0.0.1", "reporting_port": tracer.reporter._sender.port}
    tracer = Config(
        {"local_agent": local_agent}, service_name="test", metrics_factory=Factory()
    ).new_tracer()
    tracer.start_span("span").finish()
    tracer.close(5)
    tracer.start_span("late").finish()

    assert ("jaeger:reporter_spans", "ok", 1) in counted
    assert ("jaeger:reporter_spans", "dropped", 1) in counted
    assert 2 == sum(name == "jaeger:started_spans" for name, _, _ in counted)


@pytest.mark.parametrize("carrier_format", [Format.TEXT_MAP, Format.HTTP_HEADERS])
def test_inject_and_extract_carry_context_and_baggage(make_tracer, carrier_format):
    """A carrier transports context and baggage by jaeger-client's codecs."""
    tracer = make_tracer()
    span = tracer.start_span("sender").set_baggage_item("guest", "Ada")
    carrier = {}
    tracer.inject(span, carrier_format, carrier)

    context = tracer.extract(carrier_format, carrier)
    assert "uber-trace-id" in carrier
    assert (span.trace_id, span.span_id, "Ada") == (
        context.trace_id,
        context.span_id,
        context.baggage["guest"],
    )


def test_stats_need_a_reporter_that_counts():
    """stats() raises for a reporter that does not count, and names it."""
    tracer = config().create_tracer(NullReporter(), ConstSampler(True))

    with pytest.raises(TypeError, match="NullReporter does not count"):
        tracer.stats()


def test_reexported_names_are_jaeger_clients():
    """The samplers that services import along with Config are available here, too."""
    assert ConstSampler is sidecar_tracing.ConstSampler
    assert ProbabilisticSampler is sidecar_tracing.ProbabilisticSampler
    assert RateLimitingSampler is sidecar_tracing.RateLimitingSampler
    assert issubclass(Tracer, jaeger_client.Tracer)


@pytest.mark.parametrize(
    ("configured", "variable", "host"),
    [
        (None, "", "localhost"),
        (None, " ", "localhost"),
        ({}, "agent", "agent"),
        ({"reporting_host": ""}, "agent", "agent"),
        ({"reporting_host": "mine"}, "agent", "mine"),
        ("not a dictionary", "agent", "agent"),
    ],
)
def test_empty_agent_host_counts_as_unset(monkeypatch, configured, variable, host):
    """An empty host means localhost: Compose passes an unset variable as an empty one."""
    monkeypatch.setenv("JAEGER_AGENT_HOST", variable)

    assert host == config(local_agent=configured).local_agent_reporting_host


def set_variables(monkeypatch, **variables):
    for name, value in variables.items():
        if value is not None:
            monkeypatch.setenv(name, value)


def test_pace_is_a_setting():
    """`reporter_bytes_per_second` passes validation and sets the reporter's pace."""
    slow = Config(
        {"reporter_bytes_per_second": 1_000}, service_name="test", validate=True
    ).new_tracer()
    slow.close(0)

    assert pytest.approx(65.5, abs=1) == slow.reporter._courier._delivery._pace.wait(2 * 65_536)
    assert 2_500_000 == config().reporter_bytes_per_second


@pytest.mark.parametrize(
    ("name", "value", "key", "expected"),
    [
        ("JAEGER_REPORTER_MAX_QUEUE_SIZE", "7000", "reporter_queue_size", 7000),
        ("JAEGER_REPORTER_MAX_QUEUE_SIZE", "many", "reporter_queue_size", 20_000),
        ("JAEGER_REPORTER_FLUSH_INTERVAL", "500", "reporter_flush_interval", 0.5),
        ("JAEGER_REPORTER_FLUSH_INTERVAL", "250ms", "reporter_flush_interval", 0.25),
        ("JAEGER_REPORTER_FLUSH_INTERVAL", "2s", "reporter_flush_interval", 2.0),
        ("JAEGER_REPORTER_FLUSH_INTERVAL", "soon", "reporter_flush_interval", 1.0),
        ("JAEGER_REPORTER_LOG_SPANS", "true", "logging", True),
        ("JAEGER_TRACEID_128BIT", "1", "generate_128bit_trace_id", True),
        ("JAEGER_TRACEID_128BIT", "TRUE", "generate_128bit_trace_id", True),
        ("JAEGER_TRACEID_128BIT", "perhaps", "generate_128bit_trace_id", False),
    ],
)
def test_variable_is_a_setting(monkeypatch, name, value, key, expected):
    """The variables of Jaeger's other clients work; what is no value leaves the default."""
    monkeypatch.setenv(name, value)

    assert expected == getattr(config(), key)


def test_code_wins_over_the_variables(monkeypatch):
    """What the service passes is used."""
    monkeypatch.setenv("JAEGER_REPORTER_MAX_QUEUE_SIZE", "7")
    monkeypatch.setenv("JAEGER_REPORTER_FLUSH_INTERVAL", "7")
    made = config(reporter_queue_size=8, reporter_flush_interval=9)

    assert (8, 9.0) == (made.reporter_queue_size, made.reporter_flush_interval)


def test_disabled_tracer_sends_nothing(agent, monkeypatch):
    """JAEGER_DISABLED: no thread, no span, and the API works."""
    monkeypatch.setenv("JAEGER_DISABLED", "true")
    monkeypatch.setenv("JAEGER_AGENT_PORT", str(agent.port))
    tracer = config().new_tracer()
    carrier = {"uber-trace-id": "1:2:0:1"}
    parent = tracer.extract(Format.TEXT_MAP, carrier)
    with tracer.start_active_span("span"), tracer.start_span("child", child_of=parent):
        pass

    assert tracer.flush(1)
    assert (0, 0) == (tracer.stats().started, tracer.close(1).sent)
    assert tracer.close().result(1).complete
    assert [] == agent.packets


def test_collector_endpoint_is_not_used(agent, monkeypatch, caplog):
    """The log says so, and shows no value: it may contain a secret."""
    monkeypatch.setenv("JAEGER_ENDPOINT", "http://secret@collector:14268/api/traces")
    config().new_tracer().close(0)

    assert 1 == caplog.text.count("JAEGER_ENDPOINT is not used")
    assert "secret" not in caplog.text


def test_settings_are_logged_at_the_start(monkeypatch, caplog):
    """One line says where spans go, and what can wait."""
    caplog.set_level("INFO", logger="sidecar_tracing")
    monkeypatch.setenv("JAEGER_AGENT_HOST", "agent")
    config(reporter_queue_size=8).new_tracer().close(0)

    (line,) = [record.getMessage() for record in caplog.records if "Tracing" in record.msg]
    assert "to the agent at agent:6831 by ConstSampler(True); up to 8 spans or 64 MiB" in line


def test_queue_is_bounded_in_bytes(make_tracer):
    """While the agent is away, long tags fill the queue before its number of spans does."""
    tracer = make_tracer(
        port=closed_port(), reporter_queue_bytes=2_000_000, max_tag_value_length=100_000
    )
    for _ in range(2_000):
        tracer.start_span("span", tags={"text": "x" * 10_000}).finish()
    stats = tracer.stats()

    assert 500 <= stats.queued <= 900
    assert 2_000 - stats.queued == stats.dropped["queue_full"]


BAD = {
    "JAEGER_AGENT_PORT": "70000",
    "JAEGER_DISABLED": "hm",
    "JAEGER_ENDPOINT": "http://collector:14268",
    "JAEGER_EXIT_TIMEOUT": "soon",
    "JAEGER_PROPAGATION": "w3c,none",
    "JAEGER_REPORTER_FLUSH_INTERVAL": "soon",
    "JAEGER_REPORTER_LOG_SPANS": "hm",
    "JAEGER_REPORTER_MAX_QUEUE_SIZE": "-1",
    "JAEGER_SAMPLER_TYPE": "none",
    "JAEGER_SAMPLING_ENDPOINT": "ftp://agent",
    "JAEGER_TAGS": "a",
    "JAEGER_TRACEID_128BIT": "hm",
    "SIDECAR_TRACING_PROMETHEUS": "hm",
}


@pytest.mark.parametrize("variable", BAD)
def test_a_process_warns_once_of_a_variable(agent, variable):
    """However often it is read, by how many tracers, and at which end."""
    body = """
        from sidecar_tracing import init_tracer
        tracers = [init_tracer("one"), init_tracer("two")]
        for tracer in tracers: finish("span")
        if child := os.fork(): wait(child)
        """
    remote = {"JAEGER_SAMPLER_TYPE": "remote"} if "SAMPLING" in variable else {}
    variables = {variable: BAD[variable], **remote, "JAEGER_AGENT_PORT": str(agent.port)}
    done = run(agent, body, tracer="", **{**variables, variable: BAD[variable]})

    assert [variable] == [name for name in BAD for line in done.stderr.splitlines() if name in line]
