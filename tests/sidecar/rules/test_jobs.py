"""Which commands are known to end."""

from __future__ import annotations

import pytest

from sidecar.rules import jobs


@pytest.mark.parametrize(
    "command",
    [
        ["alembic", "upgrade", "head"],
        ["python", "-m", "alembic", "upgrade", "head"],
        ["python3.12", "manage.py", "migrate", "--noinput"],
        ["/venv/bin/python", "./manage.py", "collectstatic"],
        ["django-admin", "migrate"],
        ["flask", "db", "upgrade"],
    ],
)
def test_a_command_that_always_ends_is_named(command: list[str]) -> None:
    """It would be started again for ever."""
    problem = jobs.one_off(command)

    assert problem is not None
    assert ("one-off-command", "Set kind: job") == (problem.rule.id, problem.fix)


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["python"],
        ["python", "-m", "orders.import_all"],
        ["python", "manage.py", "runserver"],
        ["python", "manage.py", "import_orders"],
        ["sh", "-c", "alembic upgrade head && gunicorn shop:app"],
        ["alembic-watch", "upgrade"],
        ["flask", "run"],
        ["alembic"],
    ],
)
def test_nothing_is_guessed(command: list[str]) -> None:
    """A script may do its work again and again."""
    assert jobs.one_off(command) is None


@pytest.mark.parametrize(
    ("why", "begins"),
    [
        ("Job has reached the specified backoff limit", "See `kubectl logs job/demo-x`"),
        ("Job was active longer than specified deadline", "See `kubectl describe job demo-x`; "),
    ],
)
def test_a_job_above_its_deadline_has_no_logs_to_see(why: str, begins: str) -> None:
    """The cluster deletes its pods."""
    problem = jobs.failed("demo-x", why)

    assert problem is not None
    assert problem.fix.startswith(begins)
