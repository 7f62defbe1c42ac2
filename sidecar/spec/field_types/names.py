"""Types of names: a service, a Compose project, a variable, a region, a stage of a build."""

from __future__ import annotations

from sidecar.spec.field_types.mistakes import BLANK, BRACES, EXPANDED, FOREIGN
from sidecar.spec.records import AGENT_SUFFIX
from sidecar.spec.scalars import Mistake, PatternText

REGION = PatternText(r"\S+", "a region id", "`sidecar regions` lists them")

LONGEST_NAME = 63 - len(AGENT_SUFFIX)
NAME = PatternText(
    rf"(?!x-)[a-z]([a-z0-9-]{{0,{LONGEST_NAME - 2}}}[a-z0-9])?",
    "a name",
    f"Use at most {LONGEST_NAME} of a-z, 0-9 and -, beginning with a letter, but not with x-",
    (
        BRACES,
        EXPANDED,
        BLANK,
        FOREIGN,
        Mistake(
            rf"^[^\n]{{{LONGEST_NAME + 1}}}",
            f"is longer than {LONGEST_NAME} characters",
            f"Shorten it: with {AGENT_SUFFIX} it is its agent's host name, of at most 63",
        ),
    ),
)
"""Also a Compose key, in which `x-` means an extension, and part of the agent's host name."""

ANY_NAME = PatternText(r"[\s\S]*", "a name", NAME.fix)
"""NAME judges that of a service of the kit's own project; others exist, or do not."""
PROJECT = PatternText(
    r"[a-z0-9][a-z0-9_-]{0,62}",
    "a Compose project name",
    "Use at most 63 of a-z, 0-9, _ and -, beginning with a letter or digit",
    (
        BRACES,
        EXPANDED,
        BLANK,
        FOREIGN,
        Mistake("[A-Z]", "has uppercase letters", "Compose accepts lowercase letters only"),
        Mistake(r"^[^\n]{64}", "is longer than 63 characters", "Shorten it"),
    ),
)
LABEL = PatternText(
    r"([a-z0-9.-]+/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?",
    "a label's name",
    "Give one such as team or example.com/team",
    (EXPANDED,),
)
PORT_NAME = PatternText(
    "[a-z]([a-z0-9-]{0,13}[a-z0-9])?",
    "a port's name",
    "Use at most 15 of a-z, 0-9 and -, beginning with a letter",
)
VARIABLE = PatternText(
    r"[A-Za-z_][A-Za-z0-9_]*",
    "a variable name",
    "Use letters, digits and _",
    (
        Mistake(r"[\r\n]", "contains a line break", "Keep the name on one line"),
        Mistake(r"=", "contains =", "Write NAME: value"),
    ),
)

TARGET = PatternText(
    r"[A-Za-z0-9_][A-Za-z0-9_.-]*", "a build target", "Give the name of a stage of the Dockerfile"
)
