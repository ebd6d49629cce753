"""The journal: what is finished is never run again, what is damaged is never used."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hasim.errors import UserError
from hasim.measure import RunOutcome
from hasim.study import StudyResult, replicate, replicate_many
from hasim.study.job import Job
from hasim.study.journal import Journal, looks_like_a_journal
from hasim.study.journal.rows import checksum, pack_outcome, unpack_outcome
from hasim.units import YEAR
from tests.unit.study_samples import SCENARIOS, outage, run, shipped

NAME = "freeze-that-heals"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def study(path: Path | Journal, replications: int = 4, **options: object) -> StudyResult:
    return replicate(shipped(NAME), replications=replications, jobs=1, journal=path, **options)  # type: ignore[arg-type]


def counts(path: Path) -> list[int]:
    with Journal(path, create=False) as journal:
        return [journal.count(entry) for entry in journal.studies()]


def read_all(path: Path) -> list[RunOutcome]:
    with Journal(path, create=False) as journal:
        return [outcome for entry in journal.studies() for outcome in journal.outcomes_of(entry)]


def change(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_study_with_a_journal_is_the_study_without(path: Path) -> None:
    assert study(path) == replicate(shipped(NAME), replications=4, jobs=1)
    assert study(path) == replicate(shipped(NAME), replications=4, jobs=1)


def test_every_replication_is_in_the_journal_before_it_is_counted(path: Path) -> None:
    seen = []

    def look(done: int, _wanted: int) -> None:
        if done:
            seen.append((done, sum(counts(path))))

    study(path, 40, progress=look)
    assert len(seen) > 1
    assert all(done == kept for done, kept in seen)


_FINISHED = """
import json, sys
from hasim.scenario import load
from hasim.study import replicate
result = replicate(load(sys.argv[1]), replications=4, journal=sys.argv[2])
print(json.dumps(["simpy" in sys.modules, "hasim.sim" in sys.modules, len(result.outcomes)]))
"""


def test_a_finished_study_opened_again_simulates_nothing(path: Path) -> None:
    study(path)
    command = [sys.executable, "-c", _FINISHED, str(SCENARIOS / f"{NAME}.yaml"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [False, False, 4]


def test_more_replications_build_on_those_that_are_there(path: Path) -> None:
    study(path, 3)
    calls: list[tuple[int, int]] = []
    more = study(path, 5, progress=lambda done, wanted: calls.append((done, wanted)))
    assert calls[0] == (3, 5)
    assert more == replicate(shipped(NAME), replications=5, jobs=1)
    assert len(study(path, 2).outcomes) == 2
    assert counts(path) == [5]


def test_another_scenario_seed_or_mode_is_another_study(path: Path) -> None:
    changed = replace(shipped(NAME), horizon_ns=shipped(NAME).horizon_ns * 2)  # even if its digest was not made anew
    study(path, 2)
    assert study(path, 2, seed=99).outcomes != study(path, 2).outcomes
    study(path, 2, heartbeats="explicit")
    assert {entry.horizon_ns for entry in replicate(changed, replications=2, jobs=1, journal=path).outcomes} == {
        changed.horizon_ns
    }
    assert counts(path) == [2, 2, 2, 2]


def test_name_slo_and_number_of_replications_are_no_other_study(path: Path) -> None:
    study(path, 2)
    renamed = replace(shipped(NAME), name="other words", replications=77)
    assert replicate(renamed, replications=2, jobs=1, journal=path).scenario.name == "other words"
    assert counts(path) == [2]


def test_what_another_model_ran_is_not_used(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as before:
        before.setattr("hasim.study.journal.studies.model_fingerprint", lambda: "the model of yesterday")
        study(path, 2)
    with Journal(path) as journal:
        assert not journal.studies()[0].is_current
        assert not list(journal.outcomes(Job(shipped(NAME), shipped(NAME).seed, "quiet"), range(2)))
    study(path, 3)
    assert counts(path) == [2, 3]


def test_ctrl_c_leaves_what_is_finished_in_the_journal(path: Path) -> None:
    def interrupt(done: int, _wanted: int) -> None:
        if done >= 3:
            raise KeyboardInterrupt

    cut_short = study(path, 500, progress=interrupt)
    assert cut_short.interrupted
    assert counts(path) == [len(cut_short.outcomes)]


def test_several_scenarios_share_workers_and_journal(path: Path) -> None:
    scenarios = [shipped(NAME), shipped("partition"), shipped(NAME)]
    results = replicate_many(scenarios, replications=3, seed=5, jobs=1, journal=path)
    assert results == tuple(replicate(scenario, replications=3, seed=5, jobs=1) for scenario in scenarios)
    assert counts(path) == [3, 3]


def test_a_journal_in_memory_goes_on_within_one_program() -> None:
    with Journal.in_memory() as journal:
        study(journal, 2)
        begun: list[int] = []
        study(journal, 3, progress=lambda done, _wanted: begun.append(done))
        assert begun[0] == 2


def test_a_row_is_what_it_was() -> None:
    outcome = run(7, outage(1.5, 2.25), outage(9, 1, "unresolved"), dual_master_ns=3)
    packed = pack_outcome(outcome)
    assert unpack_outcome(packed, 7, YEAR) == outcome
    assert checksum("key", 7, packed) != checksum("key", 8, packed)
    assert checksum("key", 7, packed) != checksum("other", 7, packed)
    with pytest.raises(ValueError, match="incorrect header"):
        unpack_outcome(b"no row", 7, YEAR)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "not SQLite": lambda path: path.write_text("a letter to my aunt " * 100),
    "half of it": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "a page of zeros": lambda path: path.write_bytes(path.read_bytes()[:4096] + bytes(4096) + path.read_bytes()[8192:]),
    "a table whose name is no text": lambda path: path.write_bytes(
        path.read_bytes().replace(b"tablestudystudy", b"tablest\xffdyst\xffdy")
    ),
    "a changed row": lambda path: change(path, "UPDATE replication SET outcome = outcome || x'00' WHERE number = 2"),
    "a row of another number": lambda path: change(path, "UPDATE replication SET number = 9 WHERE number = 2"),
    "a row of another study": lambda path: change(
        path, "INSERT INTO replication SELECT 2, number, outcome, checksum FROM replication WHERE number = 5"
    ),
    "a study that is no text": lambda path: change(path, "UPDATE study SET scenario = CAST(x'ff' AS TEXT)"),
    "another seed": lambda path: change(path, "UPDATE study SET seed = seed || '1'"),
    "no seed at all": lambda path: change(path, "UPDATE study SET seed = 'none' WHERE id = 1"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_journal_is_reported_and_not_used(path: Path, damage: Callable[[Path], object]) -> None:
    study(path, 6)
    study(path, 1, seed=99)
    damage(path)
    with pytest.raises(UserError, match=r"damaged one .*[Mm]ove it away"):
        read_all(path)


def test_a_damaged_row_stops_the_study_that_needs_it(path: Path) -> None:
    study(path, 6)
    DAMAGES["a changed row"](path)
    with pytest.raises(UserError, match="replication 2 of study 1 does not match its checksum"):
        study(path, 6)


@pytest.mark.parametrize("number", [-1, 1002, "'two'"])
def test_a_damaged_row_is_found_even_if_the_study_would_run_it_anew(path: Path, number: int | str) -> None:
    study(path, 6)
    study(path, 1, seed=99)
    change(path, f"UPDATE replication SET number = {number} WHERE number = 2")
    with pytest.raises(UserError, match=rf"replication {str(number).strip(chr(39))} of study 1 does not match"):
        study(path, 3)
    with pytest.raises(UserError, match="does not match its checksum"):
        read_all(path)
    assert len(study(path, 2, seed=99).outcomes) == 2  # another study


def test_a_database_of_somebody_else_is_left_alone(path: Path) -> None:
    change(path, "CREATE TABLE recipes (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(UserError, match="SQLite file of something else"):
        Journal(path)
    assert path.read_bytes() == before
    assert not looks_like_a_journal(path)


def test_a_journal_of_a_later_format_is_refused(path: Path) -> None:
    study(path, 1)
    change(path, "PRAGMA user_version = 2")
    with pytest.raises(UserError, match="format 2, and this hasim reads format 1"):
        Journal(path)


def test_places_where_no_journal_can_be_are_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be used: unable to open"):
        Journal(tmp_path / "nowhere" / "journal.sqlite")
    with pytest.raises(UserError, match="this is a directory, expected a file such as"):
        Journal(tmp_path)
    with pytest.raises(UserError, match="there is no such journal"):
        Journal(tmp_path / "missing.sqlite", create=False)


def test_an_empty_file_is_where_a_journal_was_about_to_be(path: Path) -> None:
    path.touch()
    assert looks_like_a_journal(path)
    assert len(study(path, 1).outcomes) == 1
    assert looks_like_a_journal(path)


def test_a_writer_waits_for_another_and_tells_when_it_waited_too_long(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study(path, 1)
    monkeypatch.setattr("hasim.study.journal.file._WAIT_S", 0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(UserError, match="the journal cannot be used: database is locked"):
        study(path, 2)
    other.execute("ROLLBACK")
    other.close()
    assert len(study(path, 2).outcomes) == 2


_BOTH = """
import json, sys
from hasim.scenario import load
from hasim.study import replicate
for name in sys.argv[3:]:
    result = replicate(load(f"{sys.argv[1]}/{name}.yaml"), replications=150, jobs=1, journal=sys.argv[2])
    print(json.dumps(result.to_json()))
"""


@pytest.mark.real
def test_two_processes_on_one_journal_give_what_each_alone_gives(path: Path) -> None:
    names = [NAME, "secondary-ip-best-practice"]
    commands = [
        [sys.executable, "-c", _BOTH, str(SCENARIOS), str(path), *order] for order in (names, reversed(names), names)
    ]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    outputs = [process.communicate(timeout=60)[0].splitlines() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert outputs[0] == outputs[2] == list(reversed(outputs[1]))
    assert outputs[0] == [json.dumps(replicate(shipped(name), replications=150).to_json()) for name in names]
    assert counts(path) == [150, 150]
