"""Draws the pictures of README.md and docs/: ``python docs/images/make.py``.

Charts are those of ``hasim run`` and ``hasim explain``, made from shipped scenarios; the two diagrams are drawn here in
the same style. The same version of hasim and matplotlib gives the same bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hasim
from hasim.measure import PHASES
from hasim.report.charts import Chart, failover_latency, outage_timeline, phases_stacked, save
from hasim.report.charts.horizons import downtime_of_a_run
from hasim.report.charts.style import BAD, BLACK, BLUE, DARK_GREY, MID_GREY, SKY, blank_chart, phase_style, styled
from hasim.report.selection import typical_failover
from hasim.units import SECOND
from hasim.vrrp.timers import master_down_interval

IMAGES = Path(__file__).resolve().parent
SCENARIOS = IMAGES.parents[1] / "scenarios"

_ENDS_WHEN = (
    "the protocol\nreacts",
    "the instance that\nwill serve is\nMASTER",
    "its script makes\nits first API call",
    "the call that\nmoves the address\nis accepted",
    "the cloud's task\ncommits",
    "packets go to the\nnew instance",
    "its guest has\nthe address",
    "the service\nanswers",
)
_CRASH, _LATENCY = 6.6, 0.18
_LAST_ARRIVAL = int(_CRASH) + _LATENCY
_DEADLINE = _LAST_ARRIVAL + master_down_interval(2, 100, SECOND) / SECOND
_WHOSE = ((0, 2, "keepalived"), (2, 3, "script"), (3, 6, "cloud"), (6, 8, "instance"))


def main() -> None:
    """Write every picture beside this file."""
    best_practice = hasim.load(SCENARIOS / "secondary-ip-best-practice.yaml")
    result = best_practice.run()
    save(failover_latency(result), IMAGES / "failover-latency.png")
    save(_typical_timeline(best_practice, result), IMAGES / "timeline.png")
    save(_mechanisms(), IMAGES / "mechanisms.png")
    save(_all_eight_phases(), IMAGES / "eight-phases.png")
    save(_one_year(), IMAGES / "one-year.png")
    save(phases_diagram(), IMAGES / "phases.png")
    save(quiet_diagram(), IMAGES / "quiet-heartbeats.png")


def _typical_timeline(study: hasim.Study, result: Any) -> Chart:
    found = typical_failover(result)
    assert found is not None
    explanation = study.explain(replication=found.replication)
    return outage_timeline(explanation.trace, explanation.outages[found.number - 1])


def _mechanisms() -> Chart:
    """The same crash, the same faults, four ways to move the address."""
    study = hasim.load(SCENARIOS / "sub-second-vrrpv3.yaml").with_(
        vrrp__version=2, vrrp__advert_int="1s", vrrp__nopreempt=True, slo={}
    )
    ways = (("secondary_ip", "migrate"), ("secondary_ip", "reassign"), ("eni", "migrate"), ("eni", "reattach"))
    results = [
        study.with_(name=f"{mechanism}-{method}", floating__mechanism=mechanism, floating__method=method).run()
        for mechanism, method in ways
    ]
    return phases_stacked(*results)


def _one_year() -> Chart:
    """How the downtime of a year is distributed where now and then both instances are down."""
    crashes = {"time_to_failure": {"exponential": {"mean": "1000h"}}, "duration": {"exponential": {"mean": "1h"}}}
    study = hasim.load(SCENARIOS / "year-of-ordinary-failures.yaml").with_(
        name="pair", faults=[{"kind": "crash", "target": ["a", "b"], **crashes}], slo={"availability": "99.999%"}
    )
    return downtime_of_a_run(study.episodes(precision=0.03))


def _all_eight_phases() -> Chart:
    """An outage in which every phase takes time: a failing service, a moving ENI, a service that starts on MASTER."""
    study = hasim.load(SCENARIOS / "partition.yaml").with_(
        name="eight-phases",
        floating__mechanism="eni",
        floating__method="reattach",
        instances__a__vrrp__track_scripts={"service": {"interval": "2s", "fall": 2, "weight": -60}},
        instances__b__service={"on_master_only": True, "start_up": "25s"},
        faults=[{"kind": "service_failure", "target": "a", "at": "100s"}],
    )
    return study.explain().timeline()


@styled
def phases_diagram() -> Chart:
    """The eight phases side by side, each with the event that ends it. Not to scale."""
    chart = blank_chart(11.5, 2.5)
    axes = chart.add_subplot()
    axes.set_axis_off()
    axes.set_xlim(-0.62, len(PHASES) + 0.02)
    axes.set_ylim(-1.2, 1.65)
    for index, (phase, ends_when) in enumerate(zip(PHASES, _ENDS_WHEN, strict=True)):
        axes.barh(0.25, 1, left=index, height=0.5, **phase_style(index))
        axes.text(
            index + 0.5, 0.25, phase, ha="center", va="center", fontsize=10.5, fontweight="bold",
            bbox={"boxstyle": "square,pad=0.18", "facecolor": "white", "edgecolor": "none"},
        )  # fmt: skip
        _mark(axes, index + 1, bottom=-0.35)
        axes.text(index + 0.98, -0.45, ends_when, ha="right", va="top", fontsize=9, linespacing=1.25)
    _mark(axes, 0, bottom=-0.35)
    axes.text(-0.02, -0.45, "the service\nis lost", ha="right", va="top", fontsize=9, color=BAD, linespacing=1.25)
    for first, last, whose in _WHOSE:
        _bracket(axes, first, last, 0.72, whose)
    _bracket(axes, 0, len(PHASES), 1.3, "one outage: the eight phases are its integer sum, to the nanosecond")
    return chart


def _mark(axes: Any, position: float, *, bottom: float) -> None:
    axes.plot([position, position], [bottom, 0.5], color=BLACK, linewidth=1.0)


def _bracket(axes: Any, first: float, last: float, height: float, label: str) -> None:
    left, right = first + 0.03, last - 0.03
    axes.plot([left, left, right, right], [height - 0.1, height, height, height - 0.1], color=DARK_GREY, linewidth=1.0)
    axes.text((left + right) / 2, height + 0.06, label, ha="center", va="bottom", fontsize=9.5, color=DARK_GREY)


@styled
def quiet_diagram() -> Chart:
    """What is simulated around the crash of a MASTER: every advert, or only what matters."""
    chart = blank_chart(11.5, 3.6)
    axes = chart.add_subplot()
    axes.set_axis_off()
    axes.set_xlim(-2.3, _DEADLINE + 1.3)
    axes.set_ylim(-0.55, 4.75)
    for top, title in ((3.9, "explicit"), (1.1, "quiet")):
        axes.text(-2.3, top + 0.45, title, fontsize=11, fontweight="bold", va="center")
        for height, who in ((top, "MASTER a"), (top - 1, "BACKUP b")):
            axes.text(-0.25, height, who, ha="right", va="center", fontsize=9.5)
            axes.plot([0, _DEADLINE + 0.9], [height, height], color=MID_GREY, linewidth=0.8, zorder=1)
        _draw_takeover(axes, top)
    for sent in range(int(_CRASH) + 1):
        _arrow(axes, (sent, 3.9), (sent + _LATENCY, 2.9), BLUE)
    axes.text(3.0, 2.72, "every advert is an event, and each moves b's deadline", ha="center", va="top", fontsize=9.5)
    axes.barh(1.1, _CRASH, left=0, height=0.34, facecolor=SKY, alpha=0.35, zorder=0)
    axes.text(3.0, 1.42, "parked: nothing is scheduled", ha="center", va="center", fontsize=9.5)
    axes.text(
        _CRASH + 0.2, 1.36, "crash: 7 adverts were sent, the last arrived here", va="center", fontsize=9.5, color=BAD
    )
    axes.text(_CRASH + 0.2, 4.16, "crash", va="center", fontsize=9.5, color=BAD)
    _arrow(axes, (int(_CRASH), 1.1), (_LAST_ARRIVAL, 0.1), BLUE)
    return chart


def _draw_takeover(axes: Any, top: float) -> None:
    """The crash, the master-down interval after the last arrival, and the BACKUP that becomes MASTER at its end."""
    axes.plot([_CRASH], [top], marker="X", markersize=10, color=BAD, zorder=4)
    axes.plot([_DEADLINE], [top - 1], marker="o", markersize=8, color=BLACK, zorder=4)
    axes.text(_DEADLINE, top - 0.68, "b: MASTER", fontsize=9.5, ha="center", va="center")
    axes.annotate(
        "", (_DEADLINE, top - 1.22), (_LAST_ARRIVAL, top - 1.22),
        arrowprops={"arrowstyle": "<->", "color": DARK_GREY, "linewidth": 1.0, "shrinkA": 0, "shrinkB": 0},
    )  # fmt: skip
    axes.text(
        (_LAST_ARRIVAL + _DEADLINE) / 2, top - 1.3, "master-down interval", ha="center", va="top", fontsize=9,
        color=DARK_GREY,
    )  # fmt: skip


def _arrow(axes: Any, start: tuple[float, float], end: tuple[float, float], color: str) -> None:
    axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": color, "linewidth": 1.1}, zorder=2)


if __name__ == "__main__":
    main()
