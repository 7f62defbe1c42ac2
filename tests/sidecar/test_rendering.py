"""A rendering is written into a folder whole or not at all, and never over a user's file."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from sidecar import rendering
from sidecar.errors import SidecarError
from sidecar.rendering import HEADER, diff, write

OLD = {"docker-compose.yml": f"{HEADER} 1\nold\n", "sub/extra.yaml": f"{HEADER} 1\nold\n"}
NEW = {
    "docker-compose.yml": f"{HEADER} 2\nnew\n",
    "sub/extra.yaml": f"{HEADER} 2\nnew\n",
    "more/a.yaml": f"{HEADER}\n",
}


def tree(folder: Path) -> dict[str, bytes | None]:
    """Return every path below a folder with its content; None for a folder."""
    paths = sorted(folder.rglob("*"))
    return {
        str(path.relative_to(folder)): None if path.is_dir() else path.read_bytes()
        for path in paths
    }


@pytest.fixture
def rendered(tmp_path: Path) -> Path:
    """Return a folder with an old rendering and files of the user's own."""
    folder = tmp_path / "out"
    write(OLD, folder)
    (folder / "secrets").mkdir()
    (folder / "secrets/agent.yaml").write_text("token")
    (folder / "notes.txt").write_text("mine")
    (folder / "sub/mine.yaml").write_text("mine")
    return folder


def test_a_new_folder_holds_the_rendering_and_nothing_else(tmp_path) -> None:
    """Files are 0644 and folders 0755 whatever the umask: the users of the containers read them."""
    before = os.umask(0o077)
    try:
        write(NEW, tmp_path / "a" / "out")
    finally:
        os.umask(before)
    out = tmp_path / "a" / "out"

    assert {"docker-compose.yml", "sub", "sub/extra.yaml", "more", "more/a.yaml"} == tree(
        out
    ).keys()
    assert [out] == list(out.parent.iterdir())
    assert {0o755, 0o644} == {path.stat().st_mode & 0o777 for path in (out, *out.rglob("*"))}


def test_a_users_own_files_stay(rendered) -> None:
    """A second render replaces its own files and leaves nothing else."""
    before = tree(rendered)
    write(NEW, rendered)

    assert {**before, "more": None, **{name: text.encode() for name, text in NEW.items()}} == tree(
        rendered
    )


def test_the_same_rendering_twice_leaves_the_same_bytes(rendered) -> None:
    """Writing is deterministic, too."""
    write(NEW, rendered)
    once = tree(rendered)
    write(NEW, rendered)

    assert once == tree(rendered)


STEPS = ["mkdir", "open", "fsync", "chmod", "copy2", "replace"]


