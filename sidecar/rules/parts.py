"""What keeps a part of a deployment from running or answering: a service, an agent, the gateway."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

from sidecar.findings import Problem, Rule, Severity
from sidecar.rules import queue_files, scheduling, starts, token_files

_NO_SPANS = "The spans of the service do not arrive."
_SEE = "See `docker compose ps` and `docker compose logs`"


def _error(rule: str, summary: str, fix: str, example: str, why: str = _NO_SPANS) -> Rule:
    return Rule(rule, Severity.ERROR, summary, why, fix, example)


MISSING_PART = _error(
    "missing-part",
    "A service, its agent or the gateway is not in the deployment.",
    "Render again, and run `docker compose up`, or `helm upgrade`",
    "a Compose project with the service `web` and without `web-agent`",
)
NOT_RUNNING = _error(
    "part-not-running",
    "A service, its agent or the gateway does not run.",
    "See `docker compose ps` and `docker compose logs`, or `kubectl describe pod`",
    "container web-agent-1 is exited, exit code 0",
)
PAUSED = _error(
    "part-paused",
    "A container is paused.",
    "Run `docker compose unpause`",
    "container web-agent-1 is paused",
)
OUT_OF_MEMORY = _error(
    "part-out-of-memory",
    "The kernel killed a program, because its container was above its memory limit.",
    "Raise the memory limit of the container; an agent needs it for its queue (docs/tuning.md)",
    "container web-agent-1 was killed above its memory limit (exit code 137)",
    "What it held is lost, each time that it is killed.",
)
CRASHING = _error(
    "part-crashing",
    "A program exits with an error each time that it starts.",
    "See `docker compose logs`, or `kubectl logs --previous`",
    "container web-agent-1 ends with exit code 1 again and again",
)
OFF_NETWORK = _error(
    "gateway-off-network",
    "The stand-in is on no network of the agent.",
    "Run `docker compose up --detach --force-recreate gateway`",
    "docker network disconnect web_gateway web-gateway-1",
)
NO_ANSWER = _error(
    "part-not-answering",
    "The agent's admin port, or the page of the stand-in, does not answer.",
    "See the containers and their logs",
    "http://127.0.0.1:14271: does not answer: Connection refused",
    "The hop cannot be counted.",
)
OTHER_ANSWER = _error(
    "part-answers-otherwise",
    "What answers at a port is not the agent or the stand-in.",
    "Find the program that has the port: `ss -ltnp`; or name the right address",
    "http://127.0.0.1:14271: answers with HTTP 404",
    "The hop cannot be counted.",
)
NOT_COUNTED = _error(
    "hop-not-counted",
    "The hop cannot be counted: the engine, the cluster or the probe refused.",
    "Fix the cause, and verify again",
    "web: the probe failed: OSError: no network",
    "It is not known whether the spans arrive.",
)


def missing_part() -> Problem:
    """Return the problem of a container that a Compose project does not have."""
    return MISSING_PART.problem("is not in the Compose project")


def missing_agent() -> Problem:
    """Return the problem of a pod whose service needs an agent and has none."""
    cause = "its pod has no container jaeger-agent; what the service sends there is lost"
    return MISSING_PART.problem(cause, "Add the agent to the pod: run `helm upgrade`")


def without_agent(name: str) -> Problem:
    """Return the problem of a service, or one pod of it, that should have an agent."""
    return MISSING_PART.problem(
        f"{name} has no agent; what the service sends there is lost",
        "Start it: `docker compose up --detach`, or `helm upgrade`",
    )


def no_answer(error: OSError, fix: str) -> Problem:
    """Return the problem of a port that does not answer, or not as its program would."""
    if status := getattr(error, "code", None):
        return OTHER_ANSWER.problem(f"answers with HTTP {status}")
    return NO_ANSWER.problem(f"does not answer: {words_of(error)}", fix)


def words_of(error: Exception) -> str:
    """Return what the system says of a call that failed, without Python's way to print it."""
    reason = getattr(error, "reason", error)  # urllib wraps the error of the system
    return str(getattr(reason, "strerror", None) or reason) or type(reason).__name__


def off_network(gateway: str, agent: str, shared: str) -> Problem | None:
    """Judge the stand-in's address in a network of an agent; empty where they share none."""
    if shared:
        return None
    return OFF_NETWORK.problem(f"container {gateway} is on no network of {agent}")


