"""A kubectl on PATH that gives prepared answers and records its arguments."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_PROGRAM = """#!{python} -S
import json, sys
folder = {folder!r}
words = [word for word in sys.argv[1:] if not word.startswith(("--namespace=", "--context="))]
reads = "--filename=-" in words
stdin = sys.stdin.read() if reads else ""
with open(folder + "/asked", "a") as file:
    print(json.dumps({{"argv": sys.argv[1:], "stdin": stdin}}), file=file)
with open(folder + "/answers.json") as file:
    answers = json.load(file)
line = " ".join(words)
for number, answer in enumerate(answers):
    if line.startswith(answer["words"]):
        if len([other for other in answers if line.startswith(other["words"])]) > 1:
            del answers[number]
            with open(folder + "/answers.json", "w") as file:
                json.dump(answers, file)
        sys.stdout.write(answer["out"])
        sys.stderr.write(answer["err"])
        sys.exit(1 if answer["err"] else 0)
sys.exit("fake kubectl: nothing prepared for " + line)
"""


@dataclass
class FakeKubectl:
    """A command gets the answers prepared for its first words, in order; the last one repeats."""

    folder: Path

    def answer(self, words: str, out: Any = "", err: str = "") -> None:
        """Prepare an answer: text, or data as JSON; with `err` the command fails."""
        path = self.folder / "answers.json"
        answers = json.loads(path.read_text()) if path.exists() else []
        text = out if isinstance(out, str) else json.dumps(out)
        path.write_text(json.dumps([*answers, {"words": words, "out": text, "err": err}]))

    @property
    def asked(self) -> list[list[str]]:
        """Every argument list, in order."""
        return [call["argv"] for call in self._calls()]

    @property
    def read(self) -> list[Any]:
        """What it was given on standard input, as data."""
        return [json.loads(call["stdin"]) for call in self._calls() if call["stdin"]]

    def _calls(self) -> list[dict[str, Any]]:
        path = self.folder / "asked"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def put_on_path(folder: Path, monkeypatch) -> FakeKubectl:
    """Make it the only kubectl on PATH."""
    program = folder / "kubectl"
    program.write_text(_PROGRAM.format(python=sys.executable, folder=str(folder)))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    fake = FakeKubectl(folder)
    (folder / "answers.json").write_text("[]")
    return fake
