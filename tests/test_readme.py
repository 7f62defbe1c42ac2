"""README is correct: its commands run, and the program reads its examples."""

import re
import subprocess
import sys

import pytest
from copies import ROOT, copy_tree, run_in
from pages import CHINESE, README, blocks, session

from sidecar.cli import COMMANDS, build_parser

ELSEWHERE = {"make demo", "make test"}
"""Run by the end-to-end tests, and by whoever runs this test."""


def commands(text):
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """Return a copy of all files that git tracks, or would track, with README's spec."""
    folder = tmp_path_factory.mktemp("clone") / "kit"
    copy_tree(folder)
    (folder / "sidecar.yaml").write_text(blocks("yaml")[0], encoding="utf-8")
    return folder


def test_the_first_screen_holds_the_two_commands():
    """The first code block of README is `make demo` and `make test`."""
    assert ["make demo", "make test"] == commands(blocks("sh")[0])


@pytest.mark.parametrize(
    "line", [line for block in blocks("sh") for line in commands(block) if line not in ELSEWHERE]
)
def test_a_command_of_readme_runs(line, checkout):
    """Every command of a `sh` block exits 0 in a clone."""
    done = run_in(checkout, line)

    assert 0 == done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("line", [line for block in blocks("console") for line in session(block)])
def test_a_command_of_a_session_is_one_the_kit_knows(line):
    """Every `$ sidecar …` of a session parses; the others are docker, helm, make and pip."""
    words = line.split()

    assert words[0] in ("sidecar", "docker", "helm", "make", "pip")
    if words[0] == "sidecar":
        build_parser(words[1]).parse_args(words[1:])


def test_the_python_example_runs(tmp_path):
    """The example of the tracing runtime exits 0, although no agent listens."""
    done = subprocess.run(
        [sys.executable, "-c", blocks("python")[0]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert 0 == done.returncode, done.stderr


def test_every_command_is_in_the_table():
    """README's table lists exactly the commands."""
    named = set(re.findall(r"^\| `sidecar (\w+)", README, re.MULTILINE))

    assert set(COMMANDS) == named


@pytest.mark.parametrize("language", ["sh", "console", "yaml", "python", "text"])
def test_the_chinese_readme_has_the_same_commands(language):
    """Both READMEs have the same blocks of commands, spec, code and output."""
    assert blocks(language) == blocks(language, CHINESE)


def test_the_chinese_readme_names_the_same_words():
    """Both READMEs have the same commands, files and flags in their text, and heading levels."""
    for pattern in (r"`[^`\n]+`", r"\]\(((?!README)[^)]+)\)", r"(?m)^#+(?= )"):
        expected, actual = (re.findall(pattern, prose(text)) for text in (README, CHINESE))

        assert sorted(expected) == sorted(actual)


def prose(text):
    """Return a page without its blocks of code."""
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def test_every_link_leads_to_a_file():
    """Each relative link of README and docs exists."""
    pages = [ROOT / "README.md", ROOT / "README.zh-CN.md", *(ROOT / "docs").rglob("*.md")]
    links = [
        (page, link)
        for page in pages
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8"))
    ]

    assert [] == [f"{page}: {link}" for page, link in links if not (page.parent / link).exists()]