def failing(step: str, at: int, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the n-th call of one step of the writer fail."""
    owner = {
        "mkdir": Path,
        "open": os,
        "chmod": Path,
        "replace": Path,
        "rename": Path,
        "fsync": os,
        "copy2": shutil,
    }[step]
    real, left = getattr(owner, step), [at]

    def call(*arguments, **options):
        # files are opened for reading, too
        counts = step != "open" or bool(arguments[1] & os.O_EXCL)
        left[0] -= counts
        if counts and left[0] == 0:
            raise error
        return real(*arguments, **options)

    monkeypatch.setattr(owner, step, call)


@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()],
    ids=["full", "^C"],
)
def test_a_fault_at_any_step_leaves_the_old_files(
    rendered, monkeypatch, step: str, at: int, error
) -> None:
    """After a full disk or an interrupt every old file is restored, and no new one is left."""
    before = tree(rendered)
    with monkeypatch.context() as patch:
        failing(step, at, error, patch)
        try:
            write(NEW, rendered)
        except (SidecarError, KeyboardInterrupt):
            assert before == tree(rendered)
        else:
            assert (step, at) in {
                ("mkdir", 2),
                ("mkdir", 3),
                ("copy2", 3),
            }  # so many calls are not made


@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.parametrize("step", ["mkdir", "open", "fsync", "chmod"])
@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()],
    ids=["full", "^C"],
)
def test_a_fault_in_a_first_render_leaves_no_folder(
    tmp_path, monkeypatch, step: str, at: int, error
) -> None:
    """No half-written folder, no staged one, and none of the folders created above it is left."""
    with monkeypatch.context() as patch:
        failing(step, at, error, patch)
        with pytest.raises((SidecarError, KeyboardInterrupt)):
            write(NEW, tmp_path / "a" / "b" / "out")

    assert {} == tree(tmp_path)


@pytest.mark.parametrize(
    ("step", "at"),
    [("fsync", 1), ("fsync", 9), ("rename", 1), ("rename", 2), ("replace", 1), ("replace", 3)],
)
def test_several_folders_are_written_all_or_none(rendered, monkeypatch, step: str, at: int) -> None:
    """A full disk in the last folder leaves the first as it was, and no new one."""
    before = tree(rendered.parent)
    renderings = {rendered.parent / "new": NEW, rendered: NEW, rendered.parent / "z" / "new": NEW}
    with monkeypatch.context() as patch:
        failing(step, at, OSError(errno.ENOSPC, "No space left on device"), patch)
        with pytest.raises(SidecarError, match="Nothing was changed"):
            rendering.write_all(renderings)

    assert before == tree(rendered.parent)


WRITER = """
import sys
from pathlib import Path
from sidecar import rendering
names = ("docker-compose.yml", "sub/extra.yaml", "more/a.yaml", "more/b.yaml")
for round in range(30):
    for out in ("first", "second"):
        folder = Path(sys.argv[1]) / f"{out}{round // 10}"
        text = f"{rendering.HEADER} {sys.argv[2]}-{round}\\n"
        rendering.write({name: text for name in names}, folder)
"""


def test_two_runs_into_one_folder_do_not_mix(tmp_path) -> None:
    """Both succeed, and all files of a folder come from the same run; nothing else is left."""
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    started = [
        subprocess.Popen([*command, who], stderr=subprocess.PIPE, text=True) for who in "abc"
    ]

    assert [("", 0)] * 3 == [(process.communicate()[1], process.returncode) for process in started]
    folders = list(tmp_path.iterdir())
    assert {"first0", "first1", "first2", "second0", "second1", "second2"} == {
        folder.name for folder in folders
    }
    for folder in folders:
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert (4, 1) == (len(files), len({path.read_text() for path in files}))


def test_a_failed_write_says_that_nothing_changed(rendered, monkeypatch) -> None:
    """The error names the folder, the system's cause and the next step."""
    failing("fsync", 1, OSError(errno.ENOSPC, "No space left on device"), monkeypatch)

    with pytest.raises(SidecarError) as caught:
        write(NEW, rendered)

    expected = (
        f"{rendered}: cannot be written: No space left on device. "
        "Nothing was changed; check permissions and free space"
    )
    assert expected == str(caught.value)


def test_leftovers_that_cannot_be_removed_are_no_failure(rendered, monkeypatch) -> None:
    """Once the new files are in place, the copies of the old ones do not matter."""
    real = Path.unlink

    def unlink(path, missing_ok=False):
        if path.name.endswith("-old") and path.exists():
            raise PermissionError(errno.EPERM, "Operation not permitted")
        real(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink)
    write(NEW, rendered)

    assert NEW["docker-compose.yml"] == (rendered / "docker-compose.yml").read_text()


def test_what_a_killed_render_left_is_taken_over(rendered) -> None:
    """SIGKILL leaves files next to the real ones; the next render removes them."""
    for name in (".docker-compose.yml.sidecar-new", ".docker-compose.yml.sidecar-old"):
        (rendered / name).write_text("left")
    write(NEW, rendered)

    assert [] == [name for name in tree(rendered) if "sidecar-" in name]


def test_a_file_beyond_the_limit_leaves_the_old_ones(rendered) -> None:
    """A real write that fails half-way, here by the limit on file sizes, changes nothing."""
    before = tree(rendered)
    code = (
        "import resource, signal, sys; from pathlib import Path; from sidecar import rendering\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "text = rendering.HEADER + 'x' * 100_000\n"
        "rendering.write({'docker-compose.yml': text}, Path(sys.argv[1]))\n"
    )
    # coverage of the child would itself write files above the limit
    plain = {key: value for key, value in os.environ.items() if not key.startswith("COV")}
    done = subprocess.run(
        [sys.executable, "-c", code, rendered], capture_output=True, text=True, env=plain
    )

    assert "cannot be written: File too large" in done.stderr
    assert before == tree(rendered)
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 4096


def test_a_killed_first_render_leaves_no_folder(tmp_path) -> None:
    """SIGKILL while the files are written: the final name does not exist."""
    code = (
        "import os, signal, sys; from pathlib import Path; from sidecar import rendering\n"
        "os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)\n"
        "rendering.write({'docker-compose.yml': rendering.HEADER}, Path(sys.argv[1]))\n"
    )
    out = tmp_path / "out"
    done = subprocess.run([sys.executable, "-c", code, out], check=False)

    assert -signal.SIGKILL == done.returncode
    assert not out.exists()


def refused(folder: Path, files: dict[str, str] = NEW) -> str:
    """Return why a folder is refused."""
    with pytest.raises(SidecarError) as caught:
        write(files, folder)
    return str(caught.value)


@pytest.mark.parametrize("text", ["services: {}\n", "", "\ufeffservices: {}\n"])
def test_a_users_own_compose_file_is_not_replaced(tmp_path, text: str) -> None:
    """A file of that name which sidecar did not write stops the whole render."""
    (tmp_path / "docker-compose.yml").write_text(text)

    cause, fix = "was not written by sidecar", "Move it away, or choose another --out"
    expected = f"{tmp_path / 'docker-compose.yml'}: {cause}. {fix} [folder-refused]"

    assert expected == refused(tmp_path)
    assert {"docker-compose.yml": text.encode()} == tree(tmp_path)


def test_a_binary_file_of_that_name_is_not_replaced(tmp_path) -> None:
    """The kit writes only text."""
    (tmp_path / "docker-compose.yml").write_bytes(b"\xff\x00")

    assert "was not written by sidecar" in refused(tmp_path)


def test_a_file_is_no_folder(tmp_path) -> None:
    """The error names the file, whether it is the folder itself or above it."""
    file = tmp_path / "file"
    file.write_text("mine")

    assert f"{file}: is not a folder. Name a folder with --out [folder-refused]" == refused(file)
    assert f"{file}: is not a folder. Name a folder with --out [folder-refused]" == refused(
        file / "below" / "it"
    )
    assert "mine" == file.read_text()


@pytest.mark.parametrize("target", ["/", "elsewhere", "nowhere"])
def test_a_link_is_not_followed(tmp_path, target: str) -> None:
    """A folder that is a link, dangling or not, is refused before anything is written."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").symlink_to(target)

    assert (
        f"{tmp_path}/out: is a link to {target}. Name the folder itself [folder-refused]"
        == refused(tmp_path / "out")
    )
    assert {} == tree(tmp_path / "elsewhere")


def test_a_link_in_the_place_of_a_file_or_folder_is_refused(tmp_path) -> None:
    """A rendered path that leads out of the tree is not written through."""
    outside = tmp_path / "outside"
    outside.mkdir()
    for place in ("docker-compose.yml", "sub"):
        out = tmp_path / f"out-{place}"
        out.mkdir()
        (out / place).symlink_to(outside)

        fix = "Remove it; the kit writes no links"
        expected = f"{out / place}: is a link to {outside}. {fix} [folder-refused]"

        assert expected == refused(out)
    assert {} == tree(outside)


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path) -> None:
    """Docker makes such folders where a mounted file is missing."""
    (tmp_path / "docker-compose.yml").mkdir()

    assert "is a folder, and the rendering has a file of that name. Move it away" in refused(
        tmp_path
    )


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../../x"])
def test_a_rendering_stays_in_its_folder(tmp_path, name: str) -> None:
    """No path of a rendering leads out of it."""
    assert f"{name}: is not a path inside the rendering" in refused(
        tmp_path / "out", {name: HEADER}
    )


def test_a_name_that_is_too_long_is_refused(tmp_path) -> None:
    """The system's own cause, not a traceback."""
    assert "File name too long" in refused(tmp_path / ("x" * 300))


def test_a_link_that_leads_to_itself_is_refused(tmp_path) -> None:
    """A loop of links above the folder is reported by name."""
    (tmp_path / "loop").symlink_to("loop")

    assert (
        f"{tmp_path / 'loop'}: is not a folder. Name a folder with --out [folder-refused]"
        == refused(tmp_path / "loop" / "out")
    )


AS_NOBODY = """
import os, sys
from pathlib import Path
from sidecar import rendering
from sidecar.errors import SidecarError
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    rendering.write({"docker-compose.yml": rendering.HEADER}, Path(sys.argv[1]))
except SidecarError as error:
    print(error)
"""


@pytest.fixture
def world(tmp_path_factory) -> Path:
    """Return a folder that other users can reach."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("mode", "below", "message"),
    [
        (
            0o555,
            "new",
            "is not writable. Choose another --out, or change its permissions [folder-refused]",
        ),
        (
            0o555,
            "",
            "is not writable. Choose another --out, or change its permissions [folder-refused]",
        ),
        (
            0o000,
            "new/er",
            "cannot be read: Permission denied. Choose another --out, or change its permissions",
        ),
    ],
)
def test_a_folder_without_rights_is_refused(world, mode: int, below: str, message: str) -> None:
    """As an ordinary user: the error names the folder, and nothing is written."""
    parent = world / "parent"
    parent.mkdir(mode=mode)
    parent.chmod(mode)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("COV")}
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, parent / below],
        capture_output=True,
        text=True,
        env=environment,
        cwd="/",
    )
    parent.chmod(0o755)

    assert message in done.stdout, done.stderr
    assert {} == tree(parent)


def test_a_rendering_of_another_owner_is_told_as_such(world) -> None:
    """What cannot be read is not reported as a user's own file."""
    path = world / "docker-compose.yml"
    path.write_text(HEADER)
    path.chmod(0)
    world.chmod(0o777)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("COV")}
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, world],
        capture_output=True,
        text=True,
        env=environment,
        cwd="/",
    )

    assert f"{path}: cannot be read: Permission denied" in done.stdout, done.stderr


