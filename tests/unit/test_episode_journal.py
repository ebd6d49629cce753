"""Episodes in a journal: what is finished is never run again, and comes back as it was."""

from __future__ import annotations

import csv
import json
import math
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import MISSING, fields
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hasim.api import load, loads
from hasim.cli.main import app
from hasim.errors import UserError
from hasim.scenario.model import Scenario
from hasim.study import Journal, replicate
from hasim.study.episodes import run_episodes
from hasim.study.episodes.campaign import Campaign, Pilot
from hasim.study.episodes.episode import Episode, EpisodeJob
from hasim.study.episodes.estimation import Stratum
from hasim.study.fingerprint import episodes_fingerprint, model_fingerprint
from hasim.study.interrupts import Interrupted
from hasim.study.journal import FORMAT, opened
from hasim.study.journal.episode_rows import pack_episode, unpack_episode
from hasim.study.rare import run_rare
from hasim.study.workers import Crew
from tests.exact.pairs import crashing_group
from tests.unit.study_samples import outage

PAIR = crashing_group("{exponential: {mean: 1000h}}", "{exponential: {mean: 1h}}")
FEW = Pilot(alone=17, single=0, apart=3, together=2)
RUNS = 2 * (17 + 2 * 3 + 2 * 2)
"""Runs of the world for so few episodes of the two clocks of the pair."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the episodes that have really been run."""
    numbers: list[int] = []
    run = EpisodeJob.run

    def count(job: EpisodeJob, number: int, /) -> Episode:
        numbers.append(number)
        return run(job, number)

    monkeypatch.setattr(EpisodeJob, "run", count)
    return numbers


def pair() -> Scenario:
    return loads(PAIR).scenario


