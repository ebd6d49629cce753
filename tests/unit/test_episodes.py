"""Studies by episodes: they agree with years of replications, and refuse what they cannot answer."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import cache
from pathlib import Path

import html5lib
import numpy as np
import pytest
from scipy.stats import ks_2samp

import hasim
from hasim.errors import UserError
from hasim.measure import Outage
from hasim.report.charts.horizons import downtime_of_a_run
from hasim.report.numbers import percentage
from hasim.scenario import loads
from hasim.scenario.distributions import Exponential, Gamma, LogNormal, Mixture, Weibull
from hasim.scenario.model import Fault, FaultKind, Slo
from hasim.study import replicate
from hasim.study.episodes import EpisodesResult, run_episodes
from hasim.study.episodes.clocks import Clock
from hasim.study.episodes.episode import Episode
from hasim.study.episodes.estimation import Cycles, Stratum
from hasim.study.episodes.plan import further, reached
from hasim.study.episodes.quantiles import weighted_quantile
from hasim.units import DAY, HOUR, MINUTE, SECOND
from tests.exact.pairs import bare_pair, crashing_group
from tests.unit.test_report_charts import texts_outside

pytestmark = pytest.mark.usefixtures("short_pilot")

STUDIES = 1_000


def outage(duration_ns: int) -> Outage:
    return Outage(0, duration_ns, "instance", "crash", "", "a", "b", (duration_ns, *[0] * 7), "failover")


def episode(number: int, master: str, downtime_ns: int, length_ns: int, weight: float = 1.0) -> Episode:
    outages = (outage(downtime_ns),) if downtime_ns else ()
    return Episode(number, weight, master, length_ns, (0, downtime_ns), outages, 0, 0, 0)


@cache
def nothing_lost(master: str, count: int) -> list[Episode]:
    return [episode(number, master, 0, 20 * MINUTE) for number in range(count)]


def synthetic(rng: np.random.Generator, count: int) -> Cycles:
    """Two clocks, two MASTERs: the crash of the MASTER costs an exponential time and moves it, that of the other
    nothing. The rates are 1 and 3 a day, and an episode lasts 20 min."""
    table = {}
    for master, other in (("a", "b"), ("b", "a")):
        for clock, name in enumerate(("a", "b")):
            rows = nothing_lost(master, count)
            if name == master:
                lost = rng.exponential(30 * SECOND, count).astype(int) + 1
                rows = [episode(number, other, int(ns), 20 * MINUTE) for number, ns in enumerate(lost)]
            table[Stratum(master, clock, 0)] = rows
    return Cycles(dict.fromkeys("ab", (1 / DAY, 3 / DAY)), table)


def test_the_interval_of_a_ratio_over_cycles_holds_the_truth_in_95_of_100_studies() -> None:
    """a is MASTER before 3 of 4 cycles, and fails then with the chance 1/4; b before 1 of 4, and fails with 3/4."""
    truth = (0.75 * 0.25 + 0.25 * 0.75) * 30 * SECOND / (DAY / 4 + 20 * MINUTE)
    rng = np.random.default_rng(1)
    found = [synthetic(rng, 60).ratio(lambda e: sum(e.downtime_ns)).estimate() for _ in range(STUDIES)]
    assert 0.93 <= sum(one.low <= truth <= one.high for one in found) / STUDIES <= 0.97


def test_the_interval_of_what_biased_episodes_add_holds_the_truth() -> None:
    """One episode in a thousand has an overlap: each that was made stands for that, more or less, and costs 10 min on
    the average."""
    rng = np.random.default_rng(4)
    found = []
    alone = [episode(number, "a", 0, 20 * MINUTE, 0.999) for number in range(16)]
    for _ in range(STUDIES):
        weights, lost_ns = rng.gamma(1.5, 1e-3 / 1.5, 120), rng.exponential(10 * MINUTE, 120)
        overlap = [
            episode(n, "a", int(ns), 40 * MINUTE, w) for n, (ns, w) in enumerate(zip(lost_ns, weights, strict=True))
        ]
        cycles = Cycles({"a": [1 / DAY]}, {Stratum("a", 0, 0): alone, Stratum("a", 0, 1): overlap})
        found.append(cycles.ratio(lambda e: sum(e.downtime_ns)).estimate())
    truth = 1e-3 * 10 * MINUTE / (DAY + (0.999 * 20 + 0.001 * 40) * MINUTE)
    assert 0.93 <= sum(one.low <= truth <= one.high for one in found) / STUDIES <= 0.97


def test_the_interval_over_latin_hypercubes_is_narrow_and_holds_the_truth() -> None:
    """30 hypercubes of 5 episodes, whose downtime is exponential."""
    rng = np.random.default_rng(5)
    truth = 30 * SECOND / (DAY + 20 * MINUTE)
    wide, narrow = [], []
    for _ in range(STUDIES):
        parts = np.concatenate([rng.permutation(5) for _ in range(30)])
        lost_ns = -30 * SECOND * np.log1p(-(parts + rng.random(150)) / 5)
        rows = [episode(number, "a", int(ns) + 1, 20 * MINUTE) for number, ns in enumerate(lost_ns)]
        for count, found in ((1, wide), (5, narrow)):
            cycles = Cycles({"a": [1 / DAY]}, {Stratum("a", 0, 0): rows}, rows=count)
            found.append(cycles.ratio(lambda e: sum(e.downtime_ns)).estimate())
    assert 0.93 <= sum(one.low <= truth <= one.high for one in narrow) / STUDIES <= 0.97
    assert all(one.low <= truth <= one.high for one in wide)
    assert sum(one.high - one.low for one in narrow) < 0.6 * sum(one.high - one.low for one in wide)


def test_a_single_hypercube_says_nothing_about_the_next() -> None:
    rows = [episode(number, "a", (1 + number) * SECOND, 20 * MINUTE) for number in range(17)]
    found = Cycles({"a": [1 / DAY]}, {Stratum("a", 0, 0): rows}, rows=17).ratio(lambda e: sum(e.downtime_ns)).estimate()
    alike = Cycles({"a": [1 / DAY]}, {Stratum("a", 0, 0): rows}).ratio(lambda e: sum(e.downtime_ns)).estimate()
    assert found == alike
    assert found.low < 0.8 * found.value


def test_what_a_single_episode_says_is_not_enough() -> None:
    """One overlap of 100 cost a day: whatever the interval says, nobody knows how many do."""
    alone = [episode(number, "a", 30 * SECOND + number, 20 * MINUTE) for number in range(34)]
    overlaps = [episode(number, "a", DAY * (number == 7), HOUR, 1e-7) for number in range(100)]
    stratum = Stratum("a", 0, 1, True)
    cycles = Cycles({"a": [1 / DAY]}, {Stratum("a", 0, 0): alone, stratum: overlaps}, rows=17)
    aim = cycles.ratio(lambda e: sum(e.downtime_ns))
    assert aim.estimate().high < 1.1 * aim.value
    assert not reached([aim], 0.1)
    assert further(cycles, [aim], 0.1, 10_000)[stratum] > 300


def test_the_interval_of_a_weighted_quantile_holds_the_truth() -> None:
    rng = np.random.default_rng(2)
    truth = -30 * SECOND * math.log(0.1)
    found = [weighted_quantile(synthetic(rng, 100), lambda e: e.outages, 0.9) for _ in range(300)]
    assert sum(one.low <= truth <= one.high for one in found) / 300 >= 0.93


def test_few_failovers_set_no_bound_to_a_quantile_far_out() -> None:
    cycles = synthetic(np.random.default_rng(3), 30)
    assert weighted_quantile(cycles, lambda e: e.outages, 0.99).high == math.inf
    assert weighted_quantile(cycles, lambda e: e.outages, 0.01).low == 0


@pytest.mark.parametrize(
    "distribution",
    [
        Exponential(DAY),
        Weibull(0.5, DAY),
        Weibull(3.0, DAY),
        Gamma(2.0, DAY),
        LogNormal(DAY, 0.95, 3 * DAY),
        Mixture((0.3, 0.7), (Exponential(HOUR), Weibull(2.0, DAY))),
    ],
    ids=lambda distribution: type(distribution).__name__,
)
def test_a_clock_fails_between_two_ages_as_its_distribution_says(distribution: object) -> None:
    clock = Clock(Fault("f", FaultKind.CRASH, ("a",), time_to_failure=distribution, duration=Exponential(1)), "a")  # type: ignore[arg-type]
    low, high = HOUR, 20 * HOUR
    assert clock.fails(0, low) + clock.survives(0, low) == pytest.approx(1.0)
    assert clock.fails(low, high) + clock.survives(low, high) == pytest.approx(1.0)
    middle = clock.age_at_failure(low, high, 0.5)
    assert clock.fails(low, middle) == pytest.approx(clock.fails(low, high) / 2, rel=1e-6)
    assert low < clock.age_at_failure(low, math.inf, 0.01) < clock.age_at_failure(low, math.inf, 0.99)


def test_the_age_of_a_clock_in_the_long_run_has_half_its_mean_where_it_never_varies_much() -> None:
    clock = Clock(Fault("f", FaultKind.CRASH, ("a",), time_to_failure=Gamma(900.0, DAY), duration=Exponential(1)), "a")
    assert clock.steady_age_ns(0.5) == pytest.approx(DAY / 2, rel=0.01)


TROUBLED = """
  - {kind: crash, target: [a, b], time_to_failure: {exponential: {mean: 8d}}, duration: {exponential: {mean: 20min}}}
  - {kind: service_failure, target: [a, b], time_to_failure: {exponential: {mean: 6d}}, duration: 3min}
  - {kind: api_outage, time_to_failure: {exponential: {mean: 5d}}, duration: {exponential: {mean: 30min}}}
