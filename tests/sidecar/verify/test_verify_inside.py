"""The proof from inside a pod, against small HTTP servers."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from sidecar.errors import SidecarError
from sidecar.verify.pod import proof

if TYPE_CHECKING:
    from collections.abc import Iterator

TRACE = "abc123"


@contextmanager
def serving(answers: dict[str, object]) -> Iterator[str]:
    """Answer GET with JSON by path, or with what a function returns, 404 for any other.

    Yield the address.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = answers.get(self.path)
            if callable(found):
                found = found()
            body = (found if isinstance(found, str) else json.dumps(found)).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def trace(spans: int, *, token: bool = True):
    """Return a trace as the query API does."""
    span = {
        "references": [],
        "operationName": "work",
        "startTime": 1,
        "duration": 1,
        "tags": [],
        "processID": "p1",
    }
    tags = [{"key": "Authentication", "value": "***"}] if token else []
    process = {"serviceName": "web", "tags": tags}
    return {
        "data": [
            {
                "spans": [{**span, "spanID": str(one)} for one in range(spans)],
                "processes": {"p1": process},
            }
        ]
    }


def test_a_service_that_names_its_trace_is_followed_to_the_gateway() -> None:
    """The trace is shown as a tree."""
    with serving({"/greet": {"trace_id": TRACE}, f"/api/traces/{TRACE}": trace(4)}) as url:
        text = proof.asked(f"{url}/greet", url, 5)

    assert (
        f"{url}/greet: answers; its trace {TRACE}, accepted with its token tag:"
        == text.splitlines()[0]
    )
    assert 4 == text.count("web  work")


@pytest.mark.parametrize("answer", [{"other": 1}, {"trace_id": 7}, [], "not JSON"])
def test_a_service_that_names_no_trace_just_answers(answer: object) -> None:
    """Any service may be requested."""
    with serving({"/": answer}) as url:
        assert f"{url}/: answers" == proof.asked(f"{url}/", url, 1)


def test_a_real_gateway_is_not_asked_for_the_trace() -> None:
    """It has no page to show it."""
    with serving({"/": {"trace_id": TRACE}}) as url:
        assert f"{url}/: answers" == proof.asked(f"{url}/", None, 1)


@pytest.mark.parametrize(
    ("found", "cause"),
    [
        (None, "0 spans of its trace abc123 arrived in 0.2 s"),
        (trace(3), "3 spans of its trace"),
        (trace(4, token=False), "spans of web came without the token's tag"),
    ],
)
def test_an_incomplete_trace_is_a_failure(found: object, cause: str) -> None:
    """Missing, short, or without the token's tag."""
    with (
        serving({"/": {"trace_id": TRACE}, f"/api/traces/{TRACE}": found}) as url,
        pytest.raises(SidecarError, match=cause),
    ):
        proof.asked(f"{url}/", url, 0.2)


@pytest.mark.parametrize("token", [False, True])
def test_a_collectors_spans_show_no_token(token: bool) -> None:
    """They come without its tag; one that shows it is a failure."""
    answers = {"/greet": {"trace_id": "abc"}, "/api/traces/abc": trace(5, token=token)}
    with serving(answers) as url:
        if token:
            with pytest.raises(SidecarError, match="spans of web came with a token's tag"):
                proof.asked(f"{url}/greet", url, 0.3, tagged=False)
        else:
            shown = proof.asked(f"{url}/greet", url, 2, tagged=False)
            assert "accepted without a token tag" in shown


def test_a_service_that_does_not_answer_is_a_failure() -> None:
    """Nothing listens there."""
    with serving({}) as url:
        pass
    with pytest.raises(SidecarError, match="does not answer: Connection refused"):
        proof.asked(url, None, 1)


def test_a_service_that_refuses_answers() -> None:
    """The status is the cause: it runs, and the path may be another one."""
    with serving({}) as url, pytest.raises(SidecarError) as caught:
        proof.asked(f"{url}/greet", None, 1)

    assert ("answers 404", True) == (caught.value.cause, "`example`" in caught.value.fix)