def test_a_read_only_file_system_is_refused(tmp_path, monkeypatch) -> None:
    """The system's answer counts; it refuses even root there."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)

    fix = "Choose another --out, or change its permissions"
    expected = f"{tmp_path}: is not writable. {fix} [folder-refused]"
    assert expected == refused(tmp_path / "out")


def test_a_file_system_that_takes_no_files_is_refused() -> None:
    """It may say yes to the question and refuse all the same."""
    assert "/proc/out: cannot be written: " in refused(Path("/proc/out"))


def test_diff_is_empty_where_nothing_would_change(rendered) -> None:
    """The user's own files are no difference."""
    assert "" == diff(OLD, rendered)


def test_diff_shows_what_would_change(rendered) -> None:
    """A unified diff, in the order of the names."""
    path = rendered / "docker-compose.yml"
    expected = (
        f"--- {path}\n+++ {path} (new)\n@@ -1,2 +1,2 @@\n-{HEADER} 1\n-old\n+{HEADER} 2\n+new\n"
        f"--- {rendered}/more/a.yaml\n+++ {rendered}/more/a.yaml (new)\n@@ -0,0 +1 @@\n+{HEADER}\n"
    )

    assert expected == diff({**NEW, "sub/extra.yaml": OLD["sub/extra.yaml"]}, rendered)


