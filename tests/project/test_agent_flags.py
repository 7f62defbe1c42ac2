"""The table of the agent's flags: read from texts of --help, and written as a module."""

from sidecar.rules import agent_flags
from tools import agent_flags as tool

HELP = """\
Flags:
      --agent.tags string          One or more tags. Ex: key1=value1 (see --jaeger.tags)
  -h, --help                       help for jaeger-agent
      --reporter.grpc.tls          (deprecated) see --reporter.grpc.tls.enabled
"""


def test_flags_are_read_from_a_help():
    """Not those that a description names."""
    assert {"agent.tags", "reporter.grpc.tls"} == tool.flags_in(HELP)


def test_a_flag_begins_and_ends_where_the_sets_change():
    """The end is the first version without it."""
    found = {"1.17.0": {"a", "old"}, "1.18.0": {"a", "new"}}

    expected = {"a": ("1.17.0", ""), "new": ("1.18.0", ""), "old": ("1.17.0", "1.18.0")}
    assert expected == tool.spans(found)


def test_versions_without_a_module_differ_from_the_next_as_their_sources_do():
    """1.16 lacks two flags of 1.17, and 1.15 one more."""
    found = tool.with_older({"1.17.0": {"agent.tags", "reporter.grpc.tls.enabled"}})

    assert {"1.15.0": set(), "1.16.0": {"agent.tags"}} == {
        version: flags for version, flags in found.items() if version != "1.17.0"
    }


def test_the_module_is_what_the_tool_writes():
    """A change by hand would be lost at its next run."""
    known = {
        flag: tuple(".".join(map(str, version)) if version else "" for version in span)
        for flag, span in agent_flags.SPANS.items()
    }

    assert tool.module(known) == tool.MODULE.read_text("utf-8")
