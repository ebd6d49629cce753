"""Includes, conditions, parameters and repetitions: what keepalived's parser is given to read."""

from __future__ import annotations

from pathlib import Path

import pytest

from hasim.keepalived.problems import KeepalivedConfigError, Problems, Severity
from hasim.keepalived.reader import LineReader


def _lines(text: str, config_id: str = "", directory: Path = Path()) -> list[str]:
    reader = LineReader(Problems(), config_id)
    reader.open_text("test.conf", text, directory)
    lines = []
    while (line := reader.next_line()) is not None:
        lines.append(line.text)
    return lines


def _reader(path: Path) -> tuple[LineReader, list[tuple[str, int, str]]]:
    reader = LineReader(Problems())
    reader.open_file(path)
    lines = []
    while (line := reader.next_line()) is not None:
        lines.append((Path(line.location.file).name, line.location.line, line.text))
    return reader, lines


def test_a_condition_keeps_its_line_for_that_id_only() -> None:
    text = "@main a\n@backup b\n@^main c\n@^backup d\n@lonely\n"
    assert _lines(text, "main") == ["a", "d"]
    assert _lines(text, "backup") == ["b", "c"]
    assert _lines(text) == ["c", "d"]


def test_parameters_are_replaced_when_they_are_used() -> None:
    text = "$BASE=10.2.${SUB}\n$SUB=0\n${BASE}.1\n$SUB=10\n${BASE}.1\n"
    assert _lines(text) == ["10.2.0.1", "10.2.10.1"]


@pytest.mark.parametrize("use", ["$UNKNOWN", "x$A-y", "$ A", "$"])
def test_what_is_no_parameter_stays_as_it_is(use: str) -> None:
    assert _lines(f"$A=value\n{use}\n") == [use]


def test_a_parameter_without_braces_needs_a_blank_comma_or_parenthesis_after_it() -> None:
    assert _lines("$A=v\n$A b\na,$A,c\nf($A)\n${A}x\n") == ["v b", "a,v,c", "f(v)", "vx"]


def test_predefined_parameters(tmp_path: Path) -> None:
    assert _lines("${_INSTANCE} ${_HASH} ${_BANG}\n", "node-a") == ["node-a"]
    assert _lines("x ${_PWD}\n", directory=tmp_path) == [f"x {tmp_path}"]


def test_random_numbers_stay_in_their_range_and_are_warned_of() -> None:
    reader = LineReader(Problems())
    reader.open_text("test.conf", "${_RANDOM 5 7}\n" * 20, Path())
    numbers = set()
    while (line := reader.next_line()) is not None:
        numbers.add(int(line.text))
    assert numbers <= {5, 6, 7}
    assert [problem.severity for problem in reader.problems.found] == [Severity.WARNING]


def test_a_definition_of_several_lines_is_read_where_it_is_used() -> None:
    text = "$I= \\\n  instance ${N} { \\\n  # comment \\\n    priority $P \\\n  }\n$N=1\n$P=100\n$I\nlast\n"
    assert _lines(text) == ["instance 1", "{", "priority 100", "}", "last"]


def test_definitions_of_several_lines_may_be_nested() -> None:
    text = "$IN= \\\nx $N \\\ny\n$OUT= \\\nbegin \\\n$N=1 \\\n$IN \\\n$N=2 \\\n$IN \\\nend\n$OUT\n"
    assert _lines(text) == ["begin", "x 1", "y", "x 2", "y", "end"]


@pytest.mark.parametrize("nothing", ["", "  ", "# why", "! why"])
def test_a_line_with_nothing_on_it_ends_a_definition(nothing: str) -> None:
    assert _lines(f"$M= \\\n a \\\n{nothing}\n b\n$M\n") == ["b", "a"]


def test_a_comment_that_ends_in_a_backslash_is_one_line_of_a_definition() -> None:
    assert _lines("$M= \\\n a \\\n# why \\\n b\n$M\n") == ["a", "b"]


@pytest.mark.parametrize(
    ("line", "expanded"),
    [
        ("~SEQ(I, 1, 3) a$I", ["a1", "a2", "a3"]),
        ("~SEQ(I, 3) a$I", ["a1", "a2", "a3"]),
        ("~SEQ(I, 0x10, -4, 8) a$I", ["a16", "a12", "a8"]),
        ("~SEQx(I, 8, 2, 12) a$I", ["a8", "aa", "ac"]),
        ("~LST(P, a, b) x$P", ["xa", "xb"]),
        ("~LST({A, B}, {1, 2}, {3}) ${A}-${B}.", ["1-2.", "3-."]),
        ("~SEQ(I, 1, 2) ~LST(P, a, b) $I.$P", ["$I.a", "$I.b", "$I.a", "$I.b"]),
        ("~SEQ(I, 1, 2) ~LST(P, a, b) ${I}.$P", ["1.a", "1.b", "2.a", "2.b"]),
        ("~OTHER(x) y", ["~OTHER(x) y"]),
    ],
)
def test_sequences_and_lists_repeat_their_line(line: str, expanded: list[str]) -> None:
    assert _lines(line + "\n") == expanded


