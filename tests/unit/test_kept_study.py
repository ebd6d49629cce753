"""A study as JSON, as tables, and kept in a directory."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from hasim.errors import UserError
from hasim.measure.model import PHASES
from hasim.scenario.model import Slo
from hasim.study import StudyResult, load_result
from hasim.study.keeping.files import json_text, kept_command
from hasim.study.keeping.scenario_file import scenario_from_json, scenario_to_json
from hasim.units import SECOND
from tests.unit.study_samples import SCENARIOS, outage, result, run, shipped


@pytest.fixture
def study() -> StudyResult:
    phases = (3, 0, 0.5, 0.5, 1, 1, 0, 0)
    return result(
        run(0, outage(10, 6, phases_s=phases), outage(100, 2, "recovered_in_place", "service_failure")),
        run(1),
        run(2, outage(50, 9, "unresolved")),
        slo=Slo(availability=0.999, failover_percentiles={0.99: 5 * SECOND}, longest_outage_ns=8 * SECOND),
    )


def test_the_document_is_json_and_says_its_format(study: StudyResult) -> None:
    document = json.loads(json.dumps(study.to_json(), allow_nan=False))
    assert document == study.to_json()
    assert document["format"] == "hasim.study/1"
    assert document["scenario"] == {"name": study.scenario.name, "digest": study.scenario.digest}
    assert (document["seed"], document["hasim_version"], document["interrupted"]) == (7, "0.1.0", False)
    assert document["summary"]["outages"] == {
        "count": 3, "failover": 1, "recovered_in_place": 1, "first_service": 0, "unresolved": 1,
        "longest_ns": 9 * SECOND,
    }  # fmt: skip
    assert document["summary"]["failover_latency"]["p99_ns"]["high"] is None
    assert [verdict["met"] for verdict in document["slo"]] == [True, False, False]


def test_every_duration_in_the_document_is_whole_nanoseconds(study: StudyResult) -> None:
    checked = []

    def visit(value: object, is_duration: bool) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                named = key.endswith("_ns")
                visit(inner, named or (is_duration and key not in ("confidence", "method", "n")))
        elif isinstance(value, list):
            for inner in value:
                visit(inner, False)
        elif is_duration and value is not None:
            assert type(value) is int
            checked.append(value)

    visit(study.to_json(), False)
    assert len(checked) > 50


def test_the_phases_of_each_outage_are_named(study: StudyResult) -> None:
    first = study.to_json()["replications"][0]["outages"][0]
    assert list(first["phases_ns"]) == list(PHASES)
    assert sum(first["phases_ns"].values()) == first["end_ns"] - first["start_ns"]


def test_a_kept_study_opens_as_it_was(study: StudyResult, tmp_path: Path) -> None:
    files = study.save(tmp_path / "new" / "place", command="hasim run x.yaml")
    assert sorted(path.name for path in files) == sorted(path.name for path in (tmp_path / "new" / "place").iterdir())
    opened = load_result(tmp_path / "new" / "place")
    assert opened == study
    assert opened.to_json() == study.to_json()
    assert (tmp_path / "new" / "place" / "result.json").read_text() == json_text(study.to_json())


def test_what_is_kept_beside_the_result(study: StudyResult, tmp_path: Path) -> None:
    study.save(tmp_path, command="hasim run x.yaml")
    assert (tmp_path / "scenario.yaml").read_text() == study.scenario.source_text
    meta = json.loads((tmp_path / "meta.json").read_text())
    assert (meta["seed"], meta["replications"], meta["command"]) == (7, 3, "hasim run x.yaml")
    assert meta["digest"] == study.scenario.digest
    with (tmp_path / "outages.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["resolution"] for row in rows] == ["failover", "recovered_in_place", "unresolved"]
    assert (rows[0]["detect_ns"], rows[2]["ended_on"], rows[1]["outage"]) == (str(3 * SECOND), "", "2")


def test_keeping_again_replaces_and_leaves_nothing_behind(study: StudyResult, tmp_path: Path) -> None:
    study.save(tmp_path)
    again = replace(study, seed=8)
    again.save(tmp_path)
    assert load_result(tmp_path).seed == 8
    assert len(list(tmp_path.iterdir())) == 7


def test_a_file_that_cannot_be_written_is_told(study: StudyResult, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(UserError, match="cannot be kept"):
        study.save(tmp_path / "taken")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[:-100], "not JSON"),
        (lambda text: text.replace("hasim.study/1", "hasim.study/9"), "format"),
        (lambda text: text.replace('"downtime_ns": 8000000000', '"downtime_ns": 8000000001'), "do not add up"),
        (lambda text: text.replace('"detect": 3000000000', '"detect": 3000000001'), "do not add up"),
        (lambda text: text.replace('"notify_runs"', '"notify_walks"'), "damaged"),
        (
            lambda text: text.replace('"notify_runs": 0', '"notify_runs": []'),
            "notify_runs is .*, expected",
        ),
        (lambda text: text.replace('"start_ns": 10000000000', '"start_ns": 1e10'), "start_ns is .*, expected a whole"),
        (lambda text: text.replace('"dual_master_ns": 0', '"dual_master_ns": -1'), "dual_master_ns is -1, expected"),
        (lambda text: text.replace('"OK": 2', f'"OK": {2**63}'), "OK is 9223372036854775808, expected"),
        (lambda text: text.replace('"cause": "crash"', '"cause": null'), "cause is None, expected text"),
        (lambda text: text.replace('"api_calls": {}', '"api_calls": {"X": []}'), "damaged"),
        (lambda text: text.replace('"resolution": "failover"', '"resolution": "none"'), "ended in 'none'"),
        (lambda text: text.replace('"replication": 1', '"replication": 0'), "a replication twice"),
        (lambda text: text.replace('"horizon_ns": 3', '"horizon_ns": -3'), "horizon_ns is -3.* expected a whole"),
        (lambda text: "[]", "expected a study"),
    ],
)
def test_a_damaged_study_is_refused(study: StudyResult, tmp_path: Path, damage, message: str) -> None:  # type: ignore[no-untyped-def]
    study.save(tmp_path)
    path = tmp_path / "result.json"
    path.write_text(damage(path.read_text()))
    with pytest.raises(UserError, match=message):
        load_result(tmp_path)


def test_a_result_beside_another_scenario_is_refused(study: StudyResult, tmp_path: Path) -> None:
    study.save(tmp_path)
    other = scenario_to_json(shipped("eni-reattach"))
    (tmp_path / "scenario.json").write_text(json.dumps(other))
    with pytest.raises(UserError, match="different scenarios"):
        load_result(tmp_path)


@pytest.mark.parametrize(
    ("kind", "name"), [("episodes", "a study by episodes"), ("sweep", "a sweep"), ("advice", "an advice")]
)
def test_another_answer_is_called_by_its_name(kind: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text(json.dumps({"format": f"hasim.{kind}/1"}))
    with pytest.raises(UserError, match=f"this is no study of replications. It holds {name}"):
        load_result(tmp_path)


def test_the_command_is_kept_beside_a_study(study: StudyResult, tmp_path: Path) -> None:
    assert kept_command(tmp_path) == ""
    study.save(tmp_path, "hasim run pair.yaml -n 3")
    assert kept_command(tmp_path) == "hasim run pair.yaml -n 3"


def test_a_directory_without_a_study_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        load_result(tmp_path)


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_scenario_survives_being_kept(path: Path) -> None:
    scenario = shipped(path.stem)
    assert scenario_from_json(json.loads(json.dumps(scenario_to_json(scenario)))) == scenario


@pytest.mark.parametrize(
    "spoil",
    [
        lambda scenario: scenario.pop("horizon_ns"),
        lambda scenario: scenario.update(horizon_ns="long"),
        lambda scenario: scenario.update(colour="blue"),
        lambda scenario: scenario.update(zones="zone"),
        lambda scenario: scenario["network"]["within_zone"]["jitter"].update(distribution="Scenario"),
        lambda scenario: scenario["subnets"][0].update(cidr="10.0.0.0/99"),
    ],
)
def test_a_damaged_scenario_is_refused(spoil) -> None:  # type: ignore[no-untyped-def]
    document = json.loads(json.dumps(scenario_to_json(shipped())))
    spoil(document["scenario"])
    with pytest.raises(UserError, match="damaged"):
        scenario_from_json(document)


def test_frames_have_a_row_per_outage_replication_and_code(study: StudyResult) -> None:
    outages, replications, calls = study.outages_frame(), study.replications_frame(), study.api_frame()
    assert list(outages["duration_ns"]) == [6 * SECOND, 2 * SECOND, 9 * SECOND]
    assert list(outages["ended_on"]) == ["b", "a", None]
    assert (outages[[f"{phase}_ns" for phase in PHASES]].sum(axis=1) == outages["duration_ns"]).all()
    assert list(replications["outages"]) == [2, 0, 1]
    assert list(replications["longest_outage_ns"]) == [6 * SECOND, 0, 9 * SECOND]
    assert list(replications["api_calls"]) == [2, 0, 1]
    assert calls.to_dict("records") == [{"action": "MigratePrivateIpAddress", "code": "OK", "calls": 3}]


def test_frames_have_the_same_types_without_rows(study: StudyResult) -> None:
    empty = result(run(0))
    assert empty.outages_frame().empty
    assert empty.outages_frame().dtypes.equals(study.outages_frame().dtypes)
    assert empty.api_frame().dtypes.equals(study.api_frame().dtypes)
    assert str(study.outages_frame()["start_ns"].dtype) == "int64"
