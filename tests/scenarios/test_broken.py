"""Scenario files that cannot be used: each is refused with one message of file, line, path and what was expected.

Every file in ``broken/`` carries its expectation in its first line, ``# expect: LINE PATH :: FRAGMENT`` (the path ``-``
is the file as a whole). What cannot be kept as a text file in the repository is made here.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from hasim.scenario import ScenarioError, load, loads

PAIR = """
zones: [z1]
vpc: {cidr: 10.0.0.0/16}
subnets: {front: {cidr: 10.0.1.0/24}}
instances: {a: {address: 10.0.1.10}, b: {address: 10.0.1.11}}
floating: {address: 10.0.1.100, mechanism: secondary_ip}
""".strip()
BROKEN = sorted((Path(__file__).parent / "broken").glob("*.yaml"))


def expectation(path: Path) -> tuple[int, str, str]:
    """Line, path and fragment of the message that a broken file promises."""
    first = path.read_text(encoding="utf-8").splitlines()[0]
    place, fragment = first.removeprefix("# expect: ").split(" :: ", 1)
    line, key_path = place.split()
    return int(line), "" if key_path == "-" else key_path, fragment


def refusal(path: Path) -> ScenarioError:
    with pytest.raises(ScenarioError) as caught:
        load(path)
    return caught.value


def test_there_are_at_least_sixty_five_broken_files() -> None:
    assert len(BROKEN) >= 65


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_broken_file_is_refused_with_line_path_and_reason(path: Path) -> None:
    line, key_path, fragment = expectation(path)
    error = refusal(path)
    assert (error.file, error.line, error.path) == (str(path), line, key_path)
    assert fragment in str(error)
    place = f"{path}:{line}: " + (f"{key_path}: " if key_path else "")
    assert str(error).startswith(place)
    assert str(error).count("\n") == len(error.others) == (2 if path.stem == "several-mistakes" else 0)


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_the_error_does_not_show_the_library_below(path: Path) -> None:
    text = str(refusal(path)).removeprefix(str(path))
    for word in ("pydantic", "Value error", "<class", "Traceback", "object at 0x"):
        assert word not in text


def test_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.yaml"
    path.write_bytes(b"")
    assert str(refusal(path)) == f"{path}:1: the file is empty: expected a scenario"


def test_binary_file(tmp_path: Path) -> None:
    path = tmp_path / "binary.yaml"
    path.write_bytes(b"horizon: 10min\n" + bytes(range(256)))
    error = refusal(path)
    assert (error.line, error.message) == (3, "this is not text: expected a YAML file in UTF-8")


def test_file_with_null_bytes(tmp_path: Path) -> None:
    path = tmp_path / "nulls.yaml"
    path.write_bytes(b"horizon: 10min\n\nzones: \0\0\n")
    error = refusal(path)
    assert (error.line, error.message) == (3, "this is a binary file: expected a YAML file in UTF-8")


def test_file_in_utf_16(tmp_path: Path) -> None:
    path = tmp_path / "utf16.yaml"
    path.write_text("horizon: 10min\n", encoding="utf-16")
    assert "expected a YAML file in UTF-8" in str(refusal(path))


def test_control_character(tmp_path: Path) -> None:
    path = tmp_path / "control.yaml"
    path.write_text("horizon: 10min\nname: a\x07b\n", encoding="utf-8")
    error = refusal(path)
    assert (error.line, error.message) == (2, "the character U+0007 is not allowed in YAML")


def test_file_of_50_megabytes_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    with path.open("wb") as stream:
        stream.truncate(50_000_000)
    assert str(refusal(path)) == f"{path}:1: the file is too big: a scenario has at most 1 MB"


def test_text_of_50_megabytes_is_refused() -> None:
    with pytest.raises(ScenarioError, match="the text is too big"):
        loads("a" * 50_000_000)


def test_alias_bomb_of_nine_levels(tmp_path: Path) -> None:
    levels = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    path = tmp_path / "bomb.yaml"
    path.write_text("\n".join(levels), encoding="utf-8")
    error = refusal(path)
    assert "grows beyond 50,000 values: too many aliases of aliases" in error.message


def test_alias_bomb_by_merging(tmp_path: Path) -> None:
    levels = ["a0: &a0 {k0: 1, k1: 1}"]
    levels += [f"a{n}: &a{n} {{x{n}: *a{n - 1}, y{n}: *a{n - 1}, <<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 20)]
    path = tmp_path / "bomb.yaml"
    path.write_text("\n".join(levels), encoding="utf-8")
    assert "grows beyond 50,000 values" in refusal(path).message


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_bottomless_nesting(tmp_path: Path, opening: str) -> None:
    path = tmp_path / "deep.yaml"
    path.write_text(opening * 100_000, encoding="utf-8")
    assert "nested more than 24 levels deep" in refusal(path).message


def test_very_many_values(tmp_path: Path) -> None:
    path = tmp_path / "many.yaml"
    path.write_text("zones: [" + "z," * 400_000 + "]", encoding="utf-8")
    assert "at most 50,000 values" in refusal(path).message


def test_directory(tmp_path: Path) -> None:
    assert str(refusal(tmp_path)) == f"{tmp_path}: this is a directory, expected a scenario file"


def test_missing_file_suggests_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "three-instances.yaml").write_text("", encoding="utf-8")
    error = refusal(tmp_path / "tree-instances.yaml")
    expected = f"there is no such file; did you mean {tmp_path / 'three-instances.yaml'}?"
    assert str(error) == f"{tmp_path / 'tree-instances.yaml'}: {expected}"


@pytest.mark.parametrize(("missing", "meant"), [("nope.yaml", None), ("P3.yml", "p3.yaml"), ("pair", "pair.yml")])
def test_what_all_scenarios_end_in_makes_no_names_alike(tmp_path: Path, missing: str, meant: str | None) -> None:
    for name in ("p3.yaml", "pair.yml", "notes.txt"):
        (tmp_path / name).touch()
    hint = f"; did you mean {tmp_path / meant}?" if meant else ""
    assert str(refusal(tmp_path / missing)) == f"{tmp_path / missing}: there is no such file{hint}"


MANY = f"""
{PAIR}
vrrp: {{version: 4, prioritty: 3}}
notify: {{tries: 0}}
colour: blue
faults:
  - {{kind: crush, target: a}}
  - {{kind: crash, at: 10s, ta: b}}
  - {{kind: crash, target: a, at: soon, duration: {{unifrm: [1s, 2s]}}}}
