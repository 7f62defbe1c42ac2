"""Lines and functions of all Python files are short; generated stubs are not tracked."""

from __future__ import annotations

import ast

from copies import ROOT, tracked

COLUMNS, FUNCTION_LINES = 100, 40
SOURCES = {name: (ROOT / name).read_text("utf-8") for name in tracked() if name.endswith(".py")}


def long_lines(text):
    """Return the numbers of the lines that are too long."""
    lines = text.splitlines()
    return [number for number, line in enumerate(lines, 1) if len(line) > COLUMNS]


def long_functions(text):
    """Return the names of the functions that are too long, from `def` to their last line."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = [node for node in ast.walk(ast.parse(text)) if isinstance(node, functions)]
    return [node.name for node in found if node.end_lineno - node.lineno >= FUNCTION_LINES]


def test_no_line_is_above_100_columns():
    """No line of a Python file is longer than 100 columns."""
    found = {name: long_lines(text) for name, text in SOURCES.items()}

    assert {} == {name: numbers for name, numbers in found.items() if numbers}


def test_no_function_is_above_40_lines():
    """No function of a Python file is longer than 40 lines."""
    found = {name: long_functions(text) for name, text in SOURCES.items()}

    assert {} == {name: functions for name, functions in found.items() if functions}


def test_the_limits_are_exact():
    """A line of 100 columns and a function of 40 lines are allowed, and no more."""
    body = "    pass\n" * 39

    assert [2] == long_lines(f"{'#' * 100}\n{'#' * 101}\n")
    assert ["longer"] == long_functions(f"def long():\n{body}def longer():\n{body}    pass\n")
