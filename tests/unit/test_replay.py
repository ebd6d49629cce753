"""Replay of hand-written trials whose outcome the arithmetic of VRRP gives, and of files that are no trials."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hasim.errors import UserError
from hasim.report.replay import replay_tables
from hasim.study.replay.recording import load_recording
from hasim.study.replay.report import GroupReport, replay

CONFIG = {"n": 2, "version": 2, "adv": 1, "prio": [150, 100], "fault": "kill9"}
CRASH: dict[str, Any] = {
    "trial": 0,
    "target": 1,
    "master_before": 1,
    "phase": 0.4,
    "t_heal": 6.0,
    "t_end": 11.0,
    # The last advert was 0.4 s before the fault: 3.609 - 0.4 s. Up again at 6.04 s, and MASTER 3.414 s later.
    "states": [
        [-2.4, 1, "MASTER"],
        [3.211, 2, "MASTER"],
        [6.04, 1, "BACKUP(init)"],
        [9.456, 1, "MASTER"],
        [9.457, 2, "BACKUP"],
    ],
    "notify": [[3.22, 2, "MASTER"], [6.045, 1, "BACKUP"], [9.47, 2, "BACKUP"], [9.46, 1, "MASTER"]],
    "proc": [[0.001, 1, "exit -9"], [6.0, 1, "exec"]],
    "adverts": [[-0.4, 1, 150], [3.211, 2, 100], [4.221, 2, 100], [9.456, 1, 150]],
}


def group_of(tmp_path: Path, trial: dict[str, Any], config: dict[str, Any] = CONFIG) -> GroupReport:
    path = tmp_path / "trials.json"
    path.write_text(json.dumps({"meta": {}, "groups": {"v2 a1.0 kill": {"config": config, "trials": [trial]}}}))
    return replay(load_recording(path)).groups[0]


def test_a_crash_and_its_return_come_out_as_the_formulas_say(tmp_path: Path) -> None:
    group = group_of(tmp_path, CRASH)
    assert (group.decided, group.same_order, group.same_order_nominal) == ("trial", 1, 1)
    assert group.largest_s is not None
    assert group.largest_s < 0.005


def test_another_sequence_of_states_is_noticed_and_explained(tmp_path: Path) -> None:
    states = [event for event in CRASH["states"] if event[2] != "BACKUP"]
    group = group_of(tmp_path, CRASH | {"states": states})
    assert group.same_order == 0
    assert "node 2" in group.trials[0].why


def test_another_order_across_nodes_is_noticed(tmp_path: Path) -> None:
    swapped = [[2.0, 2, "MASTER"] if e[:2] == [3.22, 2] else e for e in CRASH["notify"]]
    early = [[6.5, 2, "MASTER"] if e[0] == 3.211 else e for e in CRASH["states"]]
    assert group_of(tmp_path, CRASH | {"notify": swapped}).same_order == 1
    assert group_of(tmp_path, CRASH | {"states": early}).same_order == 0


def test_a_time_that_is_off_shows_in_the_differences(tmp_path: Path) -> None:
    late = [[3.711, 2, "MASTER"] if e[0] == 3.211 else e for e in CRASH["states"]]
    group = group_of(tmp_path, CRASH | {"states": late})
    assert group.largest_s == pytest.approx(0.5, abs=0.005)


def test_settings_that_are_not_known_are_named(tmp_path: Path) -> None:
    assert group_of(tmp_path, CRASH, CONFIG | {"vrrp_strict": True}).unused == ("vrrp_strict",)


def test_a_fault_that_is_not_known_is_a_problem_of_its_group(tmp_path: Path) -> None:
    group = group_of(tmp_path, CRASH, CONFIG | {"fault": "meteorite"})
    assert group.decided == "none"
    assert "meteorite" in group.problem


def test_the_headline_counts_what_could_not_be_replayed(tmp_path: Path) -> None:
    good = {"config": CONFIG, "trials": [CRASH]}
    bad = {"config": CONFIG | {"fault": "meteorite"}, "trials": [CRASH, CRASH]}

    def titles(**groups: Any) -> list[str]:
        path = tmp_path / "trials.json"
        path.write_text(json.dumps({"groups": groups}))
        return [table.title for table in replay_tables(replay(load_recording(path)))]

    left_out = "1 of 2 groups, with 2 trials"
    assert titles(good=good) == ["1 of 1 trial in the same order"]
    headline = f"1 of 1 trial in the same order; not replayed: {left_out}"
    assert titles(good=good, bad=bad) == [headline, f"Not replayed: {left_out}"]
    assert titles(bad=bad) == ["Not replayed: 1 of 1 group, with 2 trials"]
    assert titles(empty=good | {"trials": []}) == ["No trial to compare"]


@pytest.mark.parametrize(
    ("content", "fragment"),
    [
        (b"", "expected a JSON file"),
        (b"\xff\xfe", "expected a JSON file"),
        (b"[]", '"groups"'),
        (b'{"groups": {"x": []}}', "groups.x"),
        (b'{"groups": {"x": {"config": {}, "trials": {}}}}', "groups.x.trials"),
        (b'{"groups": {"x": {"config": {"n": 0}, "trials": []}}}', "config.n"),
        (b'{"groups": {"x": {"config": {}, "trials": [{"states": [["a", 1]]}]}}}', "trials[0].states"),
        (b'{"groups": {"x": {"config": {}, "trials": [{"states": [[1.0, 7, "MASTER"]]}]}}}', "a node from 1 to 2"),
    ],
)
def test_a_file_that_is_no_recording_is_one_clear_error(tmp_path: Path, content: bytes, fragment: str) -> None:
    path = tmp_path / "trials.json"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"trials\.json") as caught:
        load_recording(path)
    assert fragment in str(caught.value)


_TOLD = "RX_LOWER_PRI"
SEVERED: dict[str, Any] = {
    "trial": 0,
    "target": 1,
    "master_before": 1,
    "phase": 0.7,
    "inject_s": 0.01,
    "t_heal": 4.4,
    "t_end": 5.3,
    # MASTER 2.909 s after the fault. Its first advert leaves, two wait for the answer to the second request.
    "states": [[-2.7, 1, "MASTER"], [2.911, 2, "MASTER"], [4.97, 2, "BACKUP"]],
    "notify": [[2.92, 2, "MASTER"], [4.96, 1, _TOLD], [4.98, 1, _TOLD], [4.99, 2, "BACKUP"]],
    "adverts": [
        *([at - 0.7, 1, 150] for at in range(6)),
        *([at, 2, 100] for at in (2.911, 4.95, 4.951)),
        *([at, 1, 150] for at in (4.96, 4.98)),
    ],
}
PARTITIONED = CONFIG | {"fault": "silent"}


def test_adverts_that_stayed_away_from_the_wire_arrive_together(tmp_path: Path) -> None:
    assert group_of(tmp_path, SEVERED, PARTITIONED | {"unicast": True}).same_order_nominal == 1
    assert group_of(tmp_path, SEVERED, PARTITIONED).same_order == 0


def test_a_script_that_began_late_does_not_change_the_order(tmp_path: Path) -> None:
    late = [[9.80, 2, "BACKUP"] if e[:2] == [9.47, 2] else e for e in CRASH["notify"]]
    assert group_of(tmp_path, CRASH | {"notify": late}).same_order_nominal == 1


def test_a_state_was_entered_when_its_script_ran_even_if_it_was_logged_later(tmp_path: Path) -> None:
    states = [[9.50, 2, "BACKUP"] if e[:2] == [9.457, 2] else e for e in CRASH["states"]]
    group = group_of(tmp_path, CRASH | {"states": states})
    assert group.largest_s is not None
    assert group.largest_s < 0.015


HEALED: dict[str, Any] = {
    "trial": 0,
    "target": 1,
    "master_before": 1,
    "phase": 0.4,
    "t_heal": 6.25,
    "t_end": 7.0,
    # Node 2 was kept from sending its advert of 6.221 s until after the heal; node 1 answers it.
    "states": [[-2.4, 1, "MASTER"], [3.211, 2, "MASTER"], [6.35, 2, "BACKUP"]],
    "notify": [[3.22, 2, "MASTER"], [6.30, 1, "RX_LOWER_PRI"], [6.36, 2, "BACKUP"]],
    "adverts": [
        *([round(0.6 + second, 1), 1, 150] for second in range(6)),
        *([at, 2, 100] for at in (3.211, 4.221, 5.221, 6.291)),
        [6.292, 1, 150],
    ],
}


def test_an_advert_that_left_late_is_sent_late(tmp_path: Path) -> None:
    group = group_of(tmp_path, HEALED, CONFIG | {"fault": "silent"})
    assert (group.same_order, group.same_order_nominal) == (1, 1)
    adverts = [[6.2205, 2, 100] if event == [6.291, 2, 100] else event for event in HEALED["adverts"]]
    in_time = group_of(tmp_path, HEALED | {"adverts": adverts}, CONFIG | {"fault": "silent"})
    assert in_time.same_order_nominal == 0


def test_a_master_stepped_down_between_the_advert_that_it_heard_and_the_first_sign_of_it(tmp_path: Path) -> None:
    group = group_of(tmp_path, HEALED, CONFIG | {"fault": "silent"})
    assert group.largest_s is not None
    assert group.largest_s < 0.005
    unheard = [event for event in HEALED["adverts"] if event != [6.292, 1, 150]]
    unexplained = group_of(tmp_path, HEALED | {"adverts": unheard}, CONFIG | {"fault": "silent"})
    assert unexplained.largest_s == pytest.approx(0.06, abs=0.005)


def test_a_daemon_was_up_a_master_down_interval_before_its_first_advert(tmp_path: Path) -> None:
    """Its log was read 40 ms late; it was alone, and so it was MASTER 3.414 s after its start."""
    states = [[6.08, 1, "BACKUP(init)"] if event[0] == 6.04 else event for event in CRASH["states"]]
    notify = [[6.085, 1, "BACKUP"] if event[0] == 6.045 else event for event in CRASH["notify"]]
    group = group_of(tmp_path, CRASH | {"states": states, "notify": notify})
    assert group.trials[0].differences_s[-1] == pytest.approx(0, abs=0.002)
    assert max(group.trials[0].differences_s[1:]) < 0.002


def test_a_fault_came_after_the_last_advert_that_was_heard(tmp_path: Path) -> None:
    """The partition took 60 ms; an advert within its second half was still heard, and the time-out is that of it."""
    shift = 0.02
    adverts = [[-0.98, 1, 150], [shift, 1, 150], [shift + 3.611, 2, 100], [shift + 4.611, 2, 100]]
    trial = {
        **{key: CRASH[key] for key in ("trial", "target", "master_before")},
        "phase": 1 - shift,
        "inject_s": 0.06,
        "t_end": 5.0,
        "states": [[shift + 3.611, 2, "MASTER"]],
        "notify": [[shift + 3.62, 2, "MASTER"]],
        "adverts": adverts,
    }
    group = group_of(tmp_path, trial, PARTITIONED)
    assert group.largest_s is not None
    assert group.largest_s < 0.01


def test_a_reload_with_another_priority_is_seen_in_the_adverts(tmp_path: Path) -> None:
    """A MASTER that is told to have 90 sends that at once; the backup of 100 waits 3.609 s from its last good one."""
    trial = {
        "trial": 0,
        "target": 1,
        "master_before": 1,
        "phase": 0.4,
        "t_end": 6.0,
        "states": [[3.611, 2, "MASTER"], [3.613, 1, "BACKUP"]],
        "notify": [[3.62, 2, "MASTER"], [3.63, 1, "BACKUP"]],
        "adverts": [[-0.4, 1, 150], [0.001, 1, 150], [0.002, 1, 90], [1.002, 1, 90], [3.611, 2, 100], [4.62, 2, 100]],
    }
    assert group_of(tmp_path, trial, CONFIG | {"fault": "hup"}).same_order_nominal == 1


def test_settings_go_by_their_names_in_keepalived_conf(tmp_path: Path) -> None:
    """Three adverts more to wait for: 3.0 s later."""
    later = {
        key: [[event[0] + 3.0 * (event[0] > 3), *event[1:]] for event in CRASH[key]]
        if isinstance(CRASH[key], list)
        else v
        for key, v in CRASH.items()
    }
    later |= {"t_end": 11.0, "t_heal": 20.0}
    later["states"] = [e for e in later["states"] if e[0] < 7]
    later["notify"] = [e for e in later["notify"] if e[0] < 7]
    assert group_of(tmp_path, later, CONFIG | {"vrrp_down_timer_adverts": 6}).same_order == 1
    assert group_of(tmp_path, later, CONFIG | {"down_timer_adverts": 6}).largest_s == pytest.approx(0, abs=0.01)


def test_a_fault_that_a_daemon_starts_with_is_known_from_its_script(tmp_path: Path) -> None:
    """keepalived 2.2.7 logs BACKUP, but not FAULT, when a script fails from the start."""
    config = CONFIG | {
        "kind": "startup",
        "fault": None,
        "starts": [[1, 0]],
        "track": {"interval": 1, "timeout": 1, "rise": 3, "fall": 2, "weight": 0},
        "pre_flag": True,
        "unflag_at": 3.5,
    }
    trial = {
        "trial": 0,
        "t_unflag": 3.5,
        "t_end": 7.0,
        "states": [[6.06, 1, "BACKUP"]],
        "notify": [[0.06, 1, "FAULT"], [6.07, 1, "BACKUP"]],
        "proc": [[0.0, 1, "exec"]],
        "starts": [[0.0, 1]],
    }
    group = group_of(tmp_path, trial, config)
    assert group.same_order_nominal == 1
    assert group.largest_s is not None
    assert group.largest_s < 0.01


def test_a_child_that_is_told_to_end_says_good_bye_and_is_replaced_after_its_second(tmp_path: Path) -> None:
    config = CONFIG | {"kind": "notifykill", "fault": None, "sig": "SIGTERM", "which": "child"}
    trial = {
        "trial": 0,
        "states": [[-1.0, 1, "MASTER"], [0.61, 2, "MASTER"], [1.04, 1, "BACKUP"]],
        "notify": [[0.006, 1, "STOP-BEGIN"], [0.62, 2, "MASTER-BEGIN"], [1.01, 1, "STOP-SIGTERM"], [1.05, 1, "BACKUP"]],
        "adverts": [[-1.0, 1, 150], [0.0003, 1, 0], [0.61, 2, 100], [1.62, 2, 100]],
    }
    assert group_of(tmp_path, trial, config).same_order_nominal == 1


@pytest.mark.parametrize(("phase", "masters"), [(0.9, [(2.71, "MASTER"), (3.437, "BACKUP")]), (0.1, [])])
def test_a_phase_that_is_not_named_is_that_of_the_last_advert(
    tmp_path: Path, phase: float, masters: list[tuple[float, str]]
) -> None:
    """Of a child that dies the standby takes notice only late in the cycle: 3.609 s after the last advert, and the next
    one comes 3.434 s after the death."""
    config = CONFIG | {"kind": "notifykill", "fault": None, "sig": "SIGKILL", "which": "child"}
    trial = {
        "trial": 0,
        "t_end": 4.0,
        "states": [[0.02, 1, "BACKUP(init)"], [3.436, 1, "MASTER"], *([at, 2, state] for at, state in masters)],
        "notify": [[0.03, 1, "BACKUP"], [3.44, 1, "MASTER"], *([at, 2, state] for at, state in masters)],
        "adverts": [[-phase, 1, 150], [3.436, 1, 150]],
    }
    assert group_of(tmp_path, trial, config).trials[0].same_sequence


def test_a_reload_is_timed_by_the_adverts_with_which_the_master_reassures_its_peers(tmp_path: Path) -> None:
    trial = {
        "trial": 0,
        "target": 1,
        "master_before": 1,
        "phase": 0.4,
        "t_end": 6.0,
        "states": [[3.641, 2, "MASTER"], [3.643, 1, "BACKUP"]],
        "notify": [[3.65, 2, "MASTER"], [3.66, 1, "BACKUP"]],
        "adverts": [[-0.4, 1, 150], [0.03, 1, 150], [0.04, 1, 90], [1.04, 1, 90], [3.641, 2, 100], [4.65, 2, 100]],
    }
    group = group_of(tmp_path, trial, CONFIG | {"fault": "hup"})
    assert group.largest_s is not None
    assert group.largest_s < 0.005


@pytest.mark.parametrize(
    ("priorities", "target", "decided"),
    [([150, 100, 100], 1, "race"), ([150, 100, 50, 50], 1, "trial"), ([150, 100, 100], 2, "trial")],
)
def test_only_equals_that_are_next_in_line_decide_by_a_race(
    tmp_path: Path, priorities: list[int], target: int, decided: str
) -> None:
    trial = {"trial": 0, "target": target, "master_before": 1, "phase": 0.4, "t_end": 1.0}
    assert group_of(tmp_path, trial, CONFIG | {"n": len(priorities), "prio": priorities}).decided == decided


@pytest.mark.parametrize(
    ("setting", "times"),
    [
        ({"garp_master_delay": 2}, [3.212, 3.213, 5.212, 5.213]),
        ({"garp_master_refresh": 1, "garp_master_delay": 0}, [3.212, 3.213, 4.22, 5.22]),
        ({"vrrp_garp_interval": 0.01, "garp_master_delay": 0, "garp_master_repeat": 7}, [3.212, 3.222]),
    ],
)
def test_gratuitous_arps_are_counted_as_they_are_configured(
    tmp_path: Path, setting: dict[str, float], times: list[float]
) -> None:
    trial = CRASH | {"t_heal": 20.0, "t_end": 5.5, "garps": [[at, 2] for at in times]}
    trial |= {key: [event for event in CRASH[key] if event[0] < 5.5] for key in ("states", "notify", "adverts")}
    group = group_of(tmp_path, trial, CONFIG | {"garp_master_repeat": 2} | setting)
    assert group.unused == ()
    assert group.garps == (len(times), len(times))


CHECKED: dict[str, Any] = {
    "trial": 0,
    "target": 1,
    "master_before": 1,
    "phase": 0.7,
    "t_heal": 3.5,
    "t_end": 9.0,
    # Two runs fail by 1.9 s, two succeed by 5 s: the first at 0.9 s on the grid, the others at 1.0 s. The other node
    # takes over 0.609 s after the good-bye, and yields 3.414 s after the return.
    "states": [
        [-2.4, 1, "MASTER"],
        [1.9, 1, "FAULT"],
        [2.513, 2, "MASTER"],
        [5.0, 1, "BACKUP"],
        [8.416, 1, "MASTER"],
        [8.417, 2, "BACKUP"],
    ],
    "notify": [[1.91, 1, "FAULT"], [2.52, 2, "MASTER"], [5.01, 1, "BACKUP"], [8.42, 1, "MASTER"], [8.43, 2, "BACKUP"]],
    "adverts": [[-0.7, 1, 150], [0.3, 1, 150], [1.3, 1, 150], [1.9, 1, 0], [1.9, 1, 0], [2.513, 2, 100]],
}


def moved(trial: dict[str, Any], since_s: float, by_s: float) -> dict[str, Any]:
    """The trial with all that happened from a time on earlier or later."""
    lists = {key: [[e[0] + by_s if e[0] >= since_s else e[0], *e[1:]] for e in trial[key]] for key in EVENTS}
    return trial | lists


EVENTS = ("states", "notify", "adverts")
CHECKS = {"track": {"interval": 1, "timeout": 1, "rise": 2, "fall": 2, "weight": 0}}


def test_a_run_that_began_late_moved_all_later_ones(tmp_path: Path) -> None:
    config = CONFIG | CHECKS | {"fault": "script"}
    group = group_of(tmp_path, CHECKED, config)
    assert group.same_order_nominal == 1
    assert group.largest_s is not None
    assert group.largest_s < 0.015
    too_much = group_of(tmp_path, moved(CHECKED, 5.0, 0.25), config)
    assert too_much.largest_s == pytest.approx(0.35, abs=0.02)


def test_a_first_run_that_was_counted_late_did_not(tmp_path: Path) -> None:
    """FAULT came 90 ms after the run that failed had ended; the return shows where the grid was."""
    group = group_of(tmp_path, moved(CHECKED, 5.0, -0.19), CONFIG | CHECKS | {"fault": "script"})
    assert group.same_order_nominal == 1
    assert group.largest_s is not None
    assert group.largest_s < 0.015


def test_a_script_that_died_slowly_undid_the_success_of_the_next_one(tmp_path: Path) -> None:
    """The run that hung was killed when the next one began, and its failure counted after the success of that."""
    config = CONFIG | CHECKS | {"fault": "script_hang"}
    hung = moved(moved(CHECKED, 1.5, 1.0), 6.0, -0.09) | {"t_heal": 4.5, "t_end": 11.0}
    for trial in (hung, moved(hung, 5.0, 1.0)):
        group = group_of(tmp_path, trial, config)
        assert (group.same_order, group.same_order_nominal) == (1, 1)
        assert group.largest_s is not None
        assert group.largest_s < 0.03
