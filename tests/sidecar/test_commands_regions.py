"""`sidecar regions`."""

from __future__ import annotations

import json

import pytest
from vendor_table import ROWS


def test_the_table_is_the_golden_one(run, golden) -> None:
    """Every region with its hosts; the doubtful one is marked and explained below."""
    golden("regions.txt", run("regions").out)


def test_the_json_is_the_golden_one(run, golden) -> None:
    """Every field of every region."""
    golden("regions.json", run("regions", "--output", "json").out)


def test_the_json_has_the_contracts_fields(run) -> None:
    """Objects with at least id, name, public and vpc: a host name or null."""
    rows = json.loads(run("regions", "--output", "json").out)
    fields = [tuple(row[key] for key in ("id", "name", "public", "vpc")) for row in rows]

    assert [tuple(row) for row in ROWS] == fields[:-1]
    assert ("local", None) == (fields[-1][0], fields[-1][3])


@pytest.mark.parametrize(
    ("word", "ids"),
    [("us-", ["us-west-1", "us-east-1"]), ("TOKYO", ["ap-northeast-1"]), ("gateway", ["local"])],
)
def test_a_word_filters(run, word: str, ids: list[str]) -> None:
    """In the table and in JSON."""
    table = run("regions", word).out.splitlines()[1:]

    assert ids == [line.split()[0] for line in table if not line.startswith("*")]
    assert ids == [row["id"] for row in json.loads(run("regions", word, "--output", "json").out)]


def test_a_word_that_no_region_holds_names_the_nearest(run) -> None:
    """Exit code 1, as for a region that does not exist."""
    result = run("regions", "frankfrut")

    assert (1, "") == (result.code, result.out)
    assert "Did you mean eu-central-1" in result.err


def test_a_users_file_is_listed(run, tmp_path) -> None:
    """Its entries stand before local."""
    path = tmp_path / "mine.yaml"
    path.write_text("regions: [{id: mine, name: 我的, vpc: mine.example.com}]")
    lines = run("regions", "--regions", path).out.splitlines()

    assert ["mine", "我的", "-", "mine.example.com"] == lines[-3].split()
    assert lines[-2].startswith("local ")
    assert lines[-1].startswith("* us-west-1: ")


def test_a_wrong_users_file_is_one_message(run, tmp_path) -> None:
    """Exit code 1, with file and line."""
    path = tmp_path / "mine.yaml"
    path.write_text("regions:\n- {id: mine}\n")
    result = run("regions", "--regions", path)

    message = f"{path}:2: regions[0]: has no host. Give public: HOST, vpc: HOST or both"

    assert (1, "", f"sidecar: {message} [invalid-regions-file]\n") == (
        result.code,
        result.out,
        result.err,
    )
