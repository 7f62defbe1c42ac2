"""Errors that a user can meet: each has its exit code and its next step."""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing would slow every start
if TYPE_CHECKING:
    from sidecar.findings import Finding, Problem, Rule


class SidecarError(Exception):
    """A known problem. The command line prints only its text: "subject: cause. fix [id]"."""

    exit_code = 1

    def __init__(
        self,
        subject: str,
        cause: str,
        fix: str = "",
        *,
        id: str = "",  # noqa: A002 - as Finding.id
    ) -> None:
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

    @classmethod
    def from_problem(cls, subject: str, problem: Problem) -> SidecarError:
        """Return the error of a rule that the subject breaks."""
        return cls(subject, problem.cause, problem.fix, id=problem.rule.id)

    @classmethod
    def from_finding(cls, finding: Finding) -> SidecarError:
        """Return a finding as an error, about its place and subject."""
        subject = ": ".join(filter(None, (finding.place, finding.subject)))
        return cls(subject, finding.cause, finding.fix, id=finding.id)

    def about(self, subject: str) -> SidecarError:
        """Return the same error about another subject."""
        return SidecarError(subject, self.cause, self.fix, id=self.id)

    def breaking(self, rule: Rule) -> SidecarError:
        """Return the same error with the id of a rule."""
        return SidecarError(self.subject, self.cause, self.fix, id=rule.id)


class UsageError(SidecarError):
    """The command line is wrong."""

    exit_code = 2
