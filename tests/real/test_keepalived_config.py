"""``keepalived.conf`` as the installed keepalived reads it: the same complaints, the same values.

The sample files are those of ``tests/keepalived``.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from hasim.keepalived import (
    Config,
    KeepalivedConfigError,
    VrrpInstance,
    inspect_config,
    read_config,
    write_config,
)
from hasim.keepalived.problems import Problems
from hasim.keepalived.reader import LineReader
from hasim.keepalived.tokens import split_words
from hasim.units import MILLISECOND, SECOND
from tests.keepalived.cases import ACCEPTED_IDS, EXAMPLES, accepted, marked
from tests.keepalived.daemon import KILLED, config_test, dump, needs_keepalived

pytestmark = [pytest.mark.real, needs_keepalived]

CASCADES = {"missing_opening_brace"}
"""Cases in which one mistake makes keepalived complain about the lines after it too."""
NEEDS_IPVS = {"load_balancer"}
"""Files that start nowhere but on a kernel with IPVS."""


@pytest.mark.parametrize("kind", ["refused", "changed"])
def test_keepalived_complains_about_the_marked_lines(kind: str) -> None:
    cases = marked(kind)
    for case, verdict in zip(cases, config_test([(case.path, "") for case in cases]), strict=True):
        assert verdict.exit_status != 0, case.name
        if case.named:
            assert case.line in verdict.lines, case.name
        else:
            assert verdict.elsewhere or verdict.lines, case.name
        foretold = {
            problem.location.line for problem in inspect_config(case.path).problems if problem.fails_config_test
        }
        if case.name not in CASCADES and case.named:
            assert set(verdict.lines) <= foretold, case.name


def test_keepalived_accepts_the_accepted_files() -> None:
    paths = accepted()
    for path, verdict in zip(paths, config_test([(p, ACCEPTED_IDS.get(p.stem, "")) for p in paths]), strict=True):
        assert verdict.lines == [], path.stem
        warned = inspect_config(path, ACCEPTED_IDS.get(path.stem, "")).problems
        assert len(verdict.elsewhere) == len([p for p in warned if p.fails_config_test]), path.stem


def test_keepalived_accepts_what_the_writer_writes(tmp_path: Path) -> None:
    files = []
    for path in [*accepted(), *(case.path for case in marked("changed"))]:
        written = tmp_path / path.name
        written.write_text(write_config(inspect_config(path, ACCEPTED_IDS.get(path.stem, ""))))
        files.append((written, ""))
    for (path, _), verdict in zip(files, config_test(files), strict=True):
        again = read_config(path)
        expected = sorted(p.location.line for p in again.problems if p.fails_config_test)
        assert sorted({*verdict.lines, *expected}) == expected, path.name


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the directory of examples is not beside this repository")
def test_the_examples_are_refused_only_where_keepalived_complains() -> None:
    paths = sorted(EXAMPLES.iterdir())
    for path, verdict in zip(paths, config_test([(path, "") for path in paths]), strict=True):
        refused = [p.location.line for p in inspect_config(path).problems if p.severity.refuses]
        assert set(refused) <= set(verdict.lines), path.name


def _interval(instance: VrrpInstance) -> str:
    """An advert_int as the dump shows it."""
    if instance.version == 2:
        return f"{instance.advert_int_ns // SECOND} sec"
    return f"{instance.advert_int_ns // MILLISECOND} milli-sec"


def _shown(instance: VrrpInstance) -> dict[str, list[str]]:
    """The values of an instance as the dump shows them."""
    shown = {
        "VRRP Version": [str(instance.version)],
        "Wantstate": [instance.state],
        "Priority": [str(instance.priority)],
        "Virtual Router ID": [str(instance.virtual_router_id)],
        "Advert interval": [_interval(instance)],
        "Preempt": ["disabled" if instance.nopreempt else "enabled"],
        "Preempt delay": [f"{instance.preempt_delay_ns / SECOND:g} secs"] if instance.preempt_delay_ns else [],
        "Gratuitous ARP delay": [f"{instance.garp_master_delay_ns // SECOND}"],
        "Gratuitous ARP repeat": [str(instance.garp_master_repeat)],
        "Gratuitous ARP refresh": [f"{instance.garp_master_refresh_ns // SECOND}"],
        "Gratuitous ARP refresh repeat": [str(instance.garp_master_refresh_repeat)],
        "Gratuitous ARP lower priority delay": [f"{instance.garp_lower_prio_delay_ns // SECOND}"],
        "Gratuitous ARP lower priority repeat": [str(instance.garp_lower_prio_repeat)],
        "Down timer adverts": [str(instance.down_timer_adverts)],
        "Send advert after receive lower priority advert": ["false" if instance.lower_prio_no_advert else "true"],
        "Send advert after receive higher priority advert": ["true" if instance.higher_prio_send_advert else "false"],
        "Accept": ["enabled" if instance.accept else "disabled"],
        "Notify priority changes": ["true" if instance.notify_priority_changes else "false"],
    }
    if instance.authentication is not None and instance.authentication.type == "PASS":
        shown["Password"] = [instance.authentication.password]
    if instance.unicast:
        peers = instance.unicast_peers
        shown["Unicast Peer"] = [f"{peer.address} min_ttl {peer.min_ttl} max_ttl {peer.max_ttl}" for peer in peers]
    return {name: values for name, values in shown.items() if values}


def _tracked(instance: VrrpInstance) -> dict[str, list[str]]:
    """What an instance tracks, as the dump shows it."""
    shown = {}
    for name, items in (
        ("Tracked interfaces", instance.track_interfaces),
        ("Tracked scripts", instance.track_scripts),
    ):
        shown[name] = [f"{i.name} weight {i.weight}{' reverse' if i.reverse else ''}" for i in items]
    return {name: values for name, values in shown.items() if values}


def _assert_same(config: Config, sections: dict[str, dict[str, list[str]]], name: str) -> None:
    for instance in config.instances:
        section = sections[f"VRRP Instance = {instance.name}"]
        for key, expected in (_shown(instance) | _tracked(instance)).items():
            assert section.get(key, [])[: len(expected)] == expected, f"{name}: {instance.name}: {key}"
        advertised = [
            line.split()[0] for key, lines in section.items() if key.startswith("Virtual IP (") for line in lines
        ]
        assert [line.split("/")[0] for line in advertised] == [str(vip.address) for vip in instance.virtual_addresses]
    for script in config.scripts:
        section = sections.get(f"VRRP Script = {script.name}")
        if section is None:
            continue
        assert section["Interval"] == [f"{script.interval_ns // SECOND} sec"]
        timeout_ns = script.timeout_ns if "timeout" in script.places else 0
        assert section["Timeout"] == [f"{timeout_ns // SECOND} sec"]
        assert section["Weight"] == [f"{script.weight}{' reverse' if script.reverse else ''}"]
        assert (section["Rise"], section["Fall"]) == ([str(script.rise)], [str(script.fall)])


@pytest.mark.parametrize("path", [p for p in accepted() if p.stem not in NEEDS_IPVS], ids=lambda path: path.stem)
def test_the_daemon_holds_the_values_that_hasim_foretells(path: Path) -> None:
    config_id = ACCEPTED_IDS.get(path.stem, "")
    _assert_same(read_config(path, config_id), dump(path, config_id), path.stem)


def test_the_daemon_changes_the_values_that_hasim_foretells() -> None:
    for case in marked("changed"):
        _assert_same(inspect_config(case.path), dump(case.path), case.name)


PROBES = [
    "word",
    "$A",
    "${A}",
    "$B x",
    "${B}y",
    "$UNDEF",
    '"two words"',
    "'single",
    "a#b",
    "c!d",
    r"e\#f",
    r"\!g",
    "@x cond",
    "@y cond",
    "@^x cond",
    "$A=new",
    "$B=${A}b",
    "$A=",
    "$M= \\",
    "part \\",
    "$M",
    "$N= \\",
    "$N",
    "~SEQ(I, 1, 3) s$I",
    "~SEQ(I, 4, -2, 1) ~LST(J, p, q) t${I}${J}",
    "~SEQx(H, 9, 11) h${H}",
    "~LST({P, Q}, {1, 2}, {3}) l${P}.${Q}.",
    "include other.inc",
    "",
    "# comment",
    "! comment \\",
    'm"i"d',
    '"quoted # not a comment"',
    "  indented\tword",
    "trailing \\",
]


def _random_text(seed: int) -> str:
    """A file of lines that all are unknown keywords, so that keepalived tells what it reads."""
    generator = random.Random(seed)
    lines = ["$A=one", "$B=two"]
    for number in range(30):
        probe = generator.choice(PROBES)
        glued = generator.random() < 0.2 and probe and not probe.startswith(("~", "$", "include"))
        lines.append(f"{probe}{number}" if glued else probe)
    return "\n".join(lines) + "\n"


def _read_words(path: Path, config_id: str) -> list[tuple[int, str]] | None:
    """Line and first word of every logical line of a file, as hasim reads it; None where it refuses to."""
    reader = LineReader(Problems(), config_id)
    reader.copied = False
    reader.open_file(path)
    found = []
    try:
        while (line := reader.next_line()) is not None:
            words = split_words(line.text)[0]
            if words and Path(line.location.file) == path and words[0] not in ("{", "}"):
                found.append((line.location.line, words[0]))
    except KeepalivedConfigError:
        return None
    return found


def test_hasim_reads_the_lines_that_keepalived_reads(tmp_path: Path) -> None:
    (tmp_path / "other.inc").write_text("from_another_file\n")
    files, foretold = [], []
    for seed in range(80):
        path = tmp_path / f"{seed}.conf"
        path.write_text(_random_text(seed))
        words = _read_words(path, "x")
        if words is not None:
            files.append((path, "x"))
            foretold.append(words)
    assert len(files) > 40
    for (path, _), words, verdict in zip(files, foretold, config_test(files), strict=True):
        assert words == verdict.words, path.read_text()


def test_keepalived_never_ends_where_hasim_refuses_to_go_on(tmp_path: Path) -> None:
    path = tmp_path / "circle.conf"
    path.write_text("$A=${A}\n$A\n")
    assert _read_words(path, "") is None
    assert config_test([(path, "")])[0].exit_status == KILLED
