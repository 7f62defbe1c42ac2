"""The errors that a user can meet: each owns its exit code and its next step."""

from __future__ import annotations


class SidecarError(Exception):
    """A known problem. The command line prints its text, "subject: cause. fix [id]", and nothing else."""

    exit_code = 1

    def __init__(self, subject: str, cause: str, fix: str = "", *, id: str = "") -> None:  # noqa: A002 - as Finding.id
        self.subject = subject
        """What it is about: a file with its line, a field, a host, a program."""
        self.cause = cause
        self.fix = fix
        """What the user can do next; may be empty where the cause says it."""
        self.id = id
        """The id of the rule that is broken, if it is a rule's."""
        super().__init__(
            f"{subject}: {cause}" + (f". {fix}" if fix else "") + (f" [{id}]" if id else "")
        )


class UsageError(SidecarError):
    """The command line itself is wrong."""

    exit_code = 2