def test_a_sequence_repeats_a_definition_of_several_lines() -> None:
    assert _lines("$V= \\\na $I \\\nb\n~SEQ(I, 1, 2) $V\n") == ["a 1", "b", "a 2", "b"]


def test_a_parameter_that_contains_itself_is_refused() -> None:
    with pytest.raises(KeepalivedConfigError, match=r"test\.conf:2: \$A cannot be replaced"):
        _lines("$A=x $A\n$A\n")


def test_included_files_are_read_in_order_and_relative_to_their_includer(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "main.conf").write_text("before\ninclude sub/*.conf\nafter\n")
    (tmp_path / "sub" / "b.conf").write_text("b\ninclude c.inc\nbb\n")
    (tmp_path / "sub" / "a.conf").write_text("a")
    (tmp_path / "sub" / "c.inc").write_text("c ${_PWD}\n")
    reader, lines = _reader(tmp_path / "main.conf")
    assert lines == [
        ("main.conf", 1, "before"),
        ("a.conf", 1, "a"),
        ("b.conf", 1, "b"),
        ("c.inc", 1, f"c {tmp_path / 'sub'}"),
        ("b.conf", 3, "bb"),
        ("main.conf", 3, "after"),
    ]
    assert not reader.problems.found


def test_braces_in_an_include_name_alternatives(tmp_path: Path) -> None:
    for name in ("x1", "x2", "y1"):
        (tmp_path / name).write_text(f"{name}\n")
    (tmp_path / "main.conf").write_text("include {y,x{2,1}}*\n")
    assert [text for _, _, text in _reader(tmp_path / "main.conf")[1]] == ["y1", "x2", "x1"]


@pytest.mark.parametrize(
    ("line", "severity"),
    [
        ("include missing.conf", Severity.WARNING),
        ("include missing-*.conf", Severity.NOTE),
        ("includer .", Severity.FATAL),
        ("includem missing.conf", Severity.FATAL),
        ("includew missing-*.conf", Severity.FATAL),
        ("includea missing.conf", Severity.FATAL),
        ('include "quoted.conf"', Severity.WARNING),
    ],
)
def test_a_missing_include_is_as_bad_as_its_keyword_says(tmp_path: Path, line: str, severity: Severity) -> None:
    (tmp_path / "main.conf").write_text(f"{line}\n")
    (tmp_path / "quoted.conf").write_text("")
    reader, _ = _reader(tmp_path / "main.conf")
    assert [problem.severity for problem in reader.problems.found] == [severity]


@pytest.mark.parametrize(
    ("pattern", "read"),
    [
        ("x[^1].cnf", ["x2"]),
        ("[[:alpha:]]1.cnf", ["x1", "y1"]),
        ("x[[:digit:]].cnf", ["x1", "x2"]),
        ("[^[:space:]x]1.cnf", ["y1"]),
        (r"x1.cn\f", ["x1"]),
        (r"\*.cnf", ["star"]),
        ("*.cnf", ["star", "x1", "x2", "y1"]),
    ],
)
def test_an_include_matches_as_glob_of_c_does(tmp_path: Path, pattern: str, read: list[str]) -> None:
    for name, text in (("x1", "x1"), ("x2", "x2"), ("y1", "y1"), ("*", "star"), (".hidden", "hidden")):
        (tmp_path / f"{name}.cnf").write_text(f"{text}\n")
    (tmp_path / "main.conf").write_text(f"include {pattern}\n")
    assert [text for _, _, text in _reader(tmp_path / "main.conf")[1]] == read


@pytest.mark.parametrize(
    "text",
    [
        "@^x include other.conf\n",
        "~LST(N, other) include ${N}.conf\n",
        "$M=include other.conf\n$M\n",
        "$M=include other.conf \\\n  \n$M\n",
    ],
)
def test_keepalived_reads_twice_what_is_included_by_more_than_an_include_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "main.conf").write_text(text)
    (tmp_path / "other.conf").write_text("other\n")
    reader, lines = _reader(tmp_path / "main.conf")
    assert lines == [("other.conf", 1, "other")] * 2
    assert [(p.severity, p.effect) for p in reader.problems.found] == [
        (Severity.WARNING, "keepalived reads the file twice")
    ]


def test_parameters_may_say_which_file_an_include_line_names(tmp_path: Path) -> None:
    (tmp_path / "main.conf").write_text("$NAME=other\ninclude ${NAME}.conf\n")
    (tmp_path / "other.conf").write_text("other\n")
    reader, lines = _reader(tmp_path / "main.conf")
    assert lines == [("other.conf", 1, "other")]
    assert not reader.problems.found


def test_an_include_in_a_multi_line_definition_ends_it_and_is_carried_out_at_its_use(tmp_path: Path) -> None:
    (tmp_path / "main.conf").write_text(
        "$NAME=a\n$M=first \\\n second \\\n include ${NAME}.conf \\\n third \\\n include b.conf\n"
        "$NAME=c\nmiddle\n$M\nend\n"
    )
    for name in "abc":
        (tmp_path / f"{name}.conf").write_text(f"{name}\n")
    reader, lines = _reader(tmp_path / "main.conf")
    assert lines == [
        ("main.conf", 5, "third\\"),
        ("main.conf", 8, "middle"),
        ("main.conf", 9, "first"),
        ("main.conf", 9, "second"),
        ("b.conf", 1, "b"),
        ("c.conf", 1, "c"),
        ("main.conf", 10, "end"),
    ]
    assert not reader.problems.found


