"""hasim in notebooks and scripts: load, run, explain, vary."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hasim
from hasim.report.charts.gallery import CHART_NAMES
from hasim.scenario import ScenarioError
from hasim.scenario.changes import parse_assignment
from tests.unit.scenario_texts import BASE

CRASH = BASE + "faults:\n  - {name: first, kind: crash, target: a, at: 100s, duration: 60s}\nvrrp: {advert_int: 1s}\n"


@pytest.fixture
def study() -> hasim.Study:
    return hasim.loads(CRASH + "initial_master: a\n", "pair.yaml")


def test_the_package_tells_one_version() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    assert hasim.__version__ == project["project"]["version"]


def test_everything_that_is_promised_can_be_imported() -> None:
    assert all(hasattr(hasim, name) for name in hasim.__all__)
    assert set(hasim.__all__) <= set(dir(hasim))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        hasim.nothing  # noqa: B018  # the access itself is what is tested


def test_a_study_runs_and_explains_its_scenario(study: hasim.Study) -> None:
    result = study.run(replications=3, jobs=1)
    explanation = study.explain(replication=1)
    assert explanation.outcome == result.outcomes[1]
    assert explanation.outages[0].cause == "crash"
    assert str(explanation).startswith(f"{study.scenario.name}: seed 1, replication 1")


def test_a_number_from_a_frame_is_the_replication_that_it_says(study: hasim.Study) -> None:
    frame = study.run(replications=3, jobs=1).outages_frame()
    row: Any = frame.loc[2, ["replication", "duration_ns"]].astype(float)
    assert study.explain(replication=row["replication"]).outages[0].duration_ns == row["duration_ns"]
    assert study.explain(replication=2, seed=1.0).trace == study.explain(replication=2, seed=1).trace  # type: ignore[arg-type]
    assert study.run(replications=2.0, seed=1.0, jobs=1.0) == study.run(replications=2, seed=1, jobs=1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "argument"),
    [
        *(("explain", name) for name in ("replication", "seed")),
        *(("run", name) for name in ("replications", "seed", "jobs")),
        *((method, name) for method in ("episodes", "rare") for name in ("seed", "jobs", "most_runs")),
        *(("exact", name) for name in ("seed", "jobs")),
    ],
)
@pytest.mark.parametrize("value", [-1, 0.5, True, "1"])
def test_what_is_no_whole_number_is_refused(study: hasim.Study, method: str, argument: str, value: object) -> None:
    with pytest.raises(hasim.UserError, match=f"{argument} is a whole number from [01], not "):
        getattr(study, method)(**{argument: value})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"heartbeats": "loud"}, "quiet or explicit, not 'loud'"), ({"detail": (5, 1)}, "0 <= start < end")],
)
def test_explaining_refuses_what_cannot_be(study: hasim.Study, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(hasim.UserError, match=message):
        study.explain(**arguments)


def test_a_mistyped_keyword_is_that_of_the_method(study: hasim.Study) -> None:
    changes: dict[str, Any] = {"vrrp.advert_int": ["1s", "2s"]}
    for method, varied in (("compare", {"x": {}}), ("sweep", changes), ("sensitivity", changes), ("advise", changes)):
        with pytest.raises(TypeError, match=rf"Study\.{method}\(\) got an unexpected keyword argument 'replication'"):
            getattr(study, method)(varied, replication=3)


def test_values_of_notebooks_are_those_of_a_file(study: hasim.Study) -> None:
    varied = study.with_({"vrrp.version": np.int64(3), "vrrp.advert_int": timedelta(seconds=2)})
    assert varied.scenario.digest == study.with_(vrrp__version=3, vrrp__advert_int="2s").scenario.digest


def test_progress_is_reported(study: hasim.Study) -> None:
    seen: list[tuple[int, int]] = []
    study.run(replications=2, jobs=1, progress=lambda done, wanted: seen.append((done, wanted)))
    assert seen[-1] == (2, 2)


def test_with_changes_one_value_and_leaves_the_study_as_it_was(study: hasim.Study) -> None:
    varied = study.with_(vrrp__advert_int="2s")
    assert varied.scenario.instance("a").vrrp.advert_int_ns == 2_000_000_000
    assert study.scenario.instance("a").vrrp.advert_int_ns == 1_000_000_000
    assert varied.scenario.digest != study.scenario.digest


def test_a_changed_study_keeps_a_file_that_makes_it_again(study: hasim.Study) -> None:
    varied = study.with_({"instances.b.vrrp.priority": 50, "notify.sleep_before": "3s"})
    again = hasim.loads(varied.scenario.source_text, "pair.yaml")
    assert again.scenario.digest == varied.scenario.digest


@pytest.mark.parametrize("path", ["faults.0.at", "faults[0].at", "faults.first.at"])
def test_list_items_are_found_by_position_and_by_name(study: hasim.Study, path: str) -> None:
    assert study.with_({path: "7s"}).scenario.faults[0].at_ns == 7_000_000_000


def test_missing_sections_are_created(study: hasim.Study) -> None:
    assert study.with_(network__within_zone__loss="1%").scenario.network.within_zone.loss == 0.01


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vrrp.advert_imt": "2s"}, r"pair.yaml with vrrp.advert_imt=2s: vrrp.advert_imt: unknown key; did you mean"),
        ({"vrrp.advert_int": 2}, r"vrrp.advert_int: a duration needs a unit"),
        ({"vrrp.advert_int": None}, r"pair.yaml with vrrp.advert_int=null: vrrp.advert_int: "),
        ({"vrrp.peers": [True, "b"]}, r"pair.yaml with vrrp.peers=\[true, b\]: vrrp.peers\[0\]: "),
        ({"faults.0.at": -1}, r"faults\[0\].at: "),
        ({"faults.4.at": "1s"}, r"faults.4: the list has no item '4'; its items are 0 to 0, also called first"),
        ({"horizon.x": "1s"}, r"horizon.x: what is around it is a single value"),
        ({"vrrp..x": "1s"}, r"expected a path such as vrrp.advert_int, got 'vrrp..x'"),
    ],
)
def test_changes_are_checked_like_a_file(study: hasim.Study, changes: dict[str, object], message: str) -> None:
    with pytest.raises(hasim.UserError, match=message):
        study.with_(changes)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("vrrp.advert_int=100ms", ("vrrp.advert_int", "100ms")),
        ("instances.a.vrrp.priority = 150", ("instances.a.vrrp.priority", 150)),
        ("slo={availability: 99.9%}", ("slo", {"availability": "99.9%"})),
        ("zones=[z1, z2]", ("zones", ["z1", "z2"])),
        ("name=a=b", ("name", "a=b")),
    ],
)
def test_assignments_are_read_as_in_a_file(text: str, found: tuple[str, object]) -> None:
    assert parse_assignment(text) == found


@pytest.mark.parametrize("text", ["vrrp.advert_int", "=3", "a=[1", "a=b: c"])
def test_assignments_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(hasim.UserError):
        parse_assignment(text)


def test_mistakes_in_a_file_name_it_and_the_line() -> None:
    with pytest.raises(ScenarioError, match=r"^pair.yaml:12: vrrp.advert_int"):
        hasim.loads(CRASH.replace("advert_int: 1s", "advert_int: 1parsec"), "pair.yaml")


def test_objects_show_themselves_in_notebooks(study: hasim.Study) -> None:
    assert "10.0.1.100" in study._repr_html_()
    explanation = study.explain()
    assert "outage 1" in explanation._repr_html_()
    assert explanation.timeline(1)._repr_png_().startswith(b"\x89PNG")
    with pytest.raises(IndexError, match="there is no outage 9"):
        explanation.timeline(9)


def test_charts_of_a_study_include_the_timeline_of_its_median_failover(study: hasim.Study, tmp_path: Path) -> None:
    paths = study.run(replications=3, jobs=1).charts(tmp_path / "charts", formats=("svg",))
    assert [path.stem for path in paths] == list(CHART_NAMES)


def test_charts_of_a_study_without_outages_have_no_timeline(tmp_path: Path) -> None:
    quiet = hasim.loads(BASE).run(replications=2, jobs=1)
    assert "timeline" not in [path.stem for path in quiet.charts(tmp_path, formats=("svg",))]
