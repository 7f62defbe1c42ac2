"""docs/hand-made-agents.md: what it prints is what validate prints."""

import re
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs/hand-made-agents.md").read_text("utf-8")


def test_the_page_shows_what_is_printed(run, tmp_path, monkeypatch):
    """For the file that it shows, by the command that it names."""
    blocks = dict(
        re.findall(r"^```(console|yaml|text)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    )
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docker-compose.yml").write_text(blocks["yaml"], "utf-8")

    done = run(*blocks["console"].removeprefix("$ sidecar ").split())

    assert blocks["text"] == done.out
    assert done.code == 0


def test_readme_quotes_findings_of_validate(run, golden, monkeypatch):
    """README's findings are those of a file with four mistakes, up to the ellipsis."""
    root = Path(__file__).parents[2]
    monkeypatch.chdir(root / "tests/golden/hand-made")
    readme = (root / "README.md").read_text("utf-8").splitlines()
    quoted = [line for line in readme if line.startswith("warning: docker-comp")]

    output = run("validate", "docker-compose.yml").out

    golden("hand-made/output.txt", output)
    assert 4 == len(quoted)
    assert [] == [line for line in quoted if f"\n{line.removesuffix('…')}" not in f"\n{output}"]