def test_what_a_repetition_includes_is_read_after_its_last_value(tmp_path: Path) -> None:
    (tmp_path / "main.conf").write_text("global_defs {\n~LST(N, a, b) include ${N}.conf\n}\n")
    for name in "ab":
        (tmp_path / f"{name}.conf").write_text(f"{name}\n")
    reader = LineReader(Problems())
    reader.copied = False
    reader.open_file(tmp_path / "main.conf")
    lines = [line.text for line in iter(reader.next_line, None)]
    assert lines == ["global_defs", "{", "b", "a", "}"]


@pytest.mark.parametrize(
    ("line", "severity"),
    [
        ("include loop/*.conf", Severity.WARNING),
        ("includer loop/../main.conf", Severity.FATAL),
        ("block {\ninclude main.conf\n}", Severity.ERROR),
    ],
)
def test_a_file_that_includes_itself_is_read_once(tmp_path: Path, line: str, severity: Severity) -> None:
    """Tried on 2.2.7: it reads it again until it has no more file descriptors, and finds everything defined already."""
    (tmp_path / "loop").mkdir()
    (tmp_path / "loop" / "z.conf").write_text("include ../main.conf\nz\n")
    (tmp_path / "main.conf").write_text(f"{line}\nmain\n")
    reader, lines = _reader(tmp_path / "main.conf")
    assert [text for _, _, text in lines].count("main") == 1
    (problem,) = reader.problems.found
    assert (problem.severity, "includes itself" in problem.message) == (severity, True)


def test_a_file_may_be_included_twice(tmp_path: Path) -> None:
    (tmp_path / "z.conf").write_text("z\n")
    (tmp_path / "a.conf").write_text("include z.conf\n")
    (tmp_path / "main.conf").write_text("include [az].conf\n")
    reader, lines = _reader(tmp_path / "main.conf")
    assert [text for _, _, text in lines] == ["z", "z"]
    assert not reader.problems.found


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a\nb\0c\n", "line 2 holds a zero byte"),
        (b"x" * (8 * 1024 * 1024 + 1), "larger than 8 MiB"),
        ("a\nb\n".encode("utf-16"), "the text is in UTF-16"),
        ("vrrp_instance a {\n}\n".encode("utf-16-be"), "the text is in UTF-16"),
        (b"a\rb\rc\r", "its lines end with a carriage return alone"),
    ],
    ids=["binary", "large", "UTF-16", "UTF-16 without a mark", "carriage returns"],
)
def test_what_is_no_configuration_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "main.conf").write_bytes(content)
    with pytest.raises(KeepalivedConfigError, match=message):
        _reader(tmp_path / "main.conf")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeepalivedConfigError, match="cannot be read: No such file"):
        _reader(tmp_path / "main.conf")


@pytest.mark.parametrize(
    ("target", "message"),
    [("nothing", "symbolic link to nothing, which is not there"), ("main.conf", "that leads back to itself")],
)
def test_a_link_that_leads_nowhere_is_refused_as_such(tmp_path: Path, target: str, message: str) -> None:
    (tmp_path / "main.conf").symlink_to(target)
    with pytest.raises(KeepalivedConfigError, match=f"main.conf: this is a symbolic link {message}|{message}$"):
        _reader(tmp_path / "main.conf")


@pytest.mark.parametrize("rest", [b"caf\xe9\n", "caf\u00e9\n".encode()])
def test_a_byte_order_mark_is_one_problem_and_read_over(tmp_path: Path, rest: bytes) -> None:
    (tmp_path / "main.conf").write_bytes(b"\xef\xbb\xbf" + rest)
    reader, lines = _reader(tmp_path / "main.conf")
    assert lines == [("main.conf", 1, "caf\u00e9")]
    (problem,) = reader.problems.found
    assert (problem.severity, problem.location.line) == (Severity.ERROR, 1)
    assert "byte order mark" in problem.message


def test_latin_1_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "main.conf").write_bytes(b"caf\xe9\n")
    assert _reader(tmp_path / "main.conf")[1] == [("main.conf", 1, "caf\u00e9")]


def test_a_line_longer_than_the_buffer_is_cut_and_reported() -> None:
    reader = LineReader(Problems())
    reader.open_text("test.conf", "a" * 1500 + "\n", Path())
    lengths = []
    while (line := reader.next_line()) is not None:
        lengths.append(len(line.text))
    assert lengths == [1023, 477]
    assert reader.problems.found[0].severity is Severity.ERROR


def test_an_escaped_comment_sign_protects_nothing_outside_global_defs() -> None:
    reader = LineReader(Problems())
    reader.open_text("test.conf", "auth_pass a\\#b\n", Path())
    line = reader.next_line()
    assert line is not None
    assert line.text == "auth_pass a"
    assert "does not keep it from starting a comment" in reader.problems.found[0].message
