"""The last hop of a proof, read back from a stand-in of the vendor's API."""

from __future__ import annotations

import re
import socket
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import trace_api
from sidecar_tracing import probe

from sidecar.cli import build_parser
from sidecar.errors import SidecarError
from sidecar.read_back import proof as proofs
from sidecar.read_back.api import TraceApi
from sidecar.read_back.key import ID, SECRET, AccessKey, take_key
from sidecar.verify.counts import AgentCounts, ClientCounts
from sidecar.verify.deployment import StepByStep
from sidecar.verify.hops import ACCEPTED, CLIENT, RECEIVED, Hop, Proof
from sidecar.verify.run import verify

pytest.importorskip("alibabacloud_xtrace20190808", reason="run `make` to install the extra")
HIDDEN = "the-secret-of-the-key"
TRACE = "00000000000000aa"
PROOF = Proof(
    "marker",
    (
        Hop(CLIENT, "web", True, 200, 200),
        Hop(ACCEPTED, "web", None, None, 200, cause="this gateway does not show its counts"),
    ),
    (TRACE,),
)


@pytest.fixture
def fake(monkeypatch):
    """The stand-in, asked without pauses."""
    monkeypatch.setattr(proofs, "_PAUSE", 0.01)
    with trace_api.serve() as api:
        yield api


def read(fake, seconds=30.0):
    """Return the last hop, read back."""
    api = TraceApi("cn-shanghai", AccessKey(trace_api.KEY, HIDDEN), fake.endpoint)
    return proofs.closed(PROOF, api, lambda _: None, seconds).hops[-1]


def test_a_whole_trace_closes_the_proof(fake):
    """The first marked trace has 100 of the service's 200 spans: all are counted, and linked."""
    fake.traces[TRACE] = trace_api.trace(100)
    hop = read(fake)

    assert (True, 100, 100, "", "") == (hop.ok, hop.figure, hop.expected, hop.cause, hop.id)
    assert "GetTrace" == fake.asked[0]["Action"]
    assert "cn-shanghai" == fake.asked[0]["RegionId"]


def test_what_is_expected_is_what_the_probe_sends():
    """Both constants are the same number."""
    assert probe.TRACE_SPANS == proofs.TRACE_SPANS


def test_more_spans_than_a_page_are_read(fake):
    """All pages are asked for, and no span counts twice."""
    fake.traces[TRACE] = trace_api.trace(250)
    api = TraceApi("cn-shanghai", AccessKey(trace_api.KEY, HIDDEN), fake.endpoint)

    assert 250 == len(api.spans(TRACE))


def test_a_trace_that_is_not_there_yet_is_asked_for_again(fake):
    """A region needs a while to store it."""
    fake.traces[TRACE] = trace_api.trace(100)
    empty = (200, {"Spans": {"Span": []}, "RequestId": "1"})
    fake.first = [empty, (200, {"RequestId": "1"}), empty]

    assert read(fake).ok
    assert 4 == len([one for one in fake.asked if one["PageNumber"] == "1"])


@pytest.mark.parametrize(
    ("others", "said"), [(0, "no other trace of the service"), (7, "7 other traces of the service")]
)
def test_a_trace_that_never_comes_is_an_error(fake, others, said):
    """Other traces of the service tell a wrong token from a lost trace."""
    fake.others = others
    hop = read(fake, seconds=0.1)

    assert (False, 0, "trace-not-read-back") == (hop.ok, hop.figure, hop.id)
    assert "0 of 100 spans of the trace came back within 0 s" in hop.cause
    assert said in hop.cause


def test_a_part_of_a_trace_is_an_error(fake):
    """The number that came back is named."""
    fake.traces[TRACE] = trace_api.trace(60)
    hop = read(fake, seconds=0.1)

    assert (False, 60, "trace-not-read-back") == (hop.ok, hop.figure, hop.id)


def test_spans_without_their_parent_are_an_error(fake):
    """All 100 are there, and their root is not."""
    fake.traces[TRACE] = trace_api.trace(101, lost=1)
    hop = read(fake)

    assert (False, "spans-without-parent") == (hop.ok, hop.id)
    assert "100 of 100 spans name a parent that is not in the trace" == hop.cause