@pytest.mark.parametrize(
    ("old", "shown"),
    [
        (b"a\r\n", "-a\r\n+a\n"),
        (b"a", "-a\n\\ No newline at end of file\n+a\n"),
        (b"\xff", "+a\n"),
        (b"", "+a\n"),
    ],
)
def test_diff_sees_line_ends_and_what_is_no_text(tmp_path, old: bytes, shown: str) -> None:
    """Any byte that is not equal is a difference."""
    (tmp_path / "f").write_bytes(old)

    assert diff({"f": "a\n"}, tmp_path).endswith(shown)


def test_diff_of_a_folder_that_is_none_shows_all(tmp_path) -> None:
    """A file in the folder's place, or nothing, has no old text."""
    (tmp_path / "file").write_text("mine")

    assert diff({"f": "a\n"}, tmp_path / "file").endswith("+a\n")
    assert diff({"f": "a\n"}, tmp_path / "none").endswith("+a\n")


def test_check_writes_nothing(rendered) -> None:
    """The writer's check can be asked beforehand, for many folders."""
    before = tree(rendered)
    rendering.check(NEW, rendered)

    assert before == tree(rendered)


def test_a_file_that_stays_the_same_is_not_touched(tmp_path) -> None:
    """Tools that watch files by their time see what changed, and no more."""
    write({"a": f"{HEADER} 1\n", "b": f"{HEADER} 1\n"}, tmp_path / "out")
    before = {name: (tmp_path / "out" / name).stat().st_ino for name in "ab"}
    write({"a": f"{HEADER} 1\n", "b": f"{HEADER} 2\n"}, tmp_path / "out")

    after = {name: (tmp_path / "out" / name).stat().st_ino for name in "ab"}
    assert (True, False) == (before["a"] == after["a"], before["b"] == after["b"])
    assert f"{HEADER} 2\n" == (tmp_path / "out" / "b").read_text()
