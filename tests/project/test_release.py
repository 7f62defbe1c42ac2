"""A release: one version everywhere, shown before it is made, refused where it is none."""

import re
import subprocess

import pytest
from copies import ROOT, copy_tree, track

from sidecar import __version__
from tools import changelog, release

CHANGES = """\
# Changelog

## [Unreleased]

### Added

- A thing.

## [1.2.0] - 2026-01-02

- An older thing.

[Unreleased]: https://example.com/kit/compare/v1.2.0...HEAD
[1.2.0]: https://example.com/kit/releases/tag/v1.2.0
"""
HISTORY = ("CHANGELOG.md", "requirements-dev.txt", "docs/decisions/", "tests/")
"""What may go on naming an older version; tests/golden is refreshed by `make golden`."""
NEXT = "97.8.6"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the kit, as a git repository."""
    return track(copy_tree(tmp_path_factory.mktemp("kit")))


@pytest.fixture(scope="module")
def released(tree):
    """The same copy after a release was written into it."""
    release.make(tree, NEXT, apply=True)
    return tree


def test_all_versions_of_this_tree_agree():
    """Both distributions, both charts and the changelog state one version."""
    assert [] == release.disagreements(ROOT, tag="")


def test_a_dry_run_shows_every_file_and_writes_none(tree, capsys):
    """The diff names versions, chart, page and changelog; git sees no change."""
    release.make(tree, "97.0.0", apply=False)
    shown = capsys.readouterr().out
    changed = subprocess.run(["git", "diff", "--stat"], cwd=tree, capture_output=True, check=True)

    assert b"" == changed.stdout
    files = (*release.VERSION_FILES, *release.MENTIONS, *release.CHARTS)
    assert {*files, release.CHANGELOG, release.RELEASED_VALUES} <= set(
        re.findall(r"^\+\+\+ b/(.+)$", shown, re.MULTILINE)
    )
    assert '+__version__ = "97.0.0"\n' in shown
    assert "make release VERSION=97.0.0 APPLY=1" in shown


def test_a_written_release_agrees_with_its_tag(released):
    """The check of a tag finds nothing else to change."""
    assert [] == release.disagreements(released, tag=f"v{NEXT}")


def test_a_release_keeps_its_charts_values(released):
    """Until the next one, upgrades that reuse them are tested."""
    kept, values = (released / name for name in (release.RELEASED_VALUES, release.VALUES))

    assert values.read_bytes() == kept.read_bytes()


def test_nothing_names_the_old_version(released):
    """Only history does."""
    command = ["git", "grep", "-lIwF", __version__]
    done = subprocess.run(command, cwd=released, capture_output=True, text=True)
    whole = re.compile(rf"(?<![\d.]){re.escape(__version__)}(?!\.?\d)")
    stale = [
        name
        for name in done.stdout.split()
        if not name.startswith(HISTORY) and whole.search((released / name).read_text())
    ]

    assert [] == stale


def test_a_tree_with_changes_is_refused(released):
    """The release's commit would contain them."""
    with pytest.raises(release.ReleaseError, match="commit or stash"):
        release.require_clean(released)


@pytest.mark.parametrize(
    ("tag", "stated"),
    [
        (f"v{__version__}", "CHANGELOG.md, newest section: "),
        ("v0.0.1", "tag: 0.0.1, but"),
        (__version__, f"tag: '{__version__}', not vX.Y.Z"),
    ],
)
def test_a_tag_that_disagrees_is_named(tree, tag, stated, tmp_path):
    """Another version, no v, or a version without a section in the changelog."""
    copy_tree(tmp_path, "sidecar/__init__.py", "tracing/sidecar_tracing/version.py", "helm")
    (tmp_path / "CHANGELOG.md").write_text(CHANGES)

    assert stated in "\n".join(release.disagreements(tmp_path, tag))


@pytest.mark.parametrize(
    ("version", "why"),
    [
        ("", "name one with VERSION="),
        ("1.2", "not a version"),
        ("v1.2.3", "not a version"),
        ("01.2.3", "not a version"),
        ("1.2.3rc1", "not a version"),
        ("1.2.0", "not above 1.2.0"),
        ("1.1.9", "not above 1.2.0"),
        ("1.2.5", "below 1.3.0, the current version"),
    ],
)
def test_a_version_that_cannot_be_next_is_refused(tmp_path, version, why):
    """Not X.Y.Z, or not above what there is."""
    small_tree(tmp_path, CHANGES)

    with pytest.raises(release.ReleaseError, match=re.escape(why)):
        release.require_possible(tmp_path, version)


def test_a_release_without_changes_is_refused(tmp_path):
    """Its section would be empty."""
    small_tree(tmp_path, CHANGES.replace("### Added\n\n- A thing.\n\n", ""))

    with pytest.raises(release.ReleaseError, match="nothing is under"):
        release.require_possible(tmp_path, "1.3.0")


def small_tree(folder, changes):
    """Write the changelog and a version file of 1.3.0."""
    (folder / "CHANGELOG.md").write_text(changes)
    (folder / "sidecar").mkdir()
    (folder / "sidecar/__init__.py").write_text('__version__ = "1.3.0"\n')


def test_the_changelog_gets_a_section_and_links():
    """The changes go under version and date; the links lead to the tag and to what follows."""
    expected = """\
# Changelog

## [Unreleased]

## [1.3.0] - 2026-02-03

### Added

- A thing.

## [1.2.0] - 2026-01-02

- An older thing.

[Unreleased]: https://example.com/kit/compare/v1.3.0...HEAD
[1.3.0]: https://example.com/kit/releases/tag/v1.3.0
[1.2.0]: https://example.com/kit/releases/tag/v1.2.0
"""

    assert expected == changelog.release(CHANGES, "1.3.0", "2026-02-03")


def test_the_newest_release_is_the_first_section():
    """None before the first."""
    assert "1.2.0" == changelog.newest_release(CHANGES)
    assert None is changelog.newest_release("# Changelog\n\n## [Unreleased]\n")


@pytest.mark.parametrize(
    ("lost", "why"),
    [("## [Unreleased]", "no section"), ("[Unreleased]: https", "no link")],
)
def test_a_changelog_of_another_form_is_refused(lost, why):
    """Nothing is guessed."""
    with pytest.raises(ValueError, match=why):
        changelog.release(CHANGES.replace(lost, "x"), "1.3.0", "2026-02-03")


def test_the_command_says_what_is_wrong(capsys):
    """Exit code 1, and the cause on standard error."""
    assert 1 == release.main(["1.x"])
    assert "release: '1.x' is not a version" in capsys.readouterr().err
