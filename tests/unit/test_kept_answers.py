"""Sweeps, sensitivities, advice and studies by episodes that are kept in a directory open as they were, and
``hasim report DIRECTORY`` writes the page that ``--report`` would have written."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import hasim
from hasim.cli.main import app
from hasim.errors import UserError
from hasim.study.advise import Advice
from hasim.study.answer import Answer
from hasim.study.episodes import EpisodesResult
from hasim.study.episodes.losses import Silence
from hasim.study.keeping.anything import Kept
from hasim.study.sensitivity import Sensitivity
from hasim.study.sweep import Sweep
from tests.exact.pairs import bare_pair, crashing_group
from tests.unit.scenario_texts import BASE

pytestmark = [pytest.mark.usefixtures("short_pilot"), pytest.mark.xdist_group("kept answers")]

CRASH = BASE + "\ninitial_master: a\nfaults: [{kind: crash, target: a, at: 100s}]\nreplications: 3\n"
COMMAND = "hasim sweep pair.yaml --out 'some where'"
ROUNDED = ["1s", "1.2s", "2s"]
"""VRRPv2 rounds the second to the first."""


@pytest.fixture(scope="module")
def study() -> hasim.Study:
    return hasim.loads(CRASH, "crash.yaml")


@pytest.fixture(scope="module")
def sweep(study: hasim.Study) -> Sweep:
    return study.sweep({"vrrp.advert_int": ROUNDED, "notify.start_up": "50ms..1s:2"}, jobs=1)


@pytest.fixture(scope="module")
def sensitivity(study: hasim.Study) -> Sensitivity:
    return study.sensitivity({"vrrp.advert_int": ["1.2s", "2s"], "notify.start_up": "50ms..1s"}, jobs=1)


@pytest.fixture(scope="module")
def advice(study: hasim.Study) -> Advice:
    asked = study.with_({"slo.failover.p50": "8s", "slo.longest_outage": "60s"})
    return asked.advise({"vrrp.advert_int": ["2s", "1s"], "floating.mechanism": ["eni", "secondary_ip"]}, jobs=1)


@pytest.fixture(scope="module")
def episodes(short_pilot: None) -> EpisodesResult:
    text = crashing_group("{exponential: {mean: 10d}}", "{exponential: {mean: 10min}}")
    return hasim.loads(text, "pair.yaml").episodes(precision=0.6, jobs=1)


@pytest.fixture(params=["sweep", "sensitivity", "advice", "episodes"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Kept, Path]:
    """An answer of each kind, and the directory in which it is kept."""
    answer: Kept = request.getfixturevalue(request.param)
    answer.save(tmp_path / "kept", COMMAND)
    return answer, tmp_path / "kept"


def hasim_command(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="hasim")


def lines_file(home: Path) -> Path:
    return next(home.glob("*.jsonl.gz"))


def edit_lines(home: Path, edit: Callable[[list[Any]], object]) -> None:
    """Change the values of the lines in the compressed file, which gets a checksum that fits."""
    path = lines_file(home)
    values = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    edit(values)
    path.write_bytes(gzip.compress("".join(f"{json.dumps(value)}\n" for value in values).encode()))


def edit_result(home: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads((home / "result.json").read_text(encoding="utf-8"))
    edit(document)
    (home / "result.json").write_text(json.dumps(document), encoding="utf-8")


def test_what_is_kept_opens_as_it_was(kept: tuple[Kept, Path]) -> None:
    answer, home = kept
    opened = hasim.load_kept(home)
    assert type(opened) is type(answer)
    assert opened.to_json() == answer.to_json()
    if not isinstance(answer, EpisodesResult):
        assert opened == answer


def test_a_report_of_what_is_kept_has_the_same_bytes(kept: tuple[Kept, Path], tmp_path: Path) -> None:
    answer, home = kept
    answer.write_report(tmp_path / "at-once.html", COMMAND)
    made = hasim_command("report", home, "-o", tmp_path / "later.html")
    assert made.exit_code == 0, made.output
    assert (tmp_path / "later.html").read_bytes() == (tmp_path / "at-once.html").read_bytes()


def test_keeping_again_leaves_the_same_bytes(kept: tuple[Kept, Path], tmp_path: Path) -> None:
    answer, home = kept
    files = answer.save(tmp_path / "again", COMMAND)
    assert sorted(path.name for path in files) == sorted(path.name for path in home.iterdir())
    for path in files:
        assert path.read_bytes() == (home / path.name).read_bytes()
    assert lines_file(home).read_bytes()[4:8] == bytes(4)  # where gzip would note the time


def test_the_command_that_kept_it_is_the_one_that_is_told(tmp_path: Path) -> None:
    scenario, out = tmp_path / "crash.yaml", tmp_path / "out"
    scenario.write_text(CRASH, encoding="utf-8")
    how = ("-j", 1, "--no-charts", "--out", out, "--report", tmp_path / "at-once.html")
    assert hasim_command("sweep", scenario, "--vary", "notify.tries=3,9", *how).exit_code == 0
    assert hasim_command("report", out, "-o", tmp_path / "later.html").exit_code == 0
    assert (tmp_path / "later.html").read_bytes() == (tmp_path / "at-once.html").read_bytes()
    assert hasim_command("run", scenario, "-j", 1, "--no-charts", "--out", out).exit_code in (0, 99)
    assert not (out / "studies.jsonl.gz").exists()


@pytest.mark.parametrize(
    ("faults", "network"),
    [
        ("[{kind: crash, target: a, time_to_failure: {weibull: {shape: 1.2, scale: 9d}}, duration: 10min}]", ""),
        (
            "[{kind: crash, target: a, time_to_failure: {exponential: {mean: 9d}}, duration: 10min}]",
            'network: {within_zone: {latency: "0", jitter: "0", loss: 0.5%}}',
        ),
    ],
    ids=["clocks with a memory", "lost adverts"],
)
def test_studies_by_episodes_of_every_kind_open_as_they_were(
    faults: str, network: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hasim.study import episodes

    monkeypatch.setattr(episodes, "PILOT", episodes.PILOT._replace(alone=2, apart=2, together=2))
    text = bare_pair(faults, horizon="90d").replace('network: {within_zone: {latency: "0", jitter: "0"}}', network)
    result = hasim.loads(text, "pair.yaml").episodes(precision=0.9, most_runs=1, jobs=1)
    result.save(tmp_path)
    opened = hasim.load_kept(tmp_path)
    assert isinstance(opened, EpisodesResult)
    assert opened.clocks == result.clocks
    assert any(isinstance(clock, Silence) for clock in result.clocks) == ("loss" in network)
    assert opened.cycles.episodes == result.cycles.episodes
    assert list(opened.cycles.episodes) == list(result.cycles.episodes)
    assert opened.to_json() == result.to_json()


@pytest.mark.parametrize(
    "varied",
    [
        {"notify.start_up": "100ms..10s:3:linear", "notify.tries": "2..9:2"},
        {"floating.mechanism": ["eni", "secondary_ip"], "network.within_zone.loss": "0%..2%:2"},
        {"notify.start_up": [{"uniform": {"low": "1s", "high": "2s"}}, "3s"]},
    ],
)
@pytest.mark.parametrize("hypercube", [None, 3])
def test_sweeps_over_values_of_every_kind_open_as_they_were(
    study: hasim.Study, varied: dict[str, Any], hypercube: int | None, tmp_path: Path
) -> None:
    sweep = study.sweep(varied, hypercube=hypercube, metrics="outages_per_run", replications=1, jobs=1)
    sweep.save(tmp_path)
    assert hasim.load_kept(tmp_path) == sweep


def test_points_that_are_the_same_scenario_are_kept_once(sweep: Sweep, tmp_path: Path) -> None:
    sweep.save(tmp_path)
    values = [json.loads(line) for line in gzip.decompress(lines_file(tmp_path).read_bytes()).splitlines()]
    entries = [value for value in values if isinstance(value, dict)][1:]
    assert [entry["same_as"] for entry in entries] == [None, None, 0, 1, None, None]
    assert len([value for value in values if isinstance(value, list)]) == 4 * sweep.replications


def test_a_kept_answer_says_by_its_exit_status_what_it_came_to(
    study: hasim.Study, sweep: Sweep, episodes: EpisodesResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Path] = []
    for kind in (Answer, EpisodesResult):
        monkeypatch.setattr(kind, "write_report", lambda _, path, __: written.append(path))
    stopped = replace(sweep, results=tuple(replace(one, interrupted=True) for one in sweep.results))
    hopeless = study.with_({"slo.failover.p50": "10ms"}).advise({"vrrp.advert_int": ["2s", "1s"]}, jobs=1)
    wanted = replace(episodes.scenario, slo=replace(episodes.scenario.slo, availability=0.999999))
    missed = replace(episodes, scenario=wanted)
    for name, answer, status in (("sweep", stopped, 130), ("advice", hopeless, 99), ("pair", missed, 99)):
        answer.save(tmp_path / name)
        made = hasim_command("report", tmp_path / name)
        assert made.exit_code == status, made.output
    assert written == [Path("sweep.html"), Path("advice.html"), Path("pair.html")]


def _cut(home: Path) -> None:
    path = lines_file(home)
    path.write_bytes(path.read_bytes()[:-20])


def _flip(home: Path) -> None:
    path = lines_file(home)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def _first_row(values: list[Any]) -> list[Any]:
    return next(value for value in values if isinstance(value, list))


def _lengthen_outage(values: list[Any]) -> None:
    row = next(value for value in values if isinstance(value, list) and value[-1])
    row[-1][0][1] += 1


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda home: lines_file(home).unlink(), "there is no such file"),
        (lambda home: lines_file(home).write_text("no gzip"), "the file is damaged"),
        (_cut, "the file is damaged"),
        (_flip, "the file is damaged"),
        (lambda home: edit_lines(home, list.clear), "it ends too early"),
        (lambda home: edit_lines(home, list.pop), "it ends too early"),
        (lambda home: edit_lines(home, lambda values: values.append([])), "it goes on where it should end"),
        (lambda home: edit_lines(home, lambda values: values[0].update(format="x/2")), "expected the format hasim"),
        (lambda home: edit_lines(home, _lengthen_outage), "do not add up"),
        (lambda home: edit_lines(home, lambda values: _first_row(values).pop()), "the file is damaged"),
        (lambda home: edit_result(home, dict.clear), "there is no 'format'|got none"),
        (lambda home: edit_result(home, lambda document: document.pop("seed")), "is damaged: 'seed'"),
        (lambda home: edit_result(home, lambda document: document.update(format="hasim.walk/1")), "got hasim.walk"),
        (lambda home: (home / "result.json").write_text("{"), "this is not JSON"),
        (lambda home: (home / "result.json").unlink(), "there is no such file"),
    ],
)
def test_damage_is_one_message_that_names_the_file(
    kept: tuple[Kept, Path], damage: Callable[[Path], object], message: str
) -> None:
    _, home = kept
    damage(home)
    with pytest.raises(UserError, match=message) as caught:
        hasim.load_kept(home)
    assert str(caught.value).startswith(str(home))
    assert "\n" not in str(caught.value)


def _raise_digest(entry: dict[str, Any], *path: str | int) -> None:
    inner: Any = entry
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = "0" * 64


_OTHER_DIGEST: dict[str, tuple[str | int, ...]] = {
    "Sweep": ("points", 1, "digest"),
    "Sensitivity": ("parameters", 0, "digests", 1),
    "Advice": ("candidates", 1, "digest"),
    "EpisodesResult": ("scenario", "digest"),
}


def test_files_that_do_not_belong_together_are_refused(kept: tuple[Kept, Path]) -> None:
    answer, home = kept
    edit_result(home, lambda document: _raise_digest(document, *_OTHER_DIGEST[type(answer).__name__]))
    with pytest.raises(UserError, match=r"do not belong together|belong to different scenarios") as caught:
        hasim.load_kept(home)
    assert str(caught.value).startswith(str(home))
    assert str(caught.value).endswith(f"run the command that made it again: {COMMAND}")


def _other_points(document: dict[str, Any]) -> None:
    document["points"][0]["values"]["vrrp.advert_int"] = "2s"


def _other_order(document: dict[str, Any]) -> None:
    for key in ("values", "numbers"):
        parts = [point[key] for point in document["points"]]
        document["points"][0][key], document["points"][1][key] = parts[1], parts[0]


def _other_verdict(document: dict[str, Any]) -> None:
    verdict = document["candidates"][0]["slo"][0]
    verdict["met"] = not verdict["met"]


def _first(what: str, **changes: Any) -> Callable[[dict[str, Any]], None]:
    """What changes the first of a list in the document."""
    return lambda document: document[what][0].update(changes)


def _whole(**changes: Any) -> Callable[[dict[str, Any]], None]:
    """What changes the document."""
    return lambda document: document.update(changes)


_CONTRADICTIONS = [
    ("sweep", _whole(seed=99), "do not belong together"),
    ("sensitivity", _whole(seed=99), "do not belong together"),
    ("advice", _whole(seed=99), "do not belong together"),
    ("episodes", _whole(episodes=1), "episodes in place of 1"),
    ("sweep", _whole(replications=2), "not every point has 2 replications"),
    ("sensitivity", _whole(replications=2), "not every end has 2 replications"),
    ("sweep", _other_points, "the values and the numbers of the point"),
    ("sweep", _other_order, "not all combinations of its values"),
    ("sweep", _whole(best={}), "it has no metrics"),
    ("sweep", _whole(best={"weather": None}), "unknown metric 'weather'"),
    ("sweep", _first("parameters", unit="ell"), "has the unit 'ell'"),
    ("sensitivity", _first("parameters", kind="x"), "is of the kind 'x'"),
    ("advice", _first("candidates", ranks=[7, 0]), "an option that there is not"),
    ("advice", _first("candidates", replications=7), "has not 7 replications"),
    ("advice", _whole(looks=[]), "nobody has looked at them"),
    ("advice", _whole(digest="0"), "belong to different scenarios"),
    ("advice", _other_verdict, "do not follow from its replications"),
]


@pytest.mark.parametrize(("kind", "edit", "message"), _CONTRADICTIONS, ids=[case[2] for case in _CONTRADICTIONS])
def test_a_result_that_contradicts_itself_is_refused(
    kind: str, edit: Callable[[dict[str, Any]], object], message: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    request.getfixturevalue(kind).save(tmp_path)
    edit_result(tmp_path, edit)
    with pytest.raises(UserError, match=message) as caught:
        hasim.load_kept(tmp_path)
    assert str(caught.value).startswith(str(tmp_path))


def test_what_an_older_hasim_kept_says_what_to_do(kept: tuple[Kept, Path], tmp_path: Path) -> None:
    _, home = kept
    lines_file(home).unlink()
    refused = hasim_command("report", home, "-o", tmp_path / "x.html")
    assert refused.exit_code == 2
    assert "an older hasim did not keep that" in refused.stderr
    assert refused.stderr.rstrip().endswith(f"run the command that made it again: {COMMAND}")
    assert not (tmp_path / "x.html").exists()
