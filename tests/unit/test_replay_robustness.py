"""Whatever a file of trials holds: a report, or one clear message. Never a traceback, and no key goes unnoticed."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hasim.errors import UserError
from hasim.study.replay.recording import load_recording
from hasim.study.replay.report import ReplayReport, replay

CONFIG: dict[str, Any] = {"n": 2, "version": 2, "adv": 1, "prio": [150, 100, 50], "fault": "silent"}
TRIAL: dict[str, Any] = {
    "trial": 0,
    "target": 1,
    "master_before": 1,
    "phase": 0.4,
    "inject_s": 0.01,
    "t_heal": 6.0,
    "t_end": 8.0,
    "states": [[-2.4, 1, "MASTER"], [3.211, 2, "MASTER"], [6.215, 2, "BACKUP"]],
    "notify": [[3.22, 2, "MASTER"], [6.22, 2, "BACKUP"], [6.23, 1, "MASTER_RX_LOWER_PRI"]],
    "adverts": [[-0.4, 1, 150], [3.211, 2, 100], [4.221, 2, 100], [6.22, 1, 150]],
    "garps": [[3.212, 2]],
    "prio0": [],
    "proc": [[6.0, 1, "exec"]],
}
FAULTS = (
    "kill9",
    "kill9_parent",
    "kill9_child",
    "term",
    "hup",
    "silent",
    "carrier",
    "node_down",
    "script",
    "script_hang",
    "freeze",
    "freeze_drop",
    "asym_m2b",
    "asym_b2m",
)
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(["", "x", "true", "0", "nan", -1, 0, 1e300, 3.5, 1000, [], {}, [1], [[1]], [[1, 2, 3]]]),
)
SETTINGS: dict[str, st.SearchStrategy[Any]] = {
    "n": st.integers(1, 3),
    "version": st.sampled_from([2, 3]),
    "adv": st.sampled_from([0.015, 0.1, 1, 1.5, 2, [1, 2, 1], [0.1, 0.1, 0.2]]),
    "prio": st.permutations([1, 50, 100, 150, 254, 255]),
    "state": st.sampled_from(["MASTER", "BACKUP", ["MASTER", "BACKUP", "BACKUP"]]),
    "unicast": st.booleans(),
    "fault": st.sampled_from([*FAULTS, None]),
    "kind": st.sampled_from([None, "observe", "startup", "notifykill"]),
    "loss": st.sampled_from([0, 0.3, 1]),
    "sig": st.sampled_from(["SIGTERM", "SIGKILL"]),
    "which": st.sampled_from(["all", "child", "parent"]),
    "starts": st.sampled_from([[[1, 0]], [[2, 0], [1, 0.5]], [[1, 0], [1, 2]]]),
    "track": st.fixed_dictionaries(
        {},
        optional={
            "interval": st.sampled_from([1, 3]),
            "timeout": st.sampled_from([0.5, 1]),
            "rise": st.integers(1, 3),
            "fall": st.integers(1, 3),
            "weight": st.sampled_from([-60, -20, 0, 20, 60]),
            "init_fail": st.booleans(),
        },
    ),
    "pre_flag": st.booleans(),
    "unflag_at": st.sampled_from([0.5, 6]),
    "nopreempt": st.booleans(),
    "preempt_delay": st.sampled_from([0, 2, 5]),
    "vrrp_startup_delay": st.sampled_from([0, 2]),
    "down_timer_adverts": st.integers(1, 5),
    "vrrp_higher_prio_send_advert": st.sampled_from(["true", "false", True]),
    "vrrp_lower_prio_no_advert": st.sampled_from(["true", "false"]),
    "garp_master_refresh": st.sampled_from([0, 1]),
    "vrrp_garp_master_repeat": st.integers(1, 9),
    "garp_lower_prio_repeat": st.integers(0, 5),
    "hold": st.just(5),
    "slow_notify": st.just(3),
    "ping": st.just(True),
}


def replayed(tmp_path: Path, config: dict[str, Any], trial: dict[str, Any]) -> ReplayReport:
    path = tmp_path / "trials.json"
    path.write_text(json.dumps({"meta": {}, "groups": {"g": {"config": config, "trials": [trial]}}}))
    return replay(load_recording(path))


def answer(tmp_path: Path, config: dict[str, Any], trial: dict[str, Any]) -> str:
    """How the group was decided, or that the file was refused with a message that names the place."""
    try:
        return replayed(tmp_path, config, trial).groups[0].decided
    except UserError as error:
        return "refused" if "groups.g" in str(error) else str(error)


ONE_DIRECTORY = [HealthCheck.function_scoped_fixture]


@settings(max_examples=40, suppress_health_check=ONE_DIRECTORY)
@given(extra=st.fixed_dictionaries({}, optional=SETTINGS))
def test_every_documented_key_and_combination_is_replayed(tmp_path: Path, extra: dict[str, Any]) -> None:
    config = CONFIG | extra
    trial = TRIAL | {"target": min(TRIAL["target"], config["n"])}
    for key in ("states", "notify", "adverts", "garps", "proc"):
        trial[key] = [event for event in trial[key] if event[1] <= config["n"]]
    group = replayed(tmp_path, config, trial).groups[0]
    if config["fault"] is None and config.get("kind") is None:
        assert "unknown fault" in group.problem
    else:
        assert group.problem == ""
        assert group.decided in ("trial", "race")
    assert group.unused == ()


@settings(max_examples=80, suppress_health_check=ONE_DIRECTORY)
@given(data=st.data())
def test_odd_values_give_a_report_or_one_message(tmp_path: Path, data: st.DataObject) -> None:
    config, trial = deepcopy(CONFIG), deepcopy(TRIAL)
    part, known = data.draw(
        st.sampled_from([(config, [*SETTINGS]), (trial, [*TRIAL, "starts", "t_unflag", "duration"])])
    )
    key = data.draw(st.sampled_from(known))
    if key == "track" and data.draw(st.booleans()):
        part[key] = {data.draw(st.sampled_from(["interval", "timeout", "rise", "fall", "weight"])): data.draw(ODD)}
    else:
        part[key] = data.draw(ODD)
    assert answer(tmp_path, config, trial) in ("trial", "race", "none", "refused")


@pytest.mark.parametrize("key", ["vrrp_strict", "advert_interval", "Nopreempt"])
def test_a_key_that_is_not_known_is_reported(tmp_path: Path, key: str) -> None:
    assert replayed(tmp_path, CONFIG | {key: 1}, TRIAL).groups[0].unused == (key,)


def test_a_device_that_never_ends_is_not_read() -> None:
    with pytest.raises(UserError, match="/dev/zero: this is not a regular file"):
        load_recording("/dev/zero")
