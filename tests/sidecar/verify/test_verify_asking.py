"""From where a request of verify is sent."""

from __future__ import annotations

import pytest

from sidecar.verify.asking import Ask, parsed, settled, urls_for
from sidecar.verify.look import Look, ReplicaLook
from sidecar.verify.network.namespace import Reading
from sidecar.verify.network.requests import Answer
from sidecar.verify.network.visit import Visit

NAMES = ("api", "web")
LOCAL = "http://localhost:8080/"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (LOCAL, {"api": (LOCAL,), "web": (LOCAL,)}),
        (f"web={LOCAL}", {"api": (), "web": (LOCAL,)}),
        ("http://web:8080/", {"api": (), "web": ("http://web:8080/",)}),
        ("http://elsewhere/?a=b", {"api": ("http://elsewhere/?a=b",), "web": ()}),
        (f"other={LOCAL}", {"api": (), "web": ()}),
    ],
)
def test_a_request_is_sent_from_the_service_that_it_is_for(text, expected) -> None:
    """Named, or by the host; to localhost, from each; to any other host, from the first."""
    assert expected == urls_for([parsed(text)], NAMES)


@pytest.mark.parametrize("text", ["localhost:8080", "ftp://x/", "web=", "http:///x"])
def test_another_text_is_no_request(text) -> None:
    """Only http URLs are."""
    with pytest.raises(ValueError, match="is not an http URL"):
        parsed(text)


def looked(answer) -> Look:
    """Return the look at a service that gave an answer."""
    visit = Visit((), Reading(), answers=(answer,))
    return Look(replicas=(ReplicaLook("one", visit=visit),))


def test_a_url_of_localhost_needs_one_service_that_answers() -> None:
    """Nothing listens at that port in the others."""
    refused, fine = Answer(LOCAL, 0, "does not answer"), Answer(LOCAL, 200)
    looks = settled({"api": looked(refused), "web": looked(fine)}, [Ask(LOCAL)])

    assert [(), (fine,)] == [look.replicas[0].visit.answers for look in looks.values()]
    alone = settled({"api": looked(refused)}, [Ask(LOCAL)])
    assert (refused,) == alone["api"].replicas[0].visit.answers
