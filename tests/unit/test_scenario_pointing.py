"""Scenarios that point at keepalived.conf files: what the file says runs, and contradictions name both places."""

from __future__ import annotations

from pathlib import Path

import pytest

from hasim.api import Study, load
from hasim.scenario import ScenarioError, loads
from hasim.scenario.linting import lint_scenario
from hasim.scenario.loading import parse, read_text
from hasim.units import SECOND
from tests.keepalived.cases import ACCEPTED_IDS, accepted, marked

CONF = """\
vrrp_script chk {{
    script /bin/check
    interval 2
    timeout 1
}}
vrrp_track_process proxy {{
    process haproxy
}}
vrrp_instance VI_1 {{
    interface eth0
    virtual_router_id 77
    priority {priority}
    unicast_src_ip 10.0.1.{host}
    unicast_peer {{
        10.0.1.{peer}
    }}
    track_script {{
        chk
    }}
    track_process {{
        proxy
    }}
    notify_master /bin/move
    virtual_ipaddress {{
        10.0.1.100/24
    }}
}}
"""
SCENARIO = """\
horizon: 10min
zones: [z]
vpc: {cidr: 10.0.0.0/16}
subnets: {service: {cidr: 10.0.1.0/24}}
instances:
  a: {keepalived: a.conf}
  b: {keepalived: {file: b.conf}}
floating: {mechanism: secondary_ip}
"""


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """The directory with both files and the scenario."""
    (tmp_path / "a.conf").write_text(CONF.format(priority=150, host=10, peer=11), encoding="utf-8")
    (tmp_path / "b.conf").write_text(CONF.format(priority=100, host=11, peer=10), encoding="utf-8")
    (tmp_path / "pair.yaml").write_text(SCENARIO, encoding="utf-8")
    return tmp_path


def _with(pair: Path, more: str = "", *, scenario: str = SCENARIO, conf: tuple[str, str] | None = None) -> Study:
    """The study of the scenario with further lines; ``conf``: a text in a.conf, and what stands there instead."""
    if conf is not None:
        text = (pair / "a.conf").read_text(encoding="utf-8")
        assert conf[0] in text
        (pair / "a.conf").write_text(text.replace(*conf), encoding="utf-8")
    (pair / "pair.yaml").write_text(scenario + more, encoding="utf-8")
    return load(pair / "pair.yaml")


def _error(pair: Path, more: str = "", *, scenario: str = SCENARIO, conf: tuple[str, str] | None = None) -> str:
    with pytest.raises(ScenarioError) as caught:
        _with(pair, more, scenario=scenario, conf=conf)
    return str(caught.value).replace(f"{pair}/", "")


def test_the_instances_run_what_their_files_say(pair: Path) -> None:
    scenario = load(pair / "pair.yaml").scenario
    a, b = scenario.instances
    assert (a.vrrp.priority, b.vrrp.priority, a.vrrp.virtual_router_id) == (150, 100, 77)
    assert (a.vrrp.peers, b.vrrp.peers) == (("b",), ("a",))
    assert (str(a.interfaces[0].address), str(b.interfaces[0].address)) == ("10.0.1.10", "10.0.1.11")
    assert str(scenario.floating.address) == "10.0.1.100"
    assert [(s.name, s.interval_ns, s.timeout_ns) for s in a.vrrp.track_scripts] == [("chk", 2 * SECOND, SECOND)]
    assert [process.name for process in a.vrrp.track_processes] == ["proxy"]
    assert not a.notify.on_rx_lower_priority


def test_one_file_may_serve_both_by_its_id(pair: Path) -> None:
    text = (pair / "a.conf").read_text(encoding="utf-8")
    text = text.replace("    priority 150", "@a  priority 150\n@b  priority 90").replace(
        "    unicast_src_ip 10.0.1.10\n", ""
    )
    text = text.replace("        10.0.1.11\n", "@a      10.0.1.11\n@b      10.0.1.10\n")
    (pair / "both.conf").write_text(text, encoding="utf-8")
    pointed = SCENARIO.replace("a.conf", "{file: both.conf, id: a}").replace("file: b.conf", "file: both.conf, id: b")
    assert [i.vrrp.priority for i in _with(pair, scenario=pointed).scenario.instances] == [150, 90]


def test_each_has_the_password_of_its_file(pair: Path) -> None:
    password = ("    notify_master", "    authentication {\n auth_type PASS\n auth_pass 1111\n}\n    notify_master")
    scenario = _with(pair, conf=password).scenario
    assert [one.vrrp.password for one in scenario.instances] == ["1111", None]
    document = parse(read_text(pair / "pair.yaml"), str(pair / "pair.yaml"))
    (finding,) = (f for f in lint_scenario(document, pair) if f.rule == "authentication-differs")
    assert (Path(finding.location.file).name, finding.location.line) == ("pair.yaml", 7), "b, whose file has none"


