"""What inject and uninject share for manifests: streams in, streams out, all or nothing."""

from __future__ import annotations

import difflib
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING

from sidecar import files
from sidecar.errors import SidecarError, UsageError
from sidecar.inject import inputs
from sidecar.inject.manifests import streams
from sidecar.inject.manifests.report import Report
from sidecar.rules.recognition import mask

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from sidecar.inject.manifests.streams import Source, Transform

_FIX = "Nothing was changed; check permissions and free space"


def check(args: argparse.Namespace) -> None:
    """Raise UsageError for flags that exclude each other."""
    if args.in_place and args.out:
        raise UsageError("--in-place", "excludes --out", "Give one of them")
    if args.in_place and any(str(path) == "-" for path in args.paths):
        raise UsageError("--in-place", "standard input is no file", "Leave --in-place out")
    if args.output == "json" and not (args.in_place or args.out):
        cause = "standard output has the manifests"
        raise UsageError("--output json", cause, "Give --in-place or --out, or use --report FILE")


def kind_of(args: argparse.Namespace) -> tuple[str, bytes]:
    """Return what `inputs.kind_of` does of the arguments' paths.

    Raises NeitherError where it is neither; the input is printed then, untouched.
    """
    try:
        return inputs.kind_of(args.paths, sys.stdin.buffer)
    except inputs.NeitherError as error:
        found = streams.sources(args.paths, error.head, sys.stdin.buffer, recursive=args.recursive)
        _give_back(args, found)
        raise


def run(
    args: argparse.Namespace,
    head: bytes,
    prepare: Callable[[Sequence[Source]], Transform],
    finish: Callable[[Report], None],
) -> Report:
    """Change every stream by what is prepared for them; write where the arguments say.

    If anything cannot be read, or the report not be written, the originals are all that is written,
    and the error is raised.
    """
    recursive = args.recursive
    found = streams.sources(args.paths, head, sys.stdin.buffer, recursive=recursive)
    report = Report(_say, whole=bool(args.report) or args.output == "json")
    report.ignored = frozenset(getattr(args, "ignore", ()))
    changed: list[IO[bytes]] = []
    with ExitStack() as undo:
        try:
            transform = prepare(found)
            for source in found:
                sink = streams.temporary()
                changed.append(sink)
                streams.change(source, transform, sink, report.observe)
            finish(report)
            staged = _stage(report, args.report, undo) if args.report else None
        except SidecarError:
            _give_back(args, found)
            raise
        _write(args, found, changed)
        if staged:
            with files.writing(args.report):
                staged.replace(args.report)
    if args.output == "json" and not args.diff:
        print(json.dumps(report.as_dict(), indent=2))
    return report


def _stage(report: Report, path: Path, undo: ExitStack) -> Path:
    """Write the report next to its place: what keeps it from there shows before the output does."""
    text = json.dumps(report.as_dict(), indent=2, ensure_ascii=False)
    with files.writing(path):
        return files.stage(path, f"{text}\n".encode(), undo)


def _say(text: str) -> None:
    print(mask(text), file=sys.stderr)


def _give_back(args: argparse.Namespace, found: Sequence[Source]) -> None:
    """Print what was read, untouched, where the next program would have read the result."""
    if args.in_place or args.out or args.diff or sys.stdout.isatty():
        return
    originals = []
    for source in found:
        original = streams.temporary()
        streams.copy(source, original)
        originals.append(original)
    streams.join(originals, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def _write(args: argparse.Namespace, found: Sequence[Source], changed: Sequence[IO[bytes]]) -> None:
    if args.diff:
        for source, result in zip(found, changed, strict=True):
            print(_diff(source, result), end="")
    elif args.dry_run or not (args.in_place or args.out):
        if args.output != "json":
            streams.join(changed, sys.stdout.buffer)
            sys.stdout.buffer.flush()
    elif args.in_place:
        targets = [files.real(source.path) for source in found if source.path]
        _replace(dict(zip(targets, changed, strict=True)))
    elif len(found) > 1 or args.out.is_dir() or args.paths[0].is_dir():
        _replace(dict(zip(_targets(args, found), changed, strict=True)))
    else:
        _replace({args.out: changed[0]})


def _targets(args: argparse.Namespace, found: Sequence[Source]) -> list[Path]:
    """Return a path in the folder --out for each source."""
    roots = [path for path in args.paths if path.is_dir()]
    targets = []
    for source in found:
        path = source.path or Path("standard-input.yaml")
        root = next((root for root in roots if path.is_relative_to(root)), path.parent)
        targets.append(args.out / path.relative_to(root))
    if len(set(targets)) < len(targets):
        raise UsageError("--out", "two files would have the same name there", "Name one of them")
    return targets


def _replace(results: dict[Path, IO[bytes]]) -> None:
    """Write files, all or none; what is the same already is not written."""
    contents = {}
    for path, result in results.items():
        result.seek(0)
        data = result.read()
        with files.writing(path, _FIX):
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists() or path.read_bytes() != data:
                contents[path] = data
    files.write_all(contents, _FIX, mode=None)


def _diff(source: Source, result: IO[bytes]) -> str:
    with source.opened() as file:
        before = file.read().decode(errors="replace").splitlines(keepends=True)
    result.seek(0)
    after = result.read().decode(errors="replace").splitlines(keepends=True)
    return mask("".join(difflib.unified_diff(before, after, source.name, f"{source.name} (new)")))
