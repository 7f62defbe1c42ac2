"""Errors that a user can meet: each has its exit code and its next step."""

from __future__ import annotations


class SidecarError(Exception):
    """A known problem. The command line prints only its text: "subject: cause. fix [id]"."""

    exit_code = 1

    def __init__(self, subject: str, cause: str, fix: str = "", *, id: str = "") -> None:  # noqa: A002 - as Finding.id
        self.subject = subject
        """What is wrong: a file with its line, a field, a host, a program."""
        self.cause = cause
        self.fix = fix
        """What the user can do next; empty if the cause says it."""
        self.id = id
        """The id of the broken rule; empty if there is none."""
        super().__init__(
            f"{subject}: {cause}" + (f". {fix}" if fix else "") + (f" [{id}]" if id else "")
        )

    def about(self, subject: str) -> SidecarError:
        """Return the same error about another subject."""
        return SidecarError(subject, self.cause, self.fix, id=self.id)


class UsageError(SidecarError):
    """The command line is wrong."""

    exit_code = 2