def test_ah_is_not_simulated_and_must_be_the_same_everywhere(pair: Path) -> None:
    ah = ("    notify_master", "    authentication {\n auth_type AH\n auth_pass 1111\n}\n    notify_master")
    with pytest.raises(ScenarioError, match=r"b\.conf.*its authentication is not that of a"):
        _with(pair, conf=ah)


def test_what_the_file_cannot_say_is_the_scenario_s(pair: Path) -> None:
    more = "vrrp: {track_scripts: {chk: {check: api, run_time: 30ms}}, track_processes: {proxy: {count: 4}}}\n"
    vrrp = _with(pair, more).scenario.instances[0].vrrp
    assert (vrrp.track_scripts[0].check, vrrp.track_scripts[0].interval_ns) == ("api", 2 * SECOND)
    assert vrrp.track_processes[0].count == 4


def test_the_same_in_both_places_is_no_contradiction(pair: Path) -> None:
    assert _with(pair, "vrrp: {virtual_router_id: 77, advert_int: 1s}\n").scenario.instances[0].vrrp.priority == 150


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            "vrrp: {virtual_router_id: 78}\n",
            "pair.yaml:9: vrrp.virtual_router_id: 78 here, and 77 in a.conf:11: change it there, or leave it out here",
        ),
        (
            "vrrp: {advert_int: 2s}\n",
            "pair.yaml:9: vrrp.advert_int: 2s here, and a.conf:9 leaves it at 1s: write it there, or leave it out here",
        ),
        (
            "vrrp: {nopreempt: true}\n",
            "vrrp.nopreempt: true here, and a.conf:9 leaves it at false (an unquoted no, off or false)",
        ),
        ("vrrp: {track_scripts: {chk: {interval: 3s}}}\n", "interval: 3s here, and 2s in a.conf:3"),
        ("vrrp: {track_scripts: {other: {}}}\n", "the keepalived.conf of a (a.conf) has no 'other' there"),
        ("notify: {fifo: true}\n", "notify.fifo: true here, and a.conf:9 leaves it at false"),
    ],
)
def test_a_contradiction_names_both_places(pair: Path, more: str, message: str) -> None:
    assert message in _error(pair, more)


def test_an_address_that_is_not_the_file_s_is_a_contradiction(pair: Path) -> None:
    elsewhere = SCENARIO.replace("{keepalived: a.conf}", "{keepalived: a.conf, address: 10.0.1.9}")
    assert "10.0.1.9 here, and 10.0.1.10 by a.conf:13: they must be the same" in _error(pair, scenario=elsewhere)
    other = SCENARIO.replace("{mechanism", "{address: 10.0.1.99, mechanism")
    assert "10.0.1.99 is not among the virtual_ipaddress of a; a.conf:24 has 10.0.1.100" in _error(pair, scenario=other)


@pytest.mark.parametrize(
    ("conf", "message"),
    [
        (("priority 150", "priority 350"), "a.conf:12: instances.a.keepalived: priority '350'"),
        (("10.0.1.11", "10.0.1.77"), "a.conf:15: instances.a.keepalived: the peer 10.0.1.77 is no instance of"),
        (("    notify_master /bin/move\n", ""), "VI_1 runs no script when it becomes MASTER"),
        (("interface eth0", "interface eth9\n    dont_track_primary"), ""),
        (("vrrp_instance VI_1", "vrrp_instanze VI_1"), "a.conf:9: instances.a.keepalived"),
    ],
)
def test_errors_in_a_file_are_told_with_its_line(pair: Path, conf: tuple[str, str], message: str) -> None:
    if message:
        assert message in _error(pair, conf=conf)
    else:  # the only interface there is stands for it, whatever it is called
        assert not _with(pair, conf=conf).scenario.instances[0].vrrp.track_interfaces


def test_a_file_that_is_not_there_is_told_with_the_line_that_points_at_it(pair: Path) -> None:
    message = _error(pair, scenario=SCENARIO.replace("a.conf", "nowhere.conf"))
    assert message.startswith("pair.yaml:6: instances.a.keepalived: there is no file 'nowhere.conf' in ")


@pytest.mark.parametrize(
    ("target", "message"),
    [("nothing", "this is a symbolic link to nothing, which is not there"), ("away.conf", "that leads back to itself")],
)
def test_a_link_that_leads_nowhere_is_told_as_such(pair: Path, target: str, message: str) -> None:
    (pair / "away.conf").symlink_to(target)
    told = _error(pair, scenario=SCENARIO.replace("a.conf", "away.conf"))
    assert told.startswith("pair.yaml:6: instances.a.keepalived: away.conf: this is a symbolic link")
    assert told.endswith(message)


