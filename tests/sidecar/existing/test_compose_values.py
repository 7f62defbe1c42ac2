"""Values of a Compose file: variables, ports, sizes."""

from __future__ import annotations

import pytest

from sidecar.existing.compose import syntax
from sidecar.existing.compose.interpolation import env_file_values, resolve


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", ("plain", ())),
        ("$A", ("1", ())),
        ("${A}b", ("1b", ())),
        ("$MISSING!", ("!", ("MISSING",))),
        ("${MISSING}", ("", ("MISSING",))),
        ("${MISSING:-x}", ("x", ())),
        ("${MISSING-x}", ("x", ())),
        ("${EMPTY:-x}", ("x", ())),
        ("${EMPTY-x}", ("", ())),
        ("${A:-x}", ("1", ())),
        ("${MISSING:?say so}", ("", ("MISSING",))),
        ("${A:?say so}", ("1", ())),
        ("${A:+x}", ("x", ())),
        ("${MISSING+x}", ("", ())),
        ("${MISSING:-${A}-${OTHER:-y}}", ("1-y", ())),
        ("${MISSING:-${OTHER}}", ("", ("OTHER",))),
        ("$$A $${A} 5$ $", ("$A ${A} 5$ $", ())),
        ("${MISSING:-open", ("open", ())),
        ("${1}", ("${1}", ())),
        ("${A:-" * 30, ("1", ())),
    ],
)
def test_variables_resolve_as_compose_says(
    text: str, expected: tuple[str, tuple[str, ...]]
) -> None:
    """Defaults, requirements, replacements, nesting, escapes; other text stays."""
    resolved = resolve(text, {"A": "1", "EMPTY": ""})

    assert expected == (resolved.text, resolved.missing)


def test_a_deep_nesting_ends() -> None:
    """Defaults of defaults are followed to a bound."""
    assert resolve("${M:-" * 40 + "x" + "}" * 40, {}).text.endswith("x" + "}" * 29)


def test_an_env_file_is_read_as_compose_does(tmp_path) -> None:
    """Quotes, comments, `export`, blanks; other lines are ignored."""
    path = tmp_path / ".env"
    path.write_text("A=1\n# B=2\nexport C = '3 #'\nD=4 # four\nE=\"5\nnothing\n=6\n")

    assert {"A": "1", "C": "3 #", "D": "4", "E": '"5'} == env_file_values(path)
    assert {} == env_file_values(tmp_path / "missing")
    path.write_bytes(b"\xff")
    assert {} == env_file_values(path)


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("80", [80]),
        (" 80-82 ", [80, 81, 82]),
        ("0", None),
        ("70000", None),
        ("http", None),
        ("9-8", None),
        ("1-65535", None),
        ("", None),
    ],
)
def test_ports(text: str, ports: list[int] | None) -> None:
    """One, a range of at most 100, or nothing."""
    found = syntax.port_range(text)

    assert ports == (None if found is None else list(found))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("80", ("", "", "80", "tcp")),
        ("8080:80/udp", ("", "8080", "80", "udp")),
        ("127.0.0.1:8080:80", ("127.0.0.1", "8080", "80", "tcp")),
        ("127.0.0.1::80", ("127.0.0.1", "", "80", "tcp")),
        ("[::1]:8080:80", ("::1", "8080", "80", "tcp")),
    ],
)
def test_short_ports(text: str, parts: tuple[str, str, str, str]) -> None:
    """Address, host's port, container's port, protocol."""
    assert parts == syntax.short_port(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("256m", 256),
        ("1g", 1024),
        ("1.5G", 1536),
        ("1GiB", 1024),
        ("268435456", 256),
        ("1b", 1),
        (".5g", 512),
        ("1.g", 1024),
        ("1p", 1024**3),
        ("0", None),
        ("lots", None),
    ],
)
def test_sizes(text: str, size: int | None) -> None:
    """In MiB, rounded up."""
    assert size == syntax.mebibytes(text)
