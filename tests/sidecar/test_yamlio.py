"""YAML is loaded with places and dumped as data."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar import yamlio
from sidecar.errors import SidecarError

MERGE_BOMB = "a0: &a0 {x: 1, y: 2}\n" + "".join(
    f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}], k{n}: 1}}\n" for n in range(1, 27)
)


def test_load_returns_the_data_of_one_document() -> None:
    """Scalars have YAML's types, and a merge key is merged."""
    assert {"a": {"x": 1}, "b": {"x": 1, "y": "z"}} == yamlio.load(
        "a: &a {x: 1}\nb: {<<: *a, y: z}", "f"
    )


def test_an_empty_document_is_none() -> None:
    """An empty file, or one with comments only, is not an error."""
    assert yamlio.load("# nothing\n", "f") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\n---\nb: 2\n", "f:2: is not YAML: but found another document"),
        ("a: 1\na: 2\n", "f:2: is not YAML: the key 'a' is given twice"),
        ("a: *b\n", "f:1: is not YAML: found undefined alias"),
        ("a: {b: 1, b: 2}\n", "f:1: is not YAML: the key 'b' is given twice"),
        ("a: [1\nb: 2\n", "f:2: is not YAML"),
        ("a: \x00", "f: is not YAML"),
        (
            "a: !!python/object/apply:os.system [id]",
            "f:1: is not YAML: could not determine a constructor",
        ),
        ("a: !mine b", "f:1: is not YAML"),
        ("{[]: b}", "f:1: is not YAML: found unhashable key"),
        ("a: !!timestamp b", "f: holds a value that YAML cannot read"),
        ("a: !!int b", "f: holds a value that YAML cannot read"),
        ("a: !!int ''", "f: holds a value that YAML cannot read"),
        ("a: !!bool b", "f: holds a value that YAML cannot read"),
        ("a: 2026-02-30", "f: holds a value that YAML cannot read"),
        (f"a: {'9' * 5000}", "f: holds a value that YAML cannot read"),
        ("- " * 60 + "a", "f:1: is nested deeper than 50 levels"),
        (MERGE_BOMB, "f: holds more than 100,000 values, with aliases expanded. Split it"),
        ("[" * 100_000 + "]" * 100_000, "f:1: is nested deeper than 50 levels"),
    ],
)
def test_what_is_not_plain_data_is_refused_with_its_place(text: str, message: str) -> None:
    """Whatever the parser reads causes at most a SidecarError, and no crash of the C parser."""
    with pytest.raises(SidecarError) as caught:
        yamlio.load(text, "f")

    assert str(caught.value).startswith(message)


def test_an_alias_to_itself_is_data() -> None:
    """A list inside itself neither loops nor fails."""
    data = yamlio.load("&a [*a]", "f")

    assert data is data[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe", "is not UTF-8 text. Save it as UTF-8"),
        (b"a" * (2**20 + 1), "is larger than 1 MiB"),
    ],
)
def test_a_file_that_is_not_text_is_refused(tmp_path, content: bytes, message: str) -> None:
    """Bytes that are not UTF-8, or too many of them, are reported as such."""
    path = tmp_path / "f"
    path.write_bytes(content)

    with pytest.raises(SidecarError, match=message):
        yamlio.read_text(path)


def test_an_endless_file_is_refused() -> None:
    """An endless device is read only up to the limit."""
    with pytest.raises(SidecarError, match="/dev/zero: is larger than 1 MiB"):
        yamlio.read_text(Path("/dev/zero"))


def test_a_byte_order_mark_is_no_content(tmp_path) -> None:
    """The byte order mark of Windows editors is removed."""
    path = tmp_path / "f"
    path.write_bytes(b"\xef\xbb\xbfregion: local")

    assert "region: local" == yamlio.read_text(path)


def test_a_folder_is_not_read(tmp_path) -> None:
    """The message of the system says why."""
    with pytest.raises(SidecarError, match=r"Is a directory. Check the path and its permissions"):
        yamlio.read_text(tmp_path)


@settings(deadline=None)  # a busy machine is no failure
@given(st.text())
def test_any_text_survives_flow(text: str) -> None:
    """A dumped text is one ASCII line, and loads as itself."""
    line = yamlio.flow(text)

    assert text == yaml.safe_load(line)
    assert line.isascii()
    assert "\n" not in line


@settings(deadline=None)  # a busy machine is no failure
@given(st.recursive(st.text() | st.integers() | st.booleans() | st.none(), st.lists, max_leaves=8))
def test_any_data_survives_flow(data: object) -> None:
    """Lists, numbers, booleans and null load as themselves."""
    assert data == yaml.load(yamlio.flow(data), Loader=yaml.CSafeLoader)


@pytest.mark.parametrize("word", ["yes", "No", "ON", "off", "y", "N", "true", "null", "NULL"])
def test_words_that_yaml_reads_as_no_text_are_quoted(word: str) -> None:
    """YAML 1.1 and 1.2 disagree on these; quotes make them text in each."""
    assert json.dumps(word) == yamlio.flow(word)


@pytest.mark.parametrize("word", ["frontend", "a/b.c-d", "_x1"])
def test_plain_words_stay_plain(word: str) -> None:
    """What every YAML reads as text needs no quotes."""
    assert word == yamlio.flow(word)


def test_an_emoji_is_one_escape_not_two_surrogates() -> None:
    """Compose refuses JSON's surrogate pairs."""
    assert '"\\U0001f600"' == yamlio.flow("\N{GRINNING FACE}")


def test_a_pipe_can_be_read() -> None:
    """A spec may come from a process substitution."""
    reading, writing = os.pipe()
    os.write(writing, b"region: local")
    os.close(writing)

    assert "region: local" == yamlio.read_text(Path(f"/dev/fd/{reading}"))
    os.close(reading)
