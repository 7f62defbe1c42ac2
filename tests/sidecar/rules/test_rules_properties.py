"""Properties of recognition: masking hides just what is found, in any text, in linear time."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time

import pytest
import rule_corpus as corpus
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sidecar.rules import recognition

CASES = int(os.environ.get("FUZZ_CASES", "500"))

PIECES = (
    *(
        "Authentication",
        "authentication",
        "AUTHENTICATION",
        "adapt_",
        "=",
        " = ",
        ": ",
        "%3D",
        "%40",
    ),
    *("@", "\uff20", "_", "***", "...", "<token>", corpus.TOKEN, "a", "b-c", "1.0", "$", "~", "+"),
    *(" ", "\n", "\t", r"\n", "\\", "'", '"', "`", r"\"", ",", ",team=", "/", "/api/", "http://h/"),
    *("x:", ";", "(", "{", "é", "密", "\x00"),
)
texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=12).map("".join)


@given(texts)
@settings(max_examples=CASES, deadline=None)
@example("a@b@Authentication=c")
@example("Authentication=a@b@c,d=e")
@example(r"Authentication=\"Authentication")
def test_masking_hides_just_what_is_found(text: str) -> None:
    """No token that is found is left, and a text without any stays as it is."""
    masked = recognition.mask(text)
    left = recognition.find_tokens(masked)

    assert recognition.looks_like_token(text) == (masked != text)
    assert bool(recognition.find_tokens(text)) == (masked != text)
    assert [] == left
    assert masked == recognition.mask(masked)


@given(texts)
@settings(max_examples=CASES, deadline=None)
def test_spans_are_what_is_masked(text: str) -> None:
    """In order, apart from each other, and covering each token that is found."""
    spans = recognition.token_spans(text)
    covered = [text[start:end] for start, end in spans]

    assert spans == sorted(spans)
    assert all(end < start for (_, end), (start, _) in itertools.pairwise(spans))
    assert all(any(token in piece for piece in covered) for token in recognition.find_tokens(text))


@given(texts, st.text(st.characters(exclude_characters="*"), min_size=1))
@settings(max_examples=CASES, deadline=None)
def test_a_known_token_is_masked_wherever_it_is(text: str, token: str) -> None:
    """Whatever its shape, and also where it is a part of another."""
    masked = recognition.mask(f"{text}{token}{text}", token, token * 2, None, "")

    assert token not in masked


@pytest.mark.parametrize(
    "piece",
    [
        *("a", "a ", "a@", "a@b ", "@", "%40", "authentication", "Authentication=", "adapt_"),
        *("Authentication=,", "Authentication=a,", "a,", ",x", "authentication        ", "://"),
        *(" --agent.tags='", "trac", "tracauth", '"', "***"),
    ],
)
def test_a_long_text_takes_no_long_time(piece: str) -> None:
    """Logs and files may hold a line of megabytes: no pattern takes quadratic time."""
    text = f"Authentication={piece * (200_000 // len(piece))}"
    begin = time.process_time()

    recognition.looks_like_token(text)
    recognition.mask(text)
    recognition.is_secret("X", text)
    recognition.names_token(text, text)
    recognition.strip(text)

    assert time.process_time() - begin < 5


def test_importing_recognition_imports_only_re() -> None:
    """Each start of the command may import it, and few starts mask."""
    code = (
        "import __future__, functools, re, sys; before = set(sys.modules);"
        "import sidecar.rules.recognition;"
        "print(*sorted(set(sys.modules) - before))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ["sidecar", "sidecar.rules", "sidecar.rules.recognition"] == found.stdout.split()
