"""The transcript runner itself: it reads blocks, compares them and rewrites them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.transcripts.runner import Block, parse, render, run

TEXT = """\
# What this file is about.

# Doubling.
double 2
----
4

double
  3
----
6
"""


def double(command: str) -> list[str]:
    return [str(2 * int(command.split()[1]))]


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "doubling.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_blocks_have_comments_command_and_output() -> None:
    about, two, three = parse(TEXT)
    assert about == Block(("# What this file is about.",), (), ())
    assert two == Block(("# Doubling.",), ("double 2",), ("4",))
    assert three.text == "double 3"
    assert three.output == ("6",)


def test_text_survives_parse_and_render() -> None:
    assert render(parse(TEXT)) == TEXT


def test_expected_output_passes(tmp_path: Path) -> None:
    run(write(tmp_path, TEXT), double, rewrite=False)


def test_other_output_fails_and_shows_the_difference(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"-5\n\+6"):
        run(write(tmp_path, TEXT.replace("\n6\n", "\n5\n")), double, rewrite=False)


def test_rewrite_writes_what_came_out(tmp_path: Path) -> None:
    path = write(tmp_path, TEXT.replace("\n6\n", "\n5\n"))
    run(path, double, rewrite=True)
    assert path.read_text(encoding="utf-8") == TEXT


def test_command_without_separator_is_an_error() -> None:
    with pytest.raises(ValueError, match="no ---- below the command 'double 2'"):
        parse("double 2\n4\n")


def test_blank_output_line_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="cannot show"):
        run(write(tmp_path, TEXT), lambda command: [""], rewrite=False)
