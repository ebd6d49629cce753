"""The sample files, and the examples that are handed around: read, or refused at the line that keepalived names."""

from __future__ import annotations

from pathlib import Path

import pytest

from hasim.keepalived import KeepalivedConfigError, Severity, inspect_config, read_config, write_config
from hasim.keepalived.loading import read_text
from tests.keepalived.cases import ACCEPTED_IDS, EXAMPLES, Case, accepted, marked


@pytest.mark.parametrize("path", accepted(), ids=lambda path: path.stem)
def test_what_keepalived_accepts_is_read(path: Path) -> None:
    config = read_config(path, ACCEPTED_IDS.get(path.stem, ""))
    assert config.instances
    assert all(problem.severity in (Severity.NOTE, Severity.WARNING) for problem in config.problems)


@pytest.mark.parametrize("path", accepted(), ids=lambda path: path.stem)
def test_what_was_written_reads_the_same(path: Path) -> None:
    config = read_config(path, ACCEPTED_IDS.get(path.stem, ""))
    text = write_config(config)
    again = read_text(text, directory=path.parent)
    assert again == config
    assert write_config(again) == text


@pytest.mark.parametrize("case", marked("refused"), ids=lambda case: case.name)
def test_what_keepalived_refuses_is_refused_at_its_line(case: Case) -> None:
    with pytest.raises(KeepalivedConfigError) as refusal:
        read_config(case.path)
    assert (refusal.value.location.file, refusal.value.location.line) == (str(case.path), case.line)
    assert str(refusal.value).startswith(f"{case.path}:{case.line}: ")


@pytest.mark.parametrize("case", marked("changed"), ids=lambda case: case.name)
def test_what_keepalived_changes_is_warned_of_at_its_line(case: Case) -> None:
    config = read_config(case.path)
    warnings = [problem for problem in config.problems if problem.severity is Severity.WARNING]
    assert [problem.location.line for problem in warnings] == [case.line]
    assert warnings[0].fails_config_test


REFUSED_EXAMPLES = {"keepalived.conf.conditional_conf": 13}


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the directory of examples is not beside this repository")
def test_every_example_is_read_or_refused_where_keepalived_complains() -> None:
    names = sorted(path.name for path in EXAMPLES.iterdir())
    assert names
    for name in names:
        config = inspect_config(EXAMPLES / name)
        refused = [problem.location.line for problem in config.problems if problem.severity.refuses]
        assert (refused[0] if refused else None) == REFUSED_EXAMPLES.get(name), name


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the directory of examples is not beside this repository")
@pytest.mark.parametrize(("config_id", "priority"), [("high", 170), ("low", 85)])
def test_the_conditional_example_is_read_with_an_id(config_id: str, priority: int) -> None:
    config = read_config(EXAMPLES / "keepalived.conf.conditional_conf", config_id)
    assert config.conditions == {"high", "low"}
    assert config.instance("VI_0").priority == priority
    assert config.instance("VI_0").track_scripts[0].name == "check_VI_0"
