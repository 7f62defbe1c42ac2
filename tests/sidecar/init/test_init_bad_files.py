"""Files that init refuses: place, cause, fix, exit 1, nothing written; never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

BOMB = "\n".join(
    ["a0: &a0 {image: x}"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    + ["services: {web: {image: web, expose: [80], ports: *a11}}"]
)
DEEP_MERGE = "\n".join(
    ["m0: &m0 {image: x}"] + [f"m{n}: &m{n} {{<<: *m{n - 1}}}" for n in range(1, 40)]
)


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run in an empty folder."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "c.yml:1: is empty, so it is not a Compose file. Name one"),
        ("- web\n", "c.yml:1: is not a map, so it is not a Compose file. Name one"),
        ("just text\n", "c.yml:1: is not a map, so it is not a Compose file. Name one"),
        ("name: shop\n", "c.yml:1: has no `services`. Name a Compose file"),
        (
            "apiVersion: v1\nkind: Pod\n",
            (
                "c.yml:1: has no `services`. Name a Compose file; "
                "`sidecar inject` and `sidecar validate` read manifests"
            ),
        ),
        (
            "apiVersion: v1\nkind: Pod\n---\nkind: Service\n",
            (
                "c.yml:3: begins a second document. Name a Compose file; "
                "`sidecar inject` and `sidecar validate` read manifests"
            ),
        ),
        (
            "web:\n  image: web\n",
            (
                "c.yml:1: has no `services`. It has Compose's first format: "
                "put its services below `services:`"
            ),
        ),
        ("services:\n", "c.yml:1: services: is not a map. Give NAME: below it, then its fields"),
        (
            "services: [web]\n",
            "c.yml:1: services: is not a map. Give NAME: below it, then its fields",
        ),
        (
            "services: {}\n",
            "c.yml:1: services: has no service in it. Add one, or name another file",
        ),
        (
            "services:\n  web:\n",
            "c.yml:2: services.web: is not a map. Give image or build below it",
        ),
        (
            "services:\n  web: nginx\n",
            "c.yml:2: services.web: is not a map. Give image or build below it",
        ),
        (
            "services:\n  web: {image: a}\n  web: {image: b}\n",
            "c.yml:3: the key 'web' is given twice. Keep one",
        ),
        (
            "services:\n  web:\n    image: a\n    image: b\n",
            "c.yml:4: the key 'image' is given twice. Keep one",
        ),
        (
            "services:\n  ? [a, b]\n  : {image: a}\n",
            "c.yml:2: has a key that is not text. Write KEY: VALUE",
        ),
        (
            "services:\n  web: {image: a}\n---\nservices: {}\n",
            (
                "c.yml:3: begins a second document. "
                "Put each into a file of its own, and name them in order"
            ),
        ),
        (
            "# {{ one }}\nservices:\n  web: {image: {{ two }}, ports: [80]\n",
            (
                "c.yml:1: holds `{{`: it is a template, not yet rendered. "
                "Render it first, and name the result"
            ),
        ),
        (
            "services:\n{% for one in all %}\n  web: {}\n",
            (
                "c.yml:2: holds `{%`: it is a template, not yet rendered. "
                "Render it first, and name the result"
            ),
        ),
        (
            "x: &x {}\nservices:\n  web:\n    image: a\n    <<: *x\n    <<: *x\n",
            "c.yml:6: the key '<<' is given twice. Write <<: [*ONE, *OTHER]",
        ),
        (
            "services: {web: {image: a}}\ninclude:\n  - {path: [nowhere.yml]}\n",
            "c.yml:3: includes nowhere.yml, which is no file. Check the path",
        ),
        (
            "include: ['https://example.com/shop.git']\nservices: {web: {image: a}}\n",
            (
                "c.yml:1: includes https://example.com/shop.git, and only files of this machine "
                "are read. Download it, and include that file"
            ),
        ),
        (
            "services:\n\tweb:\n",
            (
                "c.yml:2: is not YAML: found character that cannot start any token. "
                "Correct this line, or the one before"
            ),
        ),
        (
            'services:\n  web: {image: "a}\n',
            (
                "c.yml:3: is not YAML: found unexpected end of stream. "
                "Correct this line, or the one before"
            ),
        ),
        (
            "services: *nowhere\n",
            "c.yml:1: is not YAML: found undefined alias. Correct this line, or the one before",
        ),
        (
            "services:\n  web: {<<: image}\n",
            "c.yml:2: `<<` merges a value that is not a map. Name a map's anchor",
        ),
        (
            "services:\n  a: &a {extends: a, image: x}\n",
            "c.yml:2: services.a: extends itself. Break the circle",
        ),
        (
            "services:\n  a: {extends: b, image: x}\n  b: {extends: {service: a}}\n",
            "c.yml:2: services.a: extends itself. Break the circle",
        ),
        (
            "services:\n  web: &w {<<: *w, image: a}\n",
            "c.yml:2: merges maps that merge maps, more than 20 levels deep. Flatten it",
        ),
        (
            DEEP_MERGE + "\nservices: {web: *m39}\n",
            "c.yml:19: merges maps that merge maps, more than 20 levels deep. Flatten it",
        ),
        ("services: " + "[" * 10_000, "c.yml:1: is nested deeper than 50 levels. Flatten it"),
        (
            "services: {" + ", ".join(f"s{n}: {{image: x}}" for n in range(501)) + "}",
            "c.yml: has 501 services; at most 500 are read. Split it",
        ),
    ],
)
def test_a_file_of_another_kind_is_refused_at_its_line(run, text: str, message: str) -> None:
    """One line with place, cause, fix and id; exit 1; nothing is written."""
    Path("c.yml").write_text(text)
    result = run("init", "--from", "c.yml")

    assert (1, f"sidecar: {message} [unreadable-file]\n") == (result.code, result.err)
    assert ["c.yml"] == [path.name for path in Path().iterdir()]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"services:\0", "c.yml: is not YAML: unreadable characters. Correct this line"),
        (b"\x7fELF\x02\x01\x01\xff", "c.yml: is not UTF-8 text. Save it as UTF-8"),
        ("services: {}".encode("utf-16"), "c.yml: is not UTF-8 text. Save it as UTF-8"),
        (b"#" * (1024 * 1024 + 1), "c.yml: is larger than 1 MiB. Name the right file"),
    ],
)
def test_a_file_that_is_not_text_is_refused(run, data: bytes, message: str) -> None:
    """Binary, UTF-16, NUL and too large files."""
    Path("c.yml").write_bytes(data)
    result = run("init", "--from", "c.yml")

    assert 1 == result.code
    assert result.err.startswith(f"sidecar: {message}")


@pytest.mark.parametrize(
    ("name", "cause"), [("missing.yml", "is not a file"), (".", "holds no Compose file")]
)
def test_a_file_that_cannot_be_read_is_refused(run, name: str, cause: str) -> None:
    """A missing file, a folder."""
    result = run("init", "--from", name)

    assert 1 == result.code
    assert f"sidecar: {name}: {cause}" in result.err


def test_a_billion_laughs_take_no_memory(run) -> None:
    """The values are counted before they are read."""
    Path("c.yml").write_text(BOMB)
    result = run("init", "--from", "c.yml")

    assert 1 == result.code
    assert "c.yml: holds more than 100,000 values, with aliases expanded" in result.err


def test_no_tokens_in_errors(run) -> None:
    """An error shows no token, even if the token is the wrong value itself."""
    Path("c.yml").write_text(
        "services:\n  agent:\n    command: [--agent.tags=Authentication=canary-0000]\n"
        "    ? canary-0000\n    : 1\n    ? canary-0000\n    : 2\n"
    )
    result = run("init", "--from", "c.yml")

    assert (1, "sidecar: c.yml:6: the key '***' is given twice. Keep one [unreadable-file]\n") == (
        result.code,
        result.err,
    )


@pytest.mark.parametrize("option", ["--region", "--regions"])
def test_an_unknown_region_is_refused_first(run, option: str) -> None:
    """An unknown region names the nearest, a missing catalogue its path."""
    Path("c.yml").write_text("services: {web: {image: a, ports: ['1:1']}}")
    result = run("init", "--from", "c.yml", option, "cn-shangai")

    assert 1 == result.code
    assert {"--region": "cn-shanghai", "--regions": "No such file"}[option] in result.err


@pytest.mark.parametrize("size", ["0", "-1", "1e3", "9" * 20, "2000000", "٣", ""])
def test_a_capacity_is_a_whole_number(run, size: str) -> None:
    """Anything else is a wrong usage."""
    result = run("init", f"--spans-per-second={size}")

    assert (2, "") == (result.code, result.out)
    assert "give a whole number from 1 to 1000000" in result.err