def reporters(spans: int) -> dict[str, object]:
    """Return what the stand-in shows of a service's own spans."""
    return {"reporters": [{"service": "web", "hostname": "h", "spans": spans}]}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"/api/traces/51dec0deabcd": trace(4)}, ("web", True, 4, "")),
        ({}, ("127.0.0.1", False, 0, "service-silent")),
    ],
    ids=["followed", "silent"],
)
def test_a_requested_service_must_report(answers, expected, monkeypatch) -> None:
    """Its spans of a request with a trace id reach the stand-in, or it is silent."""
    monkeypatch.setattr("secrets.token_hex", lambda _: "abcd")
    with serving({"/": {}, "/api/reporters": reporters(3), **answers}) as url:
        (hop,) = proof.reports([f"{url}/"], url, 0.2)

    assert expected == (hop.service, hop.ok, hop.figure, hop.id)


def test_what_a_service_calls_may_report_before_it(monkeypatch) -> None:
    """Its own spans are waited for, although its trace is there already."""
    monkeypatch.setattr("secrets.token_hex", lambda _: "abcd")
    called = trace(2)
    tags = [{"key": "hostname", "value": "demo-backend-5cddf9d488-gqrh4"}]
    called["data"][0]["processes"]["p1"] = {"serviceName": "backend", "tags": tags}
    both = trace(3)
    both["data"][0]["processes"] |= {"p2": called["data"][0]["processes"]["p1"]}
    both["data"][0]["spans"] += [{**one, "processID": "p2"} for one in called["data"][0]["spans"]]
    shown = iter([called, called])
    answers = {"/api/traces/51dec0deabcd": lambda: next(shown, both)}
    with serving({"/": {}, "/api/reporters": reporters(3), **answers}) as url:
        hops = list(proof.reports([f"{url}/"], url, 5))

    assert [("backend", True, 2), ("web", True, 3)] == [
        (hop.service, hop.ok, hop.figure) for hop in hops
    ]


def test_a_request_without_an_answer_is_a_failed_hop() -> None:
    """It is named."""
    with serving({"/api/reporters": reporters(3)}) as url:
        (hop,) = proof.reports([f"{url}/"], url, 0.2)

    assert ("request-not-answered", f"{url}/: answers 404") == (hop.id, hop.cause)


POD = "demo-web-5cddf9d488-gqrh4"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (f"Shop {POD}", {"Shop": 2}),
        ("web 10.0.0.7", {"web": 2}),
        ("api demo-web-api-5cddf9d488-gqrh4", {}),
        ("web demo-other-web-5cddf9d488-gqrh4", {}),
        ("nightly demo-nightly-29401230-x7k2p", {}),
        ("Shop ", {}),
    ],
    ids=["its pod", "its name", "a longer name", "another's pod", "a cron", "anyone"],
)
def test_a_service_that_follows_no_trace_reports_if_its_own_count_grows(key, expected) -> None:
    """Its client may use other headers; what another one reports meanwhile proves nothing."""
    assert expected == proof.grown({key: 1, "api x": 4}, {key: 3, "api x": 4}, "demo-web")


@pytest.mark.parametrize(
    ("key", "expected"),
    [(f"Shop {POD}", {"Shop": 2}), ("Shop ", {"Shop": 2}), ("api demo-api-5cddf9d488-gqrh4", {})],
    ids=["its pod", "no host", "whom it called"],
)
def test_a_service_that_only_passes_a_trace_on_is_not_proven(key, expected) -> None:
    """The service behind it is traced, and shows the trace."""
    assert expected == proof.followed({key: 2}, "demo-web")


def test_a_long_name_is_cut_as_that_of_its_pod() -> None:
    """Kubernetes cuts it before the five last characters."""
    host = "release-of-a-team-with-a-long-name-and-of-a-service-with-one"
    pod = f"{host}-5cddf9d488-"[:58] + "gqrh4"

    assert proof.is_of(f"Shop {pod}", host)
    assert not proof.is_of(f"Shop {pod}", "release-of-another-team")


def test_no_agent_is_a_failed_hop(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, and the hop is named."""
    with serving({}) as url:
        pass
    brief = ("--spans=1", "--seconds=1", "--start=0")
    code = proof.main(["--service=test", f"--admin={url}", "--agent=127.0.0.1:9", *brief])

    assert 1 == code
    assert "not proven: test, agent received" in capsys.readouterr().out
