"""Whatever a file holds, it is read or refused with a message: no other exception, and no end that never comes."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hasim.keepalived import Config, KeepalivedConfigError, inspect_config, inspect_text, write_config
from hasim.keepalived.lint import lint_configs
from tests.keepalived.cases import SAMPLES, accepted

TEXTS = [path.read_text() for path in accepted()]
DIRECTORY = SAMPLES / "accepted"
SPLINTERS = [
    *"{}\"'\\$@~#!\t\n\r -/0%é",
    "\n}\n",
    "\n{\n",
    "$A=$A\n$A\n",
    "$A=x \\\n",
    "$B= \\\n$B\n$B\n",
    "~SEQ(I, 1, 10000000000)",
    "~SEQ(I, 1, 3) ~SEQ(J, 1, 3) $I",
    "~LST({A,B}, {1,2}) ",
    "~LST(",
    "${_RANDOM 9 1}",
    "${_PWD}",
    "\ninclude conf.d/*\n",
    "\ninclude {a,{b,c}}\n",
    "@x ",
    "@^x ",
    "999999999999999999999999",
    "-1",
    "0x10",
    "fe80::1",
    "weight -1 reverse",
    "vrrp_instance ",
    "virtual_ipaddress ",
    "a" * 1100,
]


def _survives(text: str) -> None:
    try:
        config: Config = inspect_text(text, directory=DIRECTORY)
    except KeepalivedConfigError:
        return
    for problem in config.problems:
        assert problem.location.file
        assert problem.message
    lint_configs({"a": config, "b": config})
    try:
        config.refuse_problems()
    except KeepalivedConfigError:
        return
    assert inspect_text(write_config(config)) == config


@st.composite
def _mutated(draw: st.DrawFn) -> str:
    """A sample file with some characters or words taken out, put in twice, or replaced by something nasty."""
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(text)))
        length = draw(st.sampled_from([0, 0, 1, 2, 10, 100]))
        end = min(start + length, len(text))
        middle = draw(st.sampled_from(["", text[start:end] * 2, *SPLINTERS]))
        text = text[:start] + middle + text[end:]
    return text


@settings(max_examples=250, deadline=None)
@given(_mutated())
def test_a_mutated_file_is_read_or_refused(text: str) -> None:
    _survives(text)


@st.composite
def _shuffled(draw: st.DrawFn) -> str:
    """The words of a sample file in another order, some missing."""
    words = draw(st.sampled_from(TEXTS)).replace("\n", " \n ").split(" ")
    first = draw(st.integers(0, len(words) - 1))
    moved = draw(st.permutations(words[first : first + 30]))
    return " ".join(words[:first] + moved + words[first + 30 :])


@settings(max_examples=150, deadline=None)
@given(_shuffled())
def test_words_in_another_order_are_read_or_refused(text: str) -> None:
    _survives(text)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(SPLINTERS), max_size=30).map("".join) | st.text(max_size=200))
def test_rubbish_is_read_or_refused(text: str) -> None:
    _survives(text)


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = Path(tmp_path_factory.getbasetemp()) / "rubbish.conf"
    path.write_bytes(content)
    with contextlib.suppress(KeepalivedConfigError):
        inspect_config(path)


@pytest.mark.parametrize(
    "text",
    [
        "$A=${A}${A}\n$A\n",
        "$A=${B}\n$B=${A}\n$A\n",
        "$M= \\\n$M\n$M\n",
        "~SEQ(I, 1, 900000) ~SEQ(J, 1, 900000) x\n",
        "vrrp_instance " * 400,
        "{" * 1000,
        "virtual_server x {\nreal_server y {\nHTTP_GET {\nurl {\n" * 200,
    ],
    ids=["doubling", "circle", "multiline_circle", "long_sequence", "one_line", "braces", "nested"],
)
def test_what_would_never_end_is_refused(text: str) -> None:
    with pytest.raises(KeepalivedConfigError):
        inspect_text(text).refuse_problems()
