"""From YAML to plain data in which everything knows its line."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from hasim.errors import UserError
from hasim.scenario import ScenarioError
from hasim.scenario.errors import format_path, nearest, shown, suggestion
from hasim.scenario.loading import MAX_DEPTH, Document, parse, read_text


def parsed(text: str) -> Document:
    return parse(text, "x.yaml")


def test_every_key_and_item_knows_its_line() -> None:
    document = parsed("a: 1\nb:\n  - x\n  - {c: y,\n     d: z}\n\ne: |\n  long\n  text\n")
    assert document.data == {"a": 1, "b": ["x", {"c": "y", "d": "z"}], "e": "long\ntext\n"}
    assert document.lines == {
        ("a",): 1,
        ("b",): 2,
        ("b", 0): 3,
        ("b", 1): 4,
        ("b", 1, "c"): 4,
        ("b", 1, "d"): 5,
        ("e",): 7,
    }


def test_line_of_something_that_is_not_there_is_that_of_what_is_around_it() -> None:
    document = parsed("a: 1\nb:\n  c: 2\n")
    assert document.line(("b", "d")) == 2
    assert document.line(("b", "c", "deeper")) == 3
    assert document.line(("nowhere",)) == 1
    assert document.has(("b", "c"))
    assert not document.has(("b", "d"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True),
        ("On", True),
        ("no", False),
        ("off", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("5", 5),
        ("-5", -5),
        ("0", 0),
        ("0.5", 0.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1.5e-2", 0.015),
        ("010", "010"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        (".inf", ".inf"),
        ("1e999", "1e999"),
        ("9" * 30, "9" * 30),
        ("10.0.0.1", "10.0.0.1"),
        ("'5'", "5"),
        ('"yes"', "yes"),
        ("!!str 5", "5"),
        ("! 5", "5"),
        ("nobody", "nobody"),
    ],
)
def test_scalars_mean_what_a_person_means(text: str, value: object) -> None:
    assert parsed(f"key: {text}").data == {"key": value}


def test_alias_repeats_what_its_anchor_says() -> None:
    document = parsed("a: &common {x: 1}\nb: *common\n")
    assert document.data == {"a": {"x": 1}, "b": {"x": 1}}
    assert document.lines["b",] == 2
    assert document.lines["b", "x"] == 1


def test_merge_key_fills_in_what_is_not_said_and_keeps_its_own_lines() -> None:
    document = parsed("a: &common\n  x: 1\n  y: {z: 2}\nb:\n  <<: *common\n  x: 3\n")
    assert document.data["b"] == {"x": 3, "y": {"z": 2}}
    assert document.lines["b", "x"] == 6
    assert document.lines["b", "y"] == 3
    assert document.lines["b", "y", "z"] == 3


def test_merge_of_several_prefers_the_first() -> None:
    document = parsed("a: &a {x: 1, y: 1}\nb: &b {x: 2, z: 2}\nc: {<<: [*a, *b]}\n")
    assert document.data["c"] == {"x": 1, "y": 1, "z": 2}


def test_quoted_merge_key_is_an_ordinary_key() -> None:
    assert parsed("'<<': {x: 1}").data == {"<<": {"x": 1}}


def test_anchor_can_be_used_again_after_it_was_redefined() -> None:
    assert parsed("a: &x 1\nb: &x 2\nc: *x\n").data == {"a": 1, "b": 2, "c": 2}


def test_depth_is_bounded_exactly() -> None:
    parsed("a: " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1))
    with pytest.raises(ScenarioError, match="nested more than 24 levels deep"):
        parsed("a: " + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))


def test_aliases_cannot_dig_deeper_than_the_bound() -> None:
    levels = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 40)]
    with pytest.raises(ScenarioError, match="nested more than 24 levels deep"):
        parsed("\n".join(levels))


def test_duplicate_keys_are_found_at_any_depth() -> None:
    with pytest.raises(ScenarioError) as caught:
        parsed("a:\n  b:\n    c: 1\n    d: 2\n    c: 3\n")
    assert str(caught.value) == "x.yaml:5: a.b.c: this key is already on line 3: each key stands once"


@pytest.mark.parametrize(
    ("text", "line", "fragment"),
    [
        ("a:\n\tb: 1\n", 2, "tabs"),
        ("\ta: 1\n", 1, "tabs"),
        ("a: 1\nb: c: d\n", 2, "a ':' is not expected here"),
        ("a: [1, 2\nb: 3\n", 2, "not valid YAML"),
        ("a: 'open\n", 2, "not valid YAML"),
        ("a: @b\n", 1, "not valid YAML"),
        ("a: &x 1\nb: *y\n", 2, "the alias *y has no anchor &y before it"),
        ("a: !!set {x}\n", 1, "has no meaning in a scenario"),
        ("? [a]\n: 1\n", 1, "a key is a word, got a list"),
        ("~: 1\n", 1, "YAML reads this one as nothing"),
        ("1.5: 1\n", 1, "YAML reads this one as the number 1.5"),
    ],
)
def test_what_is_not_usable_yaml_is_refused_with_its_line(text: str, line: int, fragment: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parsed(text)
    assert caught.value.line == line
    assert fragment in caught.value.message


def test_a_tab_inside_a_value_is_no_mistake() -> None:
    assert parsed("a: 'x\ty'\n").data == {"a": "x\ty"}


def test_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert parse(read_text(path), "x.yaml").data == {"a": 1}


def test_error_text_has_place_path_message_and_hint_of_every_mistake() -> None:
    other = ScenarioError("x.yaml", 13, "c", "expected that")
    error = ScenarioError("x.yaml", 12, "a.b", "expected this", hint="do that", others=[other])
    assert str(error) == "x.yaml:12: a.b: expected this; do that\nx.yaml:13: c: expected that"
    assert str(error.moved("x with y=1")) == "x with y=1: a.b: expected this; do that\nx with y=1: c: expected that"
    assert str(ScenarioError("x.yaml", None, "", "no such file")) == "x.yaml: no such file"
    assert isinstance(error, UserError)


def test_error_survives_the_way_between_processes() -> None:
    other = ScenarioError("x.yaml", 13, "c", "expected that")
    error = ScenarioError("x.yaml", 12, "a.b", "expected this", hint="do that", others=[other], code="LimitExceeded")
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error)
    assert (copy.line, copy.others[0].line, copy.code) == (12, 13, "LimitExceeded")


def test_paths_are_shown_as_they_are_written() -> None:
    assert format_path(("instances", "a", "vrrp", "priority")) == "instances.a.vrrp.priority"
    assert format_path(("faults", 0, "mixture", 2, "of")) == "faults[0].mixture[2].of"
    assert format_path(()) == ""


def test_the_nearest_name_is_suggested_whatever_its_case() -> None:
    known = ["priority", "preempt_delay", "MASTER"]
    assert nearest("prority", known) == "priority"
    assert nearest("Master", known) == "MASTER"
    assert nearest("something", known) is None
    assert suggestion("prority", known) == "did you mean priority?"
    assert suggestion("something", known) == "expected one of priority, preempt_delay, MASTER"
    assert suggestion("something", []) == "there are none"
    assert suggestion("zzz", [f"name{n}" for n in range(30)]).endswith("name19, ...")


def test_values_are_shown_as_their_author_knows_them() -> None:
    assert shown(True) == "true (an unquoted yes, on or true)"
    assert shown(None) == "nothing"
    assert shown("high") == "'high'"
    assert shown(5) == "the number 5"
    assert shown([1]) == "a list"
    assert shown({}) == "a mapping"
    assert len(shown("x" * 1000)) < 70


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("nothing", "a symbolic link to nothing, which is not there"),
        ("x.yaml", "a symbolic link that leads back to itself"),
    ],
)
def test_a_link_that_leads_nowhere_is_no_missing_file(tmp_path: Path, target: str, message: str) -> None:
    path = tmp_path / "x.yaml"
    path.symlink_to(target)
    with pytest.raises(ScenarioError) as caught:
        read_text(path)
    assert str(caught.value) == f"{path}: this is {message}"
