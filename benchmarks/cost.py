"""What a simulated year costs, against how often something happens and how long nothing does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring import print_table, years_per_second
from benchmarks.pair import pair

__all__ = ["Sweep", "chart", "measure", "run"]

CHART = Path(__file__).parents[1] / "docs" / "images" / "cost-of-a-year.png"


@dataclass(frozen=True)
class Sweep:
    """One parameter varied: the values as numbers in ``unit``, and the milliseconds that a year cost at each."""

    name: str
    unit: str
    values: tuple[float, ...]
    costs_ms: tuple[float, ...]


def measure() -> list[Sweep]:
    """Four sweeps around the pair of an advert a second and an MTBF of 30 days."""
    return [
        _sweep("MTBF of an instance", "days", (3, 10, 30, 100, 300), _of_mtbf),
        _sweep("advert interval", "s", (0.01, 0.1, 1.0), _of_advert_int),
        _sweep("horizon", "years", (1, 10, 100), _of_horizon),
        _sweep("adverts lost", "%", (0.0, 0.001, 0.01, 0.1, 1.0), _of_loss),
    ]


def run() -> None:
    """Measure, print, and draw the chart of the documentation."""
    sweeps = measure()
    for sweep in sweeps:
        first = sweep.costs_ms[0]
        rows = [(f"{value:g} {sweep.unit}", ms, ms / first) for value, ms in zip(*_pairs(sweep), strict=True)]
        print_table(f"The cost of a year against: {sweep.name}", ("value", "CPU ms a year", "of the first"), rows)
    chart(sweeps, CHART)
    print(f"\nwritten: {CHART.name}")


def chart(sweeps: list[Sweep], path: Path) -> None:
    """The sweeps side by side, on logarithmic scales."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(sweeps), figsize=(11, 3.2), sharey=True, layout="constrained")
    for axis, sweep in zip(axes, sweeps, strict=True):
        shown = [(value, ms) for value, ms in zip(*_pairs(sweep), strict=True) if value > 0]
        axis.plot(*zip(*shown, strict=True), marker="o", color="#0072B2", linewidth=1.8)
        axis.set(xscale="log", yscale="log", xlabel=f"{sweep.name} ({sweep.unit})")
        axis.set_xticks([value for value, _ in shown], [f"{value:g}" for value, _ in shown])
        axis.minorticks_off()
        axis.grid(color="#DDDDDD", linewidth=0.6)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("CPU ms for a simulated year")
    axes[0].set_ylim(0.5, 500)
    axes[0].set_yticks([1, 10, 100], ["1", "10", "100"])
    figure.savefig(path, dpi=110, metadata={"Software": None})
    pyplot.close(figure)


def _pairs(sweep: Sweep) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return sweep.values, sweep.costs_ms


def _sweep(name: str, unit: str, values: tuple[float, ...], cost_ms: Callable[[float], float]) -> Sweep:
    return Sweep(name, unit, values, tuple(cost_ms(value) for value in values))


def _of_mtbf(days: float) -> float:
    years = max(1, round(days / 3))
    return 1e3 / years_per_second(pair(f"{years}y", mtbf=f"{days:g}d"))


def _of_advert_int(interval_s: float) -> float:
    return 1e3 / years_per_second(pair("10y", advert_int=f"{interval_s * 1e3:g}ms", version=3))


def _of_horizon(years: float) -> float:
    return 1e3 / years_per_second(pair(f"{years:g}y"), replications=round(100 / years))


def _of_loss(percent: float) -> float:
    return 1e3 / years_per_second(pair("3y", loss=f"{percent:g}%"))