# A container of an engine -----------------------------------------------------------------------


class State(NamedTuple):
    """A container, as its engine describes it."""

    name: str
    status: str
    """created, running, paused, restarting, exited, …"""
    exit_code: int = 0
    """Of its last end."""
    out_of_memory: bool = False
    """The kernel ended it for its memory, the last time that it ended."""
    restarts: int = 0
    error: str = ""
    """Why the engine could not start it."""


def container(state: State, ended: Problem | None = None) -> Problem | None:
    """Judge a container by its engine's words; `ended` is what its program wrote at its end."""
    if state.status == "running":
        return None
    if state.status == "paused":
        return PAUSED.problem(f"container {state.name} is paused")
    return _ended(state) if state.out_of_memory or not ended else ended


def restarted(state: State, ended: Problem | None = None) -> Problem | None:
    """Judge why a container that runs ended before; None where the engine did not restart it."""
    if not state.restarts or state.status == "paused":
        return container(state, ended)
    again = state._replace(status="restarting")
    return container(again, ended)


def _ended(state: State) -> Problem:
    subject = f"container {state.name}"
    if state.out_of_memory:
        cause = f"{subject} was killed above its memory limit, and restarted {state.restarts} times"
        return OUT_OF_MEMORY.problem(cause)
    if state.status == "restarting":
        cause = f"{subject} ended with exit code {state.exit_code}, and restarted"
        return CRASHING.problem(f"{cause} {state.restarts} times", _SEE)
    reason = f": {state.error}" if state.error else f", exit code {state.exit_code}"
    shown = reason if state.error or state.status != "created" else ""
    return NOT_RUNNING.problem(f"{subject} is {state.status}{shown}", _SEE)


_CLOSED = re.compile(r"cannot load config file.*permission denied")
_ABSENT = re.compile(r"cannot load config file.*(no such file|Unsupported Config Type)")


def ended_agent(log: str, file: str, mode: int | None = None) -> Problem | None:
    """Judge the last words of an agent that ended; `file` is its token file.

    None where they do not name the file. No line is repeated: it may hold the token.
    """
    if _CLOSED.search(log):
        shown = "" if mode is None else f", mode {mode:04o}"
        return token_files.CLOSED_TO_AGENT.problem(f"{file}{shown}: the agent cannot read it")
    if _ABSENT.search(log):
        return token_files.MISSING.problem(f"{file}: the agent does not find a token file there")
    return None


# A container of a pod ---------------------------------------------------------------------------

OOM_KILLED = "OOMKilled"
CRASHED = ("CrashLoopBackOff", "Error", "StartError", "ContainerCannotRun", "RunContainerError")
ENDED = (*CRASHED, "Completed")
"""Reasons of a container that ran, or was to run."""


class PodState(NamedTuple):
    """A container of a pod that does not run, as the cluster describes it."""

    trouble: str
    """In one line, such as "the agent waits: CrashLoopBackOff"."""
    reason: str = ""
    """Why it waits or ended."""
    last_reason: str = ""
    """Why it ended before."""
    message: str = ""
    """The cluster's message on it, or of the pod's latest event."""
    container: str = ""
    """Its name; empty where the trouble is the pod's."""
    tokens: tuple[str, ...] = ()
    """Secrets that hold the token, where that is known."""
    volumes: tuple[tuple[str, str], ...] = ()
    """Of the pod: each volume's name, and that of its Secret or ConfigMap."""


def pod(state: PodState, fix: str) -> Problem | None:
    """Judge a pod, or a container, by what keeps it from running; None where nothing does."""
    if not state.trouble:
        return None
    if state.reason == scheduling.UNSCHEDULABLE:
        return scheduling.unscheduled(state.message)
    reasons = (state.reason, state.last_reason)
    if OOM_KILLED in reasons:
        return OUT_OF_MEMORY.problem(state.trouble)
    said = starts.Message(state.trouble, reasons, state.message, state.tokens, state.volumes)
    if found := starts.not_started(said):
        return found
    return (
        _crashing(state, fix)
        if state.reason in CRASHED
        else NOT_RUNNING.problem(state.trouble, fix)
    )


def _crashing(state: PodState, fix: str) -> Problem:
    if found := queue_files.ended(state.message):
        return replace(found, cause=f"{state.trouble}: {found.cause}")
    return CRASHING.problem(state.trouble, fix)