def test_of_several_instances_the_one_with_the_address_counts_unless_told(pair: Path) -> None:
    other = CONF.replace("VI_1", "VI_2").replace("77", "78").replace("10.0.1.100/24", "10.0.1.101/24")
    other = other[other.index("vrrp_instance") :]
    for name, host, peer in (("a", 10, 11), ("b", 11, 10)):
        path = pair / f"{name}.conf"
        both = path.read_text(encoding="utf-8") + other.format(priority=90, host=host, peer=peer)
        path.write_text(both, encoding="utf-8")
    named = SCENARIO.replace("{mechanism", "{address: 10.0.1.100, mechanism")
    assert _with(pair, scenario=named).scenario.instances[0].vrrp.virtual_router_id == 77
    told = SCENARIO.replace("a.conf", "{file: a.conf, vrrp_instance: VI_2}")
    told = told.replace("file: b.conf", "file: b.conf, vrrp_instance: VI_2")
    assert str(_with(pair, scenario=told).scenario.floating.address) == "10.0.1.101"
    unknown = SCENARIO.replace("a.conf", "{file: a.conf, vrrp_instance: VI_3}")
    assert "a.conf has no vrrp_instance 'VI_3'; did you mean VI_" in _error(pair, scenario=unknown)


def test_several_interfaces_need_the_device_s_name(pair: Path) -> None:
    both = SCENARIO.replace(
        "a: {keepalived: a.conf}",
        "a: {cpu: 4, keepalived: a.conf, interfaces: {x: {subnet: service}, y: {subnet: service}}}",
    )
    message = _error(pair, scenario=both)
    assert "a.conf:10 says eth0, and a has the interfaces x, y; call one of them eth0" in message
    named = both.replace("interfaces: {x", "interfaces: {eth0")
    assert _with(pair, scenario=named).scenario.instances[0].vrrp.interface == "eth0"


def test_a_change_wins_over_the_file(pair: Path) -> None:
    """What ``--set`` asks is what would be different."""
    study = load(pair / "pair.yaml")
    slower = study.with_(vrrp__advert_int="2s").scenario
    assert [i.vrrp.advert_int_ns for i in slower.instances] == [2 * SECOND, 2 * SECOND]
    other = study.with_({"instances.a.vrrp.priority": 90, "vrrp.track_scripts.chk.interval": "5s"}).scenario
    assert [i.vrrp.priority for i in other.instances] == [90, 100]
    assert [i.vrrp.track_scripts[0].interval_ns for i in other.instances] == [5 * SECOND, 5 * SECOND]
    again = study.with_(vrrp__advert_int="2s").with_(vrrp__nopreempt=True).scenario
    assert [(i.vrrp.advert_int_ns, i.vrrp.nopreempt) for i in again.instances] == [(2 * SECOND, True)] * 2


def test_the_kept_text_stands_for_itself(pair: Path) -> None:
    """What a study keeps can be read without the files, and describes the same runs."""
    scenario = load(pair / "pair.yaml").with_(vrrp__advert_int="2s").scenario
    assert "keepalived:" not in scenario.source_text
    assert loads(scenario.source_text).digest == scenario.digest


def test_lint_speaks_of_the_lines_of_the_files(pair: Path) -> None:
    text = (pair / "a.conf").read_text(encoding="utf-8").replace("timeout 1", "timeout 5")
    text = text.replace("10.0.1.100/24", "10.0.1.100/24\n        10.0.1.101/24")
    (pair / "a.conf").write_text(text, encoding="utf-8")
    found = lint_scenario(parse(read_text(pair / "pair.yaml"), "pair.yaml"), pair)
    places = {finding.rule: (Path(finding.location.file).name, finding.location.line) for finding in found}
    assert places["timeout-beyond-interval"] == ("a.conf", 4)
    assert places["not-simulated"] == ("a.conf", 26)


SAMPLES = [*accepted(), *(case.path for kind in ("changed", "refused") for case in marked(kind))]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_whatever_is_pointed_at_gives_a_scenario_or_a_place_and_a_reason(path: Path) -> None:
    """A file that serves two instances says too little, or what cannot be, more often than not."""
    pointer = f"{{file: {path.name}, id: {ACCEPTED_IDS.get(path.stem, '')!r}}}"
    text = SCENARIO.replace("a.conf", pointer).replace("{file: b.conf}", pointer)
    found: list[object] = []
    try:
        found += Study(parse(text, str(path.parent / "pair.yaml")), path.parent).scenario.instances
    except ScenarioError as error:
        found += [error.message] if error.line is None or error.line > 0 else []
    assert found
