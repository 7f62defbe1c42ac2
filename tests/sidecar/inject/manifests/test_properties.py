"""Properties of inject on manifests, whatever the style they are written in."""

from __future__ import annotations

from random import Random
from typing import Any

import yaml
from fuzzing import cases
from hypothesis import event, example, given
from hypothesis import strategies as st
from manifest_inputs import inject, uninject
from manifest_texts import stream

from sidecar.errors import SidecarError
from sidecar.existing.manifests.stream import split
from sidecar.inject.manifests.marks import CHECKSUM, INJECTED, UNDO
from sidecar.spec import COLLECTOR, JAEGER_AGENT
from sidecar.targets.manifests.parts import AGENT, CONFIG, DRAIN, QUEUE, VOLUME, WAIT

OURS = ("JAEGER_AGENT_HOST", "JAEGER_AGENT_PORT")
MARKS = (INJECTED, CHECKSUM, UNDO)
KINDS = st.sampled_from((JAEGER_AGENT, COLLECTOR))
NOTHING = (None, {}, [], "", "~", "null")
SEEDS = st.integers(0, 2**48)


@cases(1)
@given(SEEDS, st.booleans(), KINDS)
@example(42666848, True, JAEGER_AGENT)  # they give way behind a text, in front of empty lines
@example(230226573, False, JAEGER_AGENT)  # an agent gives way at an end without a line break
def test_inject_adds_once_and_uninject_takes_it_all_out(
    turn: int, seed: int, native: bool, kind: str
) -> None:
    """Twice is once, the original bytes come back, and nothing but the additions is new as data."""
    data = stream(Random(seed))
    try:
        before = list(yaml.load_all(data.removeprefix(b"\xef\xbb\xbf"), Loader=yaml.CBaseLoader))
    except yaml.YAMLError:
        event("not YAML")
        return
    once, outcomes = inject(data, native=native, replace=("*",), kind=kind)
    for one in outcomes:
        event(one.skip.problem.rule.id if one.skip and one.skip.problem else one.done)
    after = list(yaml.load_all(once.removeprefix(b"\xef\xbb\xbf"), Loader=yaml.CBaseLoader))

    assert data == uninject(once)[0]
    assert once == inject(once, native=native, kind=kind)[0]
    assert once == inject(once, native=native, replace=("*",), kind=kind)[0]
    assert [_bare(one) for one in before] == [_bare(one) for one in after]
    assert len(list(split(data.splitlines(True)))) == len(list(split(once.splitlines(True))))


def _bare(value: Any) -> Any:
    """Return data without what inject adds, and without what is empty."""
    if isinstance(value, dict):
        found = {key: _bare(item) for key, item in value.items() if key not in MARKS}
        return {key: item for key, item in found.items() if item not in NOTHING}
    if isinstance(value, list):
        kept = [_bare(item) for item in value if not _is_ours(item)]
        return kept or None
    return value


def _is_ours(item: Any) -> bool:
    names = (*OURS, WAIT, AGENT, DRAIN, VOLUME, CONFIG, QUEUE, "old")
    return isinstance(item, dict) and item.get("name") in names


@cases(0.5)
@given(SEEDS, KINDS, KINDS)
def test_another_kind_takes_the_place_of_one(turn: int, seed: int, first: str, kind: str) -> None:
    """Twice is once, and the original bytes come back, whatever was there before."""
    data = stream(Random(seed))
    try:
        once, _ = inject(inject(data, kind=first)[0], kind=kind)
    except SidecarError:
        event("refused")
        return

    assert once == inject(once, kind=kind)[0]
    assert data == uninject(once)[0]


@cases(0.3)
@given(st.binary() | st.text().map(str.encode), st.binary(max_size=40))
def test_any_bytes_are_manifests_or_a_known_error(turn: int, data: bytes, more: bytes) -> None:
    """No traceback, and what is not refused is the same without its agents."""
    for text in (data, b"apiVersion: v1\nkind: Pod\nspec: " + more):
        try:
            once, _ = inject(text)
        except SidecarError as error:
            assert str(error).isprintable()  # noqa: PT017 - most are refused
            continue
        assert text == uninject(once)[0]
