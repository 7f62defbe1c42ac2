"""Tables that fit the terminal, and colour that can be turned off."""

from __future__ import annotations

import pytest

from sidecar import console
from sidecar.findings import Finding, Severity

TOKEN = "abc123@0123456789abcde_abc123@53df7ad2afe8301"
HEAD = ("REGION", "NAME")
ROWS = [("cn-hangzhou", "杭州"), ("local", "This machine")]


def test_columns_are_aligned() -> None:
    """A wide character takes two columns; no line ends with blanks."""
    expected = "REGION       NAME\ncn-hangzhou  杭州\nlocal        This machine"

    assert expected == console.table(HEAD, ROWS, 80)


def test_wide_characters_are_counted_as_two() -> None:
    """What follows a Chinese name starts in the same column."""
    assert "A     B\n杭州  x\nabc   y" == console.table(
        ("A", "B"), [("杭州", "x"), ("abc", "y")], 80
    )


def test_a_table_that_just_fits_stays_a_table() -> None:
    """Blanks after the last column do not count."""
    width = len("cn-hangzhou  This machine")

    assert console.table(HEAD, ROWS, width).startswith("REGION       NAME")
    assert not console.table(HEAD, ROWS, width - 1).startswith("REGION")


def test_a_narrow_terminal_gets_blocks() -> None:
    """Each row becomes lines of its own, under the names of the columns."""
    assert "cn-hangzhou\n  name    杭州\nlocal\n  name    This machine" == console.table(
        HEAD, ROWS, 20
    )


def test_a_table_without_rows_is_its_head() -> None:
    """No rows are not an error."""
    assert "REGION  NAME" == console.table(HEAD, [])


def test_a_pipe_gets_whole_lines() -> None:
    """Without a terminal, lines are not wrapped at 80 columns."""
    assert 200 == console.width()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Make standard output a colour terminal."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return monkeypatch


def test_a_terminal_gets_its_own_width(terminal) -> None:
    """COLUMNS, as shells set it, is the terminal's width."""
    terminal.setenv("COLUMNS", "43")

    assert 43 == console.width()


@pytest.mark.parametrize(
    ("style", "code"), [("ok", 32), ("warning", 33), ("error", 31), ("dim", 2), ("bold", 1)]
)
def test_a_terminal_gets_colour(terminal, style: str, code: int) -> None:
    """Each style is one code, and ends."""
    assert f"\x1b[{code}mtext\x1b[0m" == console.colour("text", style)


def test_no_color_is_respected(terminal) -> None:
    """Any value of NO_COLOR but the empty one turns colour off."""
    terminal.setenv("NO_COLOR", "1")
    assert "text" == console.colour("text", "ok")

    terminal.setenv("NO_COLOR", "")
    assert "text" != console.colour("text", "ok")


def test_a_dumb_terminal_and_a_pipe_get_plain_text(terminal) -> None:
    """No codes where nothing understands them."""
    terminal.setenv("TERM", "dumb")
    assert "text" == console.colour("text", "ok")

    terminal.setenv("TERM", "xterm")
    terminal.setattr("sys.stdout.isatty", lambda: False)
    assert "text" == console.colour("text", "ok")


FLOATS = Finding(Severity.WARNING, "web", "a.yaml:3", "floats", "Pin it", "floating-image-tag")
PROOF = Finding(Severity.OK, "gateway", "", "answers")


@pytest.mark.parametrize(
    ("findings", "ignored", "text"),
    [
        ([], 0, ""),
        ([PROOF], 0, "ok: gateway: answers"),
        ([FLOATS], 0, "warning: a.yaml:3: web: floats. Pin it [floating-image-tag]"),
        ([PROOF], 2, "ok: gateway: answers\n2 ignored"),
    ],
)
def test_a_finding_is_a_line_that_ends_with_its_id(findings, ignored: int, text: str) -> None:
    """How many were ignored comes last."""
    assert text == console.findings_text(findings, ignored)


def test_the_id_is_dimmed_on_a_colour_terminal(terminal) -> None:
    """It is there for a look-up, and should not distract."""
    expected = (
        "\x1b[33mwarning\x1b[0m: a.yaml:3: web: floats. Pin it \x1b[2m[floating-image-tag]\x1b[0m"
    )

    assert expected == console.findings_text([FLOATS])


def test_a_file_gets_no_colours_while_the_terminal_does(terminal, tmp_path) -> None:
    """Each stream is judged by itself."""
    with (tmp_path / "errors").open("w") as stream:
        assert "\x1b" not in console.findings_text([FLOATS], stream=stream)


def test_findings_show_no_token() -> None:
    """Neither as text nor as data, wherever a check put it; the kit's own words stay."""
    words = "Give `--agent.tags=Authentication=...`"
    finding = Finding(Severity.WARNING, TOKEN, f"./{TOKEN}:3", f"{TOKEN} is missing", words)
    shown = {"subject": "***", "place": "./***:3", "cause": "*** is missing", "fix": words}

    assert f"warning: ./***:3: ***: *** is missing. {words}" == console.findings_text([finding])
    assert [{"severity": "warning", **shown, "id": ""}] == console.findings_data([finding])


def test_data_is_shown_without_tokens() -> None:
    """In texts and keys, at any depth; all else stays."""
    data = {"argv": [f"--x={TOKEN}", 1, None], TOKEN: ("a", True)}

    assert {"argv": ["--x=***", 1, None], "***": ["a", True]} == console.masked(data)
