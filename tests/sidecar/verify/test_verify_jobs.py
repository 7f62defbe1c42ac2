"""A job that has ended: what verify says of it, when nobody can ask it any more."""

from __future__ import annotations

import json

import pytest

from sidecar.verify import report as reports
from sidecar.verify.counts import ClientCounts
from sidecar.verify.hops import CLIENT, REPORTS, Hop, Proof
from sidecar.verify.look import Look, ReplicaLook, as_line, from_text
from sidecar.verify.network.seen import Seen
from sidecar.verify.service import Judge, needs_stand_in, unseen

ENDED = ReplicaLook("migrate-1", "host-1", ended=True)
LOOK = Look(ClientCounts(5, 5), replicas=(ENDED,))
FINE = Hop(REPORTS, "web", True, 3, None, "own spans")


def judged(seen: Seen | None, look: Look = LOOK) -> Hop:
    """Return the first hop of the job."""
    (hop,) = Judge("migrate", look, seen).hops()
    return hop


def text_of(*hops: Hop) -> str:
    """Return a proof as text."""
    return reports.as_text(Proof("m", hops), 200)


def test_spans_that_the_stand_in_has_received_prove_the_job() -> None:
    """By the host name of its container, which its spans carry."""
    hop = judged(Seen({"migrate host-1": 7, "migrate host-2": 9}))

    assert (True, 7, "own spans") == (hop.ok, hop.figure, hop.unit)
    assert {"shown by": "what the stand-in received of it"} == hop.details


@pytest.mark.parametrize("seen", [None, Seen(), Seen({"migrate host-2": 9})])
def test_without_its_spans_it_is_neither_proven_nor_failed(seen: Seen | None) -> None:
    """In a real region, or where another run of it reported."""
    hop = judged(seen)

    assert (None, None, "job-ended") == (hop.ok, hop.figure, hop.id)


def test_only_the_stand_in_can_show_them() -> None:
    """So it is asked; and there are no variables of a process to speak of."""
    assert needs_stand_in(LOOK)
    assert "" == unseen("migrate", LOOK)


def test_a_look_from_inside_a_pod_keeps_it() -> None:
    """It travels as one line of JSON."""
    assert LOOK == from_text(as_line(LOOK))


def test_the_verdict_is_for_the_others_only() -> None:
    """It says for whom it does not hold, and what to do."""
    text = text_of(FINE, Hop(CLIENT, "web", True, 5, 5), judged(None))

    assert "proven but for migrate: every marked span arrived, and the services report" in text
    assert "not proven: migrate: the job has ended, and nothing shows its own spans" in text
    assert "Verify while it runs" in text


def test_a_job_alone_is_never_called_proven() -> None:
    """Nor does it fail because its work is done."""
    proof = Proof("m", (judged(None),))
    text = reports.as_text(proof, 200)

    assert ["not proven: migrate: the job has ended"] == [
        line.partition(",")[0] for line in text.splitlines() if "proven" in line
    ]
    assert proof.ok
    assert None is json.loads(reports.as_json(proof))["hops"][0]["ok"]


def test_a_job_whose_spans_are_there_is_proven_like_a_service() -> None:
    """Nothing is left open."""
    text = text_of(judged(Seen({"migrate host-1": 7})))

    assert "proven: every marked span arrived, and the services report" in text
    assert "not proven" not in text


def test_a_failure_of_another_service_is_the_verdict() -> None:
    """The job is named after it."""
    text = text_of(judged(None), Hop(REPORTS, "web", False, 0, None, cause="is silent", id="x"))

    assert text.index("not proven: web") < text.index("not proven: migrate")