""".strip()


def test_all_mistakes_are_told_at_once_with_those_beside_an_unknown_key() -> None:
    with pytest.raises(ScenarioError) as caught:
        loads(MANY, "x.yaml")
    said = str(caught.value).splitlines()
    assert [line.partition(": ")[0] for line in said[:8]] == [f"x.yaml:{n}" for n in (6, 6, 7, 8, 10, 11, 12, 12)]
    assert said[0] == "x.yaml:6: vrrp.prioritty: unknown key; did you mean priority?"
    assert said[1] == "x.yaml:6: vrrp.version: expected 2 or 3, got the number 4"
    assert said[3].startswith("x.yaml:8: colour: unknown key")
    assert said[5].startswith("x.yaml:11: faults[1].ta: unknown key")  # and not that the key target is missing


@pytest.mark.parametrize(
    ("count", "told", "more"), [(8, 8, None), (9, 8, "1 more mistake"), (12, 8, "4 more mistakes")]
)
def test_beyond_eight_mistakes_are_counted(count: int, told: int, more: str | None) -> None:
    with pytest.raises(ScenarioError) as caught:
        loads("\n".join([PAIR, *(f"wrong{number}: 1" for number in range(count))]), "x.yaml")
    lines = str(caught.value).splitlines()
    assert [line.startswith(f"x.yaml:{number}: wrong") for number, line in enumerate(lines[:told], start=6)] == [
        True
    ] * 8
    assert lines[told:] == ([f"x.yaml: and {more}"] if more else [])
    assert len(caught.value.mistakes) == count


def test_file_name_that_cannot_be() -> None:
    with pytest.raises(ScenarioError, match="cannot be read"):
        load("null\0byte.yaml")


def test_no_damaged_scenario_gives_anything_but_a_scenario_error() -> None:
    """Cut, doubled and swapped pieces of real scenarios: what comes out is a scenario or a :class:`ScenarioError`."""
    examples = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))
    texts = [path.read_text(encoding="utf-8") for path in examples]
    pieces = sorted({piece for text in texts for piece in text.replace(",", "\n").replace(":", "\n").split("\n")})
    generator = random.Random(20)
    refused = 0
    for _ in range(400):
        text = generator.choice(texts)
        for _ in range(generator.randint(1, 3)):
            start = generator.randrange(len(text))
            end = min(len(text), start + generator.randint(0, 30))
            text = text[:start] + generator.choice(pieces) + text[end:]
        try:
            loads(text)
        except ScenarioError:
            refused += 1
    assert refused > 200
