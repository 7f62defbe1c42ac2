"""The token's variable stays out of the environment of everything that is started."""

from __future__ import annotations

from sidecar import secrecy


def test_the_variable_is_taken_out_of_the_environment(monkeypatch) -> None:
    """No program that is started later inherits it."""
    monkeypatch.setenv("TRACING_TOKEN", "abc@1_abc@2")

    assert "abc@1_abc@2" == secrecy.take_from_environment()
    assert secrecy.take_from_environment() is None


def test_a_child_gets_every_other_variable() -> None:
    """An environment that a caller put together is cleaned, too."""
    given = {"TRACING_TOKEN": "abc@1_abc@2", "PATH": "/bin"}

    assert {"PATH": "/bin"} == secrecy.child_environment(given)