def few(
    journal: Path | None,
    scenario: Scenario | None = None,
    *,
    seed: int = 1,
    depths: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> dict[Stratum, list[Episode]]:
    """The episodes of a small pilot."""
    campaign = Campaign(scenario or pair(), seed=seed, pilot=FEW, depths=depths, progress=progress)
    with Crew(1) as crew, opened(journal) as kept:
        campaign.run(crew, lambda _cycles: [], 0.5, 1, kept)
    return campaign.episodes


def counts(path: Path) -> list[int]:
    with Journal(path, create=False) as journal:
        return [journal.count(study) for study in journal.studies()]


def change(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_finished_study_opened_again_runs_no_episode(path: Path, ran: list[int]) -> None:
    first = few(path)
    assert counts(path) == [len(ran)]
    ran.clear()
    assert few(path) == first
    assert ran == []


def test_every_episode_is_in_the_journal_before_it_is_counted(path: Path) -> None:
    seen: list[tuple[int, int]] = []
    few(path, progress=lambda runs, _wanted: seen.append((runs, sum(counts(path)))))
    assert seen[-1] == (RUNS, 2 * (17 + 3 + 2))
    assert all(kept <= runs <= 2 * kept for runs, kept in seen)


def test_ctrl_c_says_how_much_is_kept_and_the_next_study_runs_the_rest(path: Path, ran: list[int]) -> None:
    def interrupt(runs: int, _wanted: int) -> None:
        if runs >= 20:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as stopped:
        few(path, progress=interrupt)
    assert counts(path) == [stopped.value.kept] == [len(ran)]
    begun: list[int] = []
    assert few(path, progress=lambda runs, _wanted: begun.append(runs)) == few(None)
    assert begun[0] >= 20
    assert len(ran) == 2 * sum(counts(path))


def test_ctrl_c_without_a_journal_is_nothing_but_that() -> None:
    def interrupt(_runs: int, _wanted: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as stopped:
        few(None, progress=interrupt)
    assert not isinstance(stopped.value, Interrupted)


def test_other_seeds_scenarios_depths_and_years_stand_beside_each_other(path: Path) -> None:
    slow = loads(PAIR.replace("advert_int: 100ms", "advert_int: 1s")).scenario
    found = [few(path), few(path, seed=2), few(path, slow), few(path, depths=2)]
    years = replicate(pair(), replications=3, jobs=1, journal=path)
    assert found == [few(None), few(None, seed=2), few(None, slow), few(None, depths=2)]
    assert years == replicate(pair(), replications=3, jobs=1)
    assert found == [few(path), few(path, seed=2), few(path, slow), few(path, depths=2)]
    assert counts(path) == [44, 44, 44, 54, 3]
    with Journal(path) as journal:
        assert [study.by_episodes for study in journal.studies()] == [True, True, True, True, False]


def test_what_another_model_ran_is_not_used(path: Path, ran: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as before:
        before.setattr("hasim.study.journal.studies.episodes_fingerprint", lambda: "the episodes of yesterday")
        few(path)
    few(path)
    assert counts(path) == [44, 44]
    assert len(ran) == 88
    with Journal(path) as journal:
        assert [study.is_current for study in journal.studies()] == [False, True]
    assert episodes_fingerprint() != model_fingerprint()


def test_an_episode_is_what_it_was() -> None:
    outages = (outage(1.5, 2.25), outage(9, 1, "unresolved"))
    episode = Episode(7, math.nextafter(1e-17, 1), "b", 5, (0, 3, 1), outages, 1, 2, 3, stuck=True)
    assert all(getattr(episode, item.name) != item.default for item in fields(Episode) if item.default is not MISSING)
    assert unpack_episode(pack_episode(episode), 7) == episode
    for row in (b"no row", pack_episode(episode)[:-4]):
        with pytest.raises(ValueError, match=r"."):
            unpack_episode(row, 7)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("kept") / "journal.sqlite"
    few(path)
    few(path, seed=2)
    return path


@pytest.fixture
def two(kept: Path, path: Path) -> Path:
    """A journal with two studies by episodes, to be damaged."""
    shutil.copy(kept, path)
    return path


def read_all(path: Path) -> list[Episode]:
    with Journal(path, create=False) as journal:
        return [episode for study in journal.studies() for _, episode in journal.episodes_of(study)]


DAMAGES = {
    "a changed row": "UPDATE episode SET outcome = outcome || x'00' WHERE number = 2",
    "a row of another number": "UPDATE episode SET number = 900 WHERE number = 2",
    "a row of another stratum": "UPDATE episode SET stratum = stratum + 1 WHERE stratum = 0 AND number > 5",
    "a row of another study": "REPLACE INTO episode SELECT 2, stratum, number, outcome, checksum FROM episode LIMIT 9",
    "a stratum of another fault": "UPDATE stratum SET begun_by = 'flood'",
    "a stratum that is away": "DELETE FROM stratum WHERE number = 0",
    "another depth": "UPDATE study SET heartbeats = 'episodes to depth 2'",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damage_is_reported_and_what_is_damaged_is_not_used(two: Path, damage: str) -> None:
    assert len(read_all(two)) == 88
    change(two, damage)
    with pytest.raises(UserError, match=r"damaged one .*[Mm]ove it away"):
        read_all(two)


def test_a_damaged_episode_stops_the_study_that_needs_it(two: Path) -> None:
    change(two, DAMAGES["a changed row"])
    with pytest.raises(UserError, match="episode 2 of stratum 0 of study 1 does not match its checksum"):
        few(two)


def test_a_damaged_episode_is_found_even_if_the_study_would_run_it_anew(two: Path, ran: list[int]) -> None:
    change(two, "UPDATE episode SET number = 1002 WHERE number = 2 AND stratum = 0 AND study = 1")
    with pytest.raises(UserError, match="episode 1002 of stratum 0 of study 1 does not match its checksum"):
        few(two)
    few(two, seed=2)  # another study
    assert ran == []


def test_a_journal_from_before_there_were_episodes_goes_on_and_stays_one(path: Path) -> None:
    def tables() -> list[str]:
        connection = sqlite3.connect(path)
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        assert connection.execute("PRAGMA user_version").fetchone() == (FORMAT,) == (1,)
        connection.close()
        return [name for (name,) in found]

    years = replicate(pair(), replications=2, jobs=1, journal=path)
    assert tables() == ["replication", "study"]
    with Journal(path) as journal:
        assert not journal.studies()[0].by_episodes
    assert few(path) == few(path)
    assert tables() == ["episode", "replication", "stratum", "study"]
    assert replicate(pair(), replications=2, jobs=1, journal=path) == years
    assert counts(path) == [2, 44]


_STOP_AND_GO_ON = """
import os, random, signal, sqlite3, sys, time
from pathlib import Path
from hasim.api import load
from hasim.cli.main import app
from hasim.study import rare, workers
from hasim.study.episodes.fitness import first_masters

def finished():
    try:
        connection = sqlite3.connect(journal.as_uri() + "?mode=ro", uri=True)
        count = connection.execute("SELECT count(*) FROM episode").fetchone()[0]
        connection.close()
        return count
    except sqlite3.OperationalError:  # it has not got so far
        return 0

def start():
    child = os.fork()
    if child == 0:
        app(command, prog_name="hasim")
        os._exit(0)
    return child

workers._CHUNK_S = 0.002  # many small commits, or a fast machine would be done before the last kill
command = sys.argv[1:]
journal = Path(command[-1])
moments = random.Random(20241124)
workers._import_everything()  # so that the children need not
first_masters(load(command[1]).scenario)
for stop in (signal.SIGKILL, signal.SIGKILL, signal.SIGKILL, signal.SIGINT, None):
    enough = finished() + moments.randint(5, 30)
    child = start()
    while stop and finished() < enough:
        time.sleep(0.002)
    if stop:
        os.kill(child, stop)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), finished(), file=sys.stderr, flush=True)
"""


@pytest.mark.real
def test_stopped_at_random_moments_and_resumed_it_prints_the_same_bytes(
    tmp_path: Path, path: Path, ran: list[int]
) -> None:
    scenario = tmp_path / "pair.yaml"
    scenario.write_text(PAIR, encoding="utf-8")
    command = ["run", str(scenario), "--method", "rare", "--precision", "60%", "--json", "--jobs", "1"]
    done = subprocess.run(
        [sys.executable, "-c", _STOP_AND_GO_ON, *command, "--journal", str(path)],
        check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    *lines, said, interrupted, last = done.stderr.splitlines()
    kept = [int(line.split()[1]) for line in (*lines, interrupted, last)]
    assert [line.split()[0] for line in (*lines, interrupted, last)] == ["-9", "-9", "-9", "130", "0"]
    assert 0 < kept[0] < kept[1] < kept[2] < kept[3] < kept[4]
    assert said == f"hasim: interrupted: {kept[3]} episodes are kept in {path}; the same command goes on from there"
    undisturbed = run_rare(load(scenario).scenario, precision=0.6, jobs=1)
    assert done.stdout == json.dumps(undisturbed.to_json(), indent=1, ensure_ascii=False) + "\n"
    assert len(ran) == kept[-1]
    assert hasim(*command, "--journal", path).stdout == done.stdout
    assert len(ran) == kept[-1]


def hasim(*arguments: str | Path, status: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == status, result.stderr
    return result


@pytest.fixture
def mixed(path: Path) -> Path:
    """A journal with a study by episodes and one of replications."""
    few(path)
    replicate(pair(), replications=2, jobs=1, journal=path)
    return path


def test_a_study_by_episodes_is_listed_with_its_episodes(mixed: Path) -> None:
    listed = [" ".join(line.split()) for line in hasim("journal", mixed).stdout.splitlines()]
    assert any("episodes to depth 1 44 episodes" in line for line in listed)
    assert any("quiet 100 d 2 replications" in line for line in listed)
    first, second = json.loads(hasim("journal", mixed, "--json").stdout)["studies"]
    assert (first["episodes"], second["replications"]) == (44, 2)
    assert first["is_current"]


def test_its_episodes_are_a_table(mixed: Path, tmp_path: Path) -> None:
    table = tmp_path / "episodes.csv"
    said = hasim("journal", mixed, "--export", table, "--table", "episodes").stderr
    assert "without study 2: of replications (--table outages, replications or api)" in said
    with table.open() as stream:
        rows = list(csv.DictReader(stream))
    episodes = [(stratum, episode) for stratum, found in few(None).items() for episode in found]
    assert [(row["master_before"], row["depth"], row["together"], row["episode"], row["weight"]) for row in rows] == [
        (stratum.master, str(stratum.depth), str(int(stratum.together)), str(episode.number), str(episode.weight))
        for stratum, episode in episodes
    ]
    assert [int(row["downtime_ns"]) for row in rows] == [sum(episode.downtime_ns) for _, episode in episodes]


def test_a_table_that_a_study_does_not_have_is_refused(mixed: Path, tmp_path: Path) -> None:
    table = tmp_path / "outages.csv"
    assert "without study 1: of episodes (--table episodes)" in hasim("journal", mixed, "--export", table).stderr
    refused = hasim("journal", mixed, "--study", "1", "--export", table, status=2).stderr
    assert "study 1 holds episodes, without a table outages; expected --table episodes" in refused


def test_clocks_with_a_memory_that_do_not_fit_are_refused_after_a_few_episodes(ran: list[int]) -> None:
    scenario = loads(crashing_group("{weibull: {shape: 3, scale: 10h}}", "1h")).scenario
    with pytest.raises(UserError, match="faults are not separate"):
        run_episodes(scenario, jobs=1)
    assert len(ran) == 2 * 68


@pytest.mark.parametrize("has_journal", [False, True], ids=["without a journal", "with a journal"])
def test_clocks_with_a_memory_that_fit_have_no_episode_run_twice(path: Path, ran: list[int], has_journal: bool) -> None:
    scenario = loads(crashing_group("{weibull: {shape: 3, scale: 1000h}}", "{exponential: {mean: 1h}}")).scenario
    found = few(path if has_journal else None, scenario)
    assert len(ran) == sum(map(len, found.values())) == 44
    assert all([episode.number for episode in rows] == list(range(len(rows))) for rows in found.values())