"""
CHECKED = "{advert_int: 1s, nopreempt: true, track_scripts: {service: {interval: 2s, fall: 2, rise: 2}}}"


def troubled_pair() -> str:
    text = bare_pair(TROUBLED, horizon="100d", vrrp=CHECKED, task="{lognormal: {median: 3s, p95: 9s}}")
    return text.replace("poll_interval: 1s", "poll_interval: 1s, reclaim_interval: 1min")


@pytest.mark.parametrize(
    ("text", "replications"),
    [
        (crashing_group("{exponential: {mean: 5d}}", "{exponential: {mean: 30min}}", third=True), 60),
        (troubled_pair(), 30),
    ],
    ids=["three instances", "crashes, services, API"],
)
def test_episodes_and_years_agree(text: str, replications: int) -> None:
    scenario = loads(text)
    years = replicate(scenario, seed=1, replications=replications, jobs=1)
    episodes = run_episodes(scenario, seed=1, precision=0.3, jobs=1)
    pairs = [
        (years.unavailability, episodes.unavailability),
        (years.outages_per_year, episodes.outages_per_year),
        (years.failover_percentile(0.5), episodes.failover_percentile(0.5)),
    ]
    for crude, fine in pairs:
        assert crude is not None
        assert fine is not None
        assert fine.low <= crude.high
        assert crude.low <= fine.high
    horizons = episodes.horizons
    assert horizons is not None
    assert ks_2samp([outcome.downtime_ns for outcome in years.outcomes], horizons.downtime_ns).pvalue > 0.01


@pytest.fixture(scope="module")
def small(short_pilot: None) -> EpisodesResult:
    scenario = loads(crashing_group("{exponential: {mean: 10d}}", "{exponential: {mean: 10min}}"))
    return run_episodes(scenario, seed=4, precision=0.2, jobs=1)


def test_parts_add_up_to_the_whole(small: EpisodesResult) -> None:
    whole = small.unavailability.value
    assert sum(part.value for part in small.unavailability_by_faults.values()) == pytest.approx(whole, rel=1e-9)
    assert sum(part.value for part in small.downtime_by_cause.values()) == pytest.approx(whole, rel=1e-9)
    assert sum(row.share for row in small.initiators) == pytest.approx(1.0, rel=1e-9)
    assert sum(row.per_year for row in small.initiators) == pytest.approx(small.episodes_per_year.value, rel=1e-9)


def test_the_same_seed_gives_the_same_result_on_two_processes(small: EpisodesResult) -> None:
    again = run_episodes(small.scenario, seed=4, precision=0.2, jobs=2)
    assert json.dumps(again.to_json()) == json.dumps(small.to_json())


def test_a_loaded_scenario_gives_the_same_result(small: EpisodesResult, tmp_path: Path) -> None:
    file = tmp_path / "pair.yaml"
    file.write_text(crashing_group("{exponential: {mean: 10d}}", "{exponential: {mean: 10min}}"), encoding="utf-8")
    assert hasim.load(file).episodes(seed=4, precision=0.2, jobs=1).unavailability == small.unavailability


@pytest.mark.parametrize("precision", [0.0, 1.0, -0.1, math.nan])
def test_a_precision_that_cannot_be_is_refused(small: EpisodesResult, precision: float) -> None:
    with pytest.raises(UserError, match="a precision is a fraction between 0 and 1"):
        run_episodes(small.scenario, precision=precision, jobs=1)


def test_what_no_single_fault_did_is_said(small: EpisodesResult) -> None:
    unseen = small.unseen
    assert unseen is not None
    assert unseen.episodes == sum(len(rows) for s, rows in small.cycles.episodes.items() if s.depth == 0)
    assert unseen.one_in == pytest.approx(10 / small.unavailability.value, rel=1e-3)
    assert f"of {unseen.episodes:,} single faults none left the service out" in small._repr_html_()


def test_its_json_and_its_tables_say_the_same(small: EpisodesResult) -> None:
    document = json.loads(json.dumps(small.to_json(), allow_nan=False))
    assert document["format"] == "hasim.episodes/1"
    assert document["summary"]["unavailability"]["value"] == small.unavailability.value
    page = small._repr_html_()
    assert "What begins it" in page
    assert f"{small.episodes:,} episodes" in page


def test_its_runs_have_its_downtime(small: EpisodesResult) -> None:
    horizons = small.horizons
    assert horizons is not None
    mean_ns = sum(horizons.downtime_ns) / horizons.runs
    assert mean_ns == pytest.approx(small.unavailability.value * small.scenario.horizon_ns, rel=0.02)
    document = small.to_json()["horizon"]
    assert document["runs"] == horizons.runs
    median = document["downtime_p50_ns"]
    assert median["low"] < median["value"] < median["high"] < document["downtime_p90_ns"]["value"]
    assert document["chance_of_outage"]["value"] == horizons.chance_above(0).value
    assert document["chance_of_missing_availability"] is None
    assert "Downtime of one run" in small._repr_html_()


def test_a_run_with_too_many_episodes_is_not_put_together(small: EpisodesResult) -> None:
    long = replace(small, scenario=replace(small.scenario, horizon_ns=10**5 * round(small.cycles.mean_cycle_ns)))
    assert long.horizons is None
    assert long.to_json()["horizon"] is None
    assert "Downtime of one run" not in long._repr_html_()


def test_how_many_runs_miss_the_availability_that_is_wanted(small: EpisodesResult) -> None:
    half = small.scenario.horizon_ns * small.unavailability.value / 2
    wanted = Slo(availability=1.0 - half / small.scenario.horizon_ns)
    found = replace(small, scenario=replace(small.scenario, slo=wanted)).chance_of_missing_availability
    assert found is not None
    assert small.horizons is not None
    assert found == small.horizons.chance_above(half)
    assert 0.3 < found.value < 1.0


@pytest.mark.parametrize(
    ("wanted", "words"),
    [(1 - 1e-12, "further left: "), (0.99995, "SLO 99.995%"), (0.999, "SLO 99.9%"), (0.5, "SLO 50%"), (None, "")],
)
def test_the_chart_of_a_run_shows_the_slo_wherever_it_is(
    wanted: float | None, words: str, small: EpisodesResult
) -> None:
    chart = downtime_of_a_run(replace(small, scenario=replace(small.scenario, slo=Slo(availability=wanted))))
    assert texts_outside(chart) == []
    (axes,) = chart.axes
    said = [text.get_text() for text in axes.texts if "SLO" in text.get_text()]
    assert len(said) == (wanted is not None)
    assert words in "".join(said)
    dashed = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert len(dashed) == (0 if wanted is None or "further" in words else 1)


def test_its_frames_add_up_to_its_downtime(small: EpisodesResult) -> None:
    episodes, outages = small.frame(), small.frame("outages")
    assert len(episodes) == small.episodes
    for frame in (episodes.assign(lost_ns=episodes.downtime_ns), outages.assign(lost_ns=outages.duration_ns)):
        assert (frame.per_year * frame.lost_ns).sum() == pytest.approx(small.downtime_per_year_ns.value, rel=0.01)
    with pytest.raises(UserError, match="there are strata, episodes, outages"):
        small.frame("replications")


def test_its_report_has_the_answer_and_the_way_to_make_it_again(small: EpisodesResult, tmp_path: Path) -> None:
    small.write_report(tmp_path / "long.html", "hasim run pair.yaml --method episodes")
    html = (tmp_path / "long.html").read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(html)
    assert f"The service is available {percentage(small.availability.value)} of the time" in html
    assert "<code>hasim run pair.yaml --method episodes</code>" in html
    assert f"episodes {small.episodes:,}" in " ".join(html.split())


@pytest.mark.parametrize(
    ("fault", "more", "reason"),
    [
        ("at: 10s, duration: 1h", "", "strikes at a fixed time"),
        ("time_to_failure: {exponential: {mean: 9d}}", "", "never ends"),
        ("time_to_failure: 9d, duration: 1h", "", "fixed times to failure"),
        ("time_to_failure: {exponential: {mean: 9d}}, duration: 1h", "loss: 20%, ", "loses so many packets"),
    ],
)
def test_what_is_not_made_of_separate_incidents_is_refused_with_the_reason(fault: str, more: str, reason: str) -> None:
    text = bare_pair(f"[{{kind: crash, target: [a, b], {fault}}}]", horizon="100d")
    text = text.replace('{latency: "0"', f'{{{more}latency: "0"')
    with pytest.raises(UserError, match=reason):
        run_episodes(loads(text), jobs=1)


def lossy_pair(network: str) -> str:
    text = crashing_group("{exponential: {mean: 2d}}", "{exponential: {mean: 30min}}", vrrp="{advert_int: 1s}")
    return text.replace('{latency: "0", jitter: "0"}', network).replace("horizon: 100d", "horizon: 1d")


def test_false_failovers_by_lost_adverts_agree_with_years() -> None:
    """Three adverts in a row are lost every 18 minutes."""
    scenario = loads(lossy_pair('{loss: 10%, latency: "0", jitter: "0"}'))
    years = replicate(scenario, seed=1, replications=12, jobs=1)
    episodes = run_episodes(scenario, seed=1, precision=0.1, jobs=1)
    assert episodes.initiators[0].clock.label == "lost adverts: a to b"
    assert episodes.initiators[0].share > 0.95
    for crude, fine in (
        (years.unavailability, episodes.unavailability),
        (years.outages_per_year, episodes.outages_per_year),
    ):
        assert fine.low <= crude.high
        assert crude.low <= fine.high


def test_it_is_said_when_jitter_decides_how_many_lost_adverts_are_too_many() -> None:
    """The standby waits for 3.609 s: a fourth advert is in time or not by how much later it is than the first."""
    jitter = "{loss: 1%, latency: 0s, jitter: {uniform: {low: 0s, high: 500ms}}}"
    with pytest.raises(UserError, match="depends on the jitter of adverts from a to b whether 3 or 4"):
        run_episodes(loads(lossy_pair(jitter)), jobs=1)


def test_a_clock_with_a_memory_is_refused_where_the_order_of_failures_matters() -> None:
    vrrp = "{advert_int: 1s, nopreempt: true}"
    text = crashing_group("{weibull: {shape: 3, scale: 30d}}", "10min", vrrp=vrrp)
    with pytest.raises(UserError, match="the order of failures matters"):
        run_episodes(loads(text), jobs=1)


def test_a_clock_with_a_memory_is_refused_where_faults_often_overlap() -> None:
    text = crashing_group("{weibull: {shape: 3, scale: 10h}}", "1h")
    with pytest.raises(UserError, match="faults are not separate"):
        run_episodes(loads(text), jobs=1)


def test_a_world_without_a_steady_state_is_refused() -> None:
    """Adverts take longer than keepalived waits for them: the pair is never at rest."""
    faults = "[{kind: crash, target: [a, b], time_to_failure: {exponential: {mean: 9d}}, duration: 1h}]"
    text = bare_pair(faults, horizon="100d").replace('jitter: "0"', "jitter: {uniform: {low: 0s, high: 20s}}")
    with pytest.raises(UserError, match="does not stay in a steady state"):
        run_episodes(loads(text), jobs=1)
