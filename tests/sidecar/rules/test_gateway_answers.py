"""What a late answer of a gateway costs."""

from __future__ import annotations

import pytest

from sidecar.rules.agents import workers_of
from sidecar.rules.gateway_answers import Answers, late


@pytest.mark.parametrize(
    ("answers", "seconds", "most"),
    [
        (Answers(30.0, 20, 0, 0.0), "30.0", 21),
        (Answers(8.0, 20, 64, 20.0), "8.0", 80),
        (Answers(13.8, 279, 192, 15.0), "5.0", 128),
    ],
    ids=["no answer yet", "no packet waits for a worker", "packets wait for a worker"],
)
def test_the_cost_is_that_of_a_call(answers: Answers, seconds: str, most: int) -> None:
    """Where packets wait for a worker, the answers of a while show how long a call takes."""
    problem = late(answers, 64)

    assert problem
    assert f"takes {seconds} s or more" in problem.cause
    assert f"64 workers forward at most {most} spans/s" in problem.cause


def test_an_agents_arguments_say_how_many_calls_it_makes_at_a_time() -> None:
    """Jaeger's own number, where they do not say."""
    flag = "--processor.jaeger-compact.workers"

    assert 64 == workers_of(["/go/bin/agent-linux", f"{flag}=64", "--log-level=info"])
    assert 10 == workers_of([f"{flag}=${{WORKERS}}"])