@pytest.mark.parametrize(
    ("status", "code", "rule"),
    [
        (404, "InvalidAccessKeyId.NotFound", "read-back-key-refused"),
        (400, "SignatureDoesNotMatch", "read-back-key-refused"),
        (403, "NoPermission", "read-back-forbidden"),
        (400, "InvalidRegion", "read-back-failed"),
    ],
)
def test_a_refusal_ends_the_wait_at_once(fake, status, code, rule):
    """With its code, and without the API's message, which may show the key."""
    fake.first = [trace_api.refusal(status, code)] * 3
    hop = read(fake)

    assert (False, rule, 1) == (hop.ok, hop.id, len(fake.asked))
    assert code in hop.cause
    assert trace_api.KEY not in str(hop)


@pytest.mark.parametrize("status", [429, 400, 503])
def test_a_throttled_request_is_repeated(fake, status):
    """The API asks for patience by its status, or by its code."""
    fake.traces[TRACE] = trace_api.trace(100)
    fake.first = [trace_api.refusal(status, "Throttling.User")] * 2

    assert read(fake).ok


def test_throttling_until_the_deadline_is_named(fake):
    """Nothing is known of the spans then."""
    fake.first = [trace_api.refusal(429, "Throttling.User")] * 99
    hop = read(fake, seconds=0.1)

    assert (False, None, "read-back-throttled") == (hop.ok, hop.figure, hop.id)


def test_an_api_that_does_not_answer_is_named():
    """Nothing listens there."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    api = TraceApi("cn-shanghai", AccessKey(trace_api.KEY, HIDDEN), f"http://127.0.0.1:{port}")
    hop = proofs.closed(PROOF, api, lambda _: None, 5).hops[-1]

    assert (False, "read-back-unreachable") == (hop.ok, hop.id)
    assert "the connection is refused" in hop.cause


def test_the_secret_of_the_key_is_never_sent(fake):
    """Requests are signed with it."""
    fake.traces[TRACE] = trace_api.trace(100)
    read(fake)

    assert fake.seen
    assert not [text for text in fake.seen if HIDDEN in text]


class Region(StepByStep):
    """Services whose spans reach their agents, and a gateway that shows no counts."""

    side_by_side, received = 1, RECEIVED

    def __init__(self):
        self.sent = {}

    def services(self):
        return ("api", "web")

    def send(self, service, marker, spans):
        self.sent[service] = spans
        return ClientCounts(spans, spans, {}, 1, (f"trace-of-{service}", "another"))

    def agent(self, service, settled=0, seconds=0):
        spans = self.sent.get(service, 0)
        return AgentCounts(int(spans > 0), spans_submitted=spans, connected=1)

    def agent_log(self, service):
        return ""

    def gateway(self, marker, settled, seconds):
        return None


def test_a_proof_of_a_region_is_closed_to_its_last_hop(fake):
    """The traces that verify itself sends are those that are read."""
    fake.traces = {f"trace-of-{name}": trace_api.trace(20) for name in ("api", "web")}
    api = TraceApi("cn-shanghai", AccessKey(trace_api.KEY, HIDDEN), fake.endpoint)
    open_proof = verify(Region(), 20, 1)
    proof = proofs.closed(open_proof, api, lambda _: None, 5)

    assert {None} == {hop.ok for hop in open_proof.hops if hop.hop == ACCEPTED}
    assert {True} == {hop.ok for hop in proof.hops if hop.hop == ACCEPTED}
    assert ["trace-of-api", "trace-of-web"] == [one["TraceID"] for one in fake.asked]


def test_a_hop_that_is_counted_stays_as_it_is(fake):
    """The stand-in's counts need no reading back."""
    counted = Proof("m", (PROOF.hops[0], Hop(ACCEPTED, "web", True, 200, 200)), (TRACE,))
    api = TraceApi("cn-shanghai", AccessKey(trace_api.KEY, HIDDEN), fake.endpoint)

    assert counted.hops == proofs.closed(counted, api, lambda _: None, 1).hops
    assert [] == fake.asked


