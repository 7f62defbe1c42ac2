"""A job that has ended: what verify says of it, when nobody can ask it any more."""

from __future__ import annotations

import pytest

from sidecar.verify import report as reports
from sidecar.verify.counts import ClientCounts
from sidecar.verify.hops import CLIENT, REPORTS, Hop, Proof
from sidecar.verify.look import Look, ReplicaLook, as_line, from_text
from sidecar.verify.network.seen import Seen
from sidecar.verify.notes import unseen
from sidecar.verify.service import Judge, needs_stand_in

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


@pytest.mark.parametrize(
    ("seen", "rule"),
    [(None, "job-ended"), (Seen(), "job-silent"), (Seen({"migrate host-2": 9}), "job-silent")],
)
def test_without_its_spans_it_is_not_proven(seen: Seen | None, rule: str) -> None:
    """In a real region, or where another run of it reported: all of its spans may be lost."""
    hop = judged(seen)

    assert (False, rule) == (hop.ok, hop.id)
    assert not Proof("m", (hop, FINE)).ok


def test_what_may_follow_from_the_path_is_open() -> None:
    """The path's own failure is the cause; the proof fails by it."""
    (hop,) = Judge("migrate", LOOK, Seen()).hops(path_fails=True)

    assert None is hop.ok


def test_only_the_stand_in_can_show_them() -> None:
    """So it is asked; and there are no variables of a process to speak of."""
    assert needs_stand_in(LOOK)
    assert "" == unseen("migrate", LOOK)


def test_a_look_from_inside_a_pod_keeps_it() -> None:
    """It travels as one line of JSON."""
    assert LOOK == from_text(as_line(LOOK))


def test_the_verdict_names_it_and_what_to_do() -> None:
    """Whatever the others do, nothing is called proven."""
    text = text_of(FINE, Hop(CLIENT, "web", True, 5, 5), judged(None))

    assert (
        "not proven: migrate, service reports: the job has ended, and nothing shows its own spans"
        in text
    )
    assert "Verify while it runs" in text
    assert "every marked span arrived" not in text


def test_a_job_whose_spans_are_there_is_proven_like_a_service() -> None:
    """Nothing is left open."""
    text = text_of(judged(Seen({"migrate host-1": 7})))

    assert "proven: every marked span arrived, and the services report" in text
    assert "not proven" not in text