def test_a_path_that_is_broken_before_is_not_read_back(fake):
    """Its spans cannot arrive, and waiting for them would take a minute."""
    broken = Proof("m", (replace(PROOF.hops[0], ok=False), PROOF.hops[1]), (TRACE,))
    api = TraceApi("cn-shanghai", AccessKey(trace_api.KEY, HIDDEN), fake.endpoint)

    assert broken.hops == proofs.closed(broken, api, lambda _: None, 30).hops
    assert [] == fake.asked


def test_each_service_has_its_own_trace(fake):
    """The first marked one of each, in the order of the services."""
    hops = [replace(hop, service=name) for name in ("api", "web") for hop in PROOF.hops]
    fake.traces = {"aa": trace_api.trace(100), "bb": trace_api.trace(90)}
    both = Proof("m", tuple(hops), ("aa", "bb"))
    api = TraceApi("cn-shanghai", AccessKey(trace_api.KEY, HIDDEN), fake.endpoint)
    found = proofs.closed(both, api, lambda _: None, 0.2).hops

    assert [("api", 100), ("web", 90)] == [
        (hop.service, hop.figure) for hop in found if hop.hop == ACCEPTED
    ]


# The key --------------------------------------------------------------------------------------


def test_the_key_leaves_the_environment(monkeypatch):
    """No program that is started afterwards inherits it, and no text shows it."""
    monkeypatch.setenv(ID, trace_api.KEY)
    monkeypatch.setenv(SECRET, HIDDEN)
    key = take_key(None)

    assert (trace_api.KEY, HIDDEN) == (key.identity, key.secret)
    assert "AccessKey()" == repr(key)
    with pytest.raises(SidecarError, match="read-back-without-key"):
        take_key(None)


def test_the_key_is_read_from_a_file(tmp_path, monkeypatch):
    """The file wins over the environment."""
    monkeypatch.setenv(ID, "other")
    file = tmp_path / "key"
    file.write_text(f"{ID}={trace_api.KEY}\n{SECRET}={HIDDEN}\n")
    key = take_key(file)

    assert (trace_api.KEY, HIDDEN) == (key.identity, key.secret)


def test_without_a_key_verify_ends_before_it_sends(run, monkeypatch):
    """With the names of the variables."""
    monkeypatch.delenv(ID, raising=False)
    done = run("verify", "--read-back", "cn-shanghai")

    assert 1 == done.code
    assert f"Set {ID} and {SECRET}" in done.err


@pytest.mark.parametrize(
    ("region", "cause"),
    [("cn-shangai", "Did you mean cn-shanghai"), ("local", "local has no such API")],
)
def test_a_region_without_an_api_is_refused(run, region, cause):
    """A typo, or the stand-in's."""
    done = run("verify", "--read-back", region)

    assert done.code
    assert cause in done.err


def test_a_key_file_that_others_read_is_warned_of(run, tmp_path, monkeypatch):
    """Verify goes on; here it finds nothing to verify."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "key"
    file.write_text(f"{ID}={trace_api.KEY}\n{SECRET}={HIDDEN}\n")
    file.chmod(0o644)
    done = run(
        "verify", "--read-back", "cn-shanghai", "--read-back-key", file, "--target", "compose"
    )

    assert "[read-back-key-file-open]" in done.err
    assert HIDDEN not in done.err + done.out


def test_without_the_library_the_extra_is_named(run, monkeypatch):
    """It is not a part of a plain installation."""
    monkeypatch.setenv(ID, trace_api.KEY)
    monkeypatch.setenv(SECRET, HIDDEN)
    monkeypatch.setitem(sys.modules, "alibabacloud_xtrace20190808", None)
    done = run("verify", "--read-back", "cn-shanghai")

    assert 1 == done.code
    assert "pip install 'sidecar-kit[readback]'" in done.err


def test_a_key_file_without_a_region_is_wrong_usage(run, tmp_path):
    """It would be ignored."""
    done = run("verify", "--read-back-key", tmp_path / "key")

    assert 2 == done.code
    assert "need --read-back REGION" in done.err


def test_the_commands_of_the_page_are_ones_the_kit_knows():
    """Every `$ sidecar …` of docs/read-back.md parses."""
    page = (Path(__file__).parents[3] / "docs" / "read-back.md").read_text("utf-8")
    lines = re.findall(r"^\$ sidecar (.+)$", page, re.MULTILINE)

    assert lines
    for line in lines:
        build_parser("verify").parse_args(line.split())
