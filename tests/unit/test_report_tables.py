"""A study as tables and as HTML."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from rich.console import Console

from hasim.report.columns import column_widths
from hasim.report.html import narration_html, scenario_html, study_html, tables_html
from hasim.report.narration import explain
from hasim.report.selection import typical_failover, worst_outage
from hasim.report.tables import Table, rich_table, study_tables
from hasim.report.values import held, held_html, let_go
from hasim.scenario import loads
from hasim.scenario.model import Slo
from hasim.study import StudyResult, replicate
from tests.unit.report_samples import YEAR, S, crash_trace, outcome_of, random_outcomes, scenario, study
from tests.unit.scenario_texts import BASE

NASTY = "<script>alert('x')</script>&"


def table(result: StudyResult, title: str) -> Table:
    return next(found for found in study_tables(result) if found.title.startswith(title))


def cells(found: Table) -> dict[str, tuple[str, ...]]:
    return {row[0]: row[1:] for row in found.rows}


def rendered(found: Table, width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    console.print(rich_table(found))
    return console.file.getvalue()  # type: ignore[attr-defined]  # it is the StringIO from above


def test_headline_gives_every_number_with_its_interval() -> None:
    rows = cells(table(study(*random_outcomes(60, 12)), "primary-crash"))
    assert list(rows) == [
        "availability",
        "nines",
        "downtime per year",
        "outages per year",
        "outages seen",
        "failover latency p50",
        "failover latency p95",
        "failover latency p99",
        "longest failover",
        "longest outage",
    ]
    assert all(" to " in rows[name][1] for name in list(rows)[:4])


def test_without_outages_the_interval_stays_open_and_the_tables_are_short() -> None:
    result = study(*random_outcomes(20, 0))
    rows = cells(table(result, "primary-crash"))
    assert rows["availability"][0] == "100%"
    assert not rows["availability"][1].startswith("100%")
    assert rows["nines"] == ("∞", "0.77 or more")
    assert "failover latency p50" not in rows
    assert [found.title for found in study_tables(result)][1:-1] == ["API calls"]


def test_weak_defaults_that_matter_are_named_at_the_end() -> None:
    last = study_tables(study(*random_outcomes(20, 0)))[-1]
    assert last.title.startswith("Weak defaults")
    assert "guest.configure" in last.rows[0][0]


def test_figures_per_year_are_left_out_where_every_fault_is_scripted() -> None:
    crash = "faults: [{kind: crash, target: a, at: 100s, duration: 60s}]\n"
    result = replicate(loads(BASE + crash), replications=12, jobs=1)
    headline = study_tables(result)[0]
    assert "nines" not in [row[0] for row in headline.rows]
    assert "scripted" in headline.note


def test_causes_come_with_the_costliest_first() -> None:
    result = study(*random_outcomes(60, 12))
    rows = table(result, "By cause").rows
    lost = [result.downtime_by_cause_ns[row[0].replace(" ", "_")] for row in rows]
    assert lost == sorted(lost, reverse=True)


def test_phases_that_never_cost_anything_are_left_out() -> None:
    names = [row[0] for row in table(study(crash_trace()[1]), "Where").rows]
    assert names == ["detect", "notify", "api", "move", "propagate", "guest", "service"]


def test_refused_api_calls_are_counted_by_their_code() -> None:
    rows = cells(table(study(crash_trace(refused=2)[1]), "API calls"))
    assert rows["MigratePrivateIpAddress"] == ("3", "1", "2", "2 RequestLimitExceeded")


def test_disagreements_of_the_three_truths_are_listed_only_if_there_were_any() -> None:
    assert list(cells(table(study(crash_trace()[1]), "When"))) == [
        "address on an instance that is not MASTER",
        "black hole (MASTER has the address, no service)",
    ]
    assert all(found.title != "When the truths disagree" for found in study_tables(study(*random_outcomes(20, 3))))


@pytest.mark.parametrize(("share", "note"), [(0.09, ""), (0.5, "two MASTERs at once for 50% of the time: adverts do")])
def test_two_masters_for_long_are_said_below_the_headline(share: float, note: str) -> None:
    """Nobody reads as far as the table of disagreements where the availability looks good."""
    outcomes = [replace(one, dual_master_ns=round(share * one.horizon_ns)) for one in random_outcomes(20, 3)]
    result = study(*outcomes)
    assert study_tables(result)[0].note.startswith(note)
    assert bool(study_tables(result)[0].note) is bool(note)


def test_slo_verdicts_are_met_not_met_or_undecided() -> None:
    slo = Slo(availability=0.9999, failover_percentiles={0.5: 8 * S, 0.999: 15 * S}, longest_outage_ns=S)
    rows = cells(table(study(*random_outcomes(60, 12), slo=slo), "SLO"))
    assert {name: row[-1] for name, row in rows.items()} == {
        "availability": "met",
        "failover p50": "met",
        "failover p99.9": "NOT MET",
        "longest outage": "NOT MET",
    }
    assert rows["availability"][0] == "≥ 99.99%"
    assert rows["failover p50"][0] == "≤ 8 s"


def test_below_the_slo_stands_how_many_runs_miss_its_availability() -> None:
    missed = study(*random_outcomes(60, 12), slo=Slo(availability=1 - 1e-12))
    chance = missed.chance_of_missing_availability
    assert chance is not None
    shares = (f"{100 * share:.3g}%" for share in (chance.value, chance.low, chance.high))
    assert "{} of the runs of 1 y miss the availability that is wanted ({} to {})".format(*shares) in rendered(
        table(missed, "SLO"), width=200
    )


def test_an_slo_about_failovers_that_never_came_is_undecided() -> None:
    rows = cells(table(study(*random_outcomes(20, 0), slo=Slo(failover_percentiles={0.99: S})), "SLO"))
    assert rows["failover p99"] == ("≤ 1 s", "nothing seen", "", "undecided")


def test_scripted_faults_come_with_a_warning_about_years() -> None:
    scripted = loads(BASE + "faults: [{kind: crash, target: a, at: 100s, duration: 60s}]\n")
    random = loads(BASE + "faults: [{kind: crash, target: a, time_to_failure: 30d, duration: 60s}]\n")
    outcome = crash_trace()[1]
    assert "scripted" in study_tables(study(outcome, faults=scripted.faults))[0].note
    assert study_tables(study(outcome, faults=random.faults))[0].note == ""


def test_names_survive_in_narrow_windows() -> None:
    found = table(study(*random_outcomes(60, 12)), "By cause")
    text = rendered(found, width=80)
    assert max(len(line) for line in text.splitlines()) <= 80
    assert all(word in text.split() for row in found.rows for word in row[0].split())


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120])
def test_nothing_of_a_table_is_cut_off(width: int) -> None:
    """Rich crops what is wider than the window without a word: an interval lost its last digits."""
    rows = tuple(
        (name, "fault", "x 0.5 … x 2", "+32 min 47 s", "-103.565 s", "+40 min 47 s", "-29 min 53 s to +6 h 33 min")
        for name in ("MigratePrivateIpAddress.task", "service_failure a b: time to failure")
    )
    columns = ("", "", "from … to", "low end", "high end", "from low to high", "interval")
    text = rendered(Table("T", columns, rows, numbers=(3, 4, 5)), width)
    assert max(len(line) for line in text.splitlines()) <= width
    said = Counter("".join([*columns, *(cell for row in rows for cell in row)]).replace(" ", ""))
    assert said - Counter(text) == Counter()


def test_columns_give_way_at_blanks_between_values_before_names_and_values_are_broken() -> None:
    row = ("a name of some length", "12 min 13 s", "12 min 13 s to 14 min 15 s")
    headings = ("", "downtime", "interval")
    assert column_widths(headings, [row], {1}, 80) == [21, 11, 26]
    assert column_widths(headings, [row], {1}, 50) == [21, 11, 13]
    assert column_widths(headings, [row], {1}, 44) == [14, 11, 14]
    assert column_widths(headings, [row], {1}, 30) == [8, 8, 9]
    assert sum(column_widths(headings, [row], {1}, 20)) == 15


@pytest.mark.parametrize("width", [60, 80])
def test_values_hold_together_where_a_cell_is_broken(width: int) -> None:
    """A difference of ``+7`` in one line and ``min 24 s`` in the next is read as another number."""
    row = ("crash of a", "-29 min 53 s to +6 h 33 min", "≤ 10 s, x 0.5, 951.3 ms or 1 d 3 h more", "+7 min 24 s")
    text = rendered(Table("T", ("", "interval", "wanted", "difference"), (row,) * 2, numbers=(3,)), width)
    assert len(text.splitlines()) > 6
    assert "\ue000" not in text
    for value in ("-29 min 53 s", "+6 h 33 min", "≤ 10 s", "x 0.5", "951.3 ms", "1 d 3 h", "+7 min 24 s"):
        assert text.count(value) == 2


def test_a_value_wider_than_its_column_is_broken_between_its_parts() -> None:
    assert let_go(held("from 12 min 13 s", 8)) == "from 12 min 13 s"
    assert held("from 12 min 13 s", 8).split() == held("from 12 min 13 s", whole=False).split()
    assert len(held("from 12 min 13 s", 8).split()) == 3
    assert len(held("from 12 min 13 s", 11).split()) == 2
    assert len(held("min 2 hosts s", 99).split()) == 4


def test_values_in_html_are_the_same_text_as_before() -> None:
    assert held_html("<+7 min 24 s") == '&lt;<span class="value">+7 min 24 s</span>'
    assert held_html("a & b") == "a &amp; b"
    cells = tables_html([Table("T", ("",) * 2, (("a", "12 min 13 s"),) * 2, numbers=(1,))])
    assert cells.count("<td class='number'>12 min 13 s</td>") == 2


def test_markup_in_names_is_not_interpreted() -> None:
    assert "[red]x[/red]" in rendered(Table("[red]x[/red]", ("[b]a",), (("[i]b",),)))


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def check_html(fragment: str) -> str:
    """Well-formed, inert, self-contained."""
    tags = _Tags()
    tags.feed(fragment)
    tags.close()
    assert tags.open == []
    assert tags.seen <= {"style", "div", "table", "caption", "thead", "tbody", "tr", "th", "td", "p", "span"}
    assert "http" not in fragment
    return fragment


def test_html_of_a_study_has_its_tables() -> None:
    fragment = check_html(study(*random_outcomes(20, 5))._repr_html_())
    assert "failover latency p99" in fragment
    assert "p50 to p99 are of failovers" in fragment
    assert study_html(study(*random_outcomes(20, 5))) == fragment


def test_html_escapes_whatever_a_user_can_name() -> None:
    nasty = replace(scenario(), name=NASTY, description=NASTY)
    trace, outcome = crash_trace()
    for fragment in (
        study_html(replace(study(outcome), scenario=nasty)),
        scenario_html(nasty),
        narration_html(explain(trace, outcome, nasty)),
    ):
        check_html(fragment)
        assert "&lt;script&gt;" in fragment


def test_html_of_a_narration_has_the_phases_of_the_outage() -> None:
    fragment = check_html(narration_html(explain(*crash_trace(), scenario())))
    assert "until the cloud had moved it" in fragment
    assert "+3.109" in fragment


def test_the_typical_failover_is_the_median_and_the_worst_outage_the_longest() -> None:
    result = study(*random_outcomes(30, 4))
    lengths = sorted(outage.duration_ns for outage in result.failovers)
    typical, worst = typical_failover(result), worst_outage(result)
    assert typical is not None
    assert worst is not None
    assert (
        result.outcomes[typical.replication].outages[typical.number - 1].duration_ns == lengths[(len(lengths) - 1) // 2]
    )
    assert result.outcomes[worst.replication].outages[worst.number - 1].duration_ns == result.longest_outage_ns


def test_without_a_failover_the_longest_outage_is_looked_at() -> None:
    outage = replace(crash_trace()[1].outages[0], resolution="recovered_in_place")
    assert typical_failover(study(outcome_of((outage,), YEAR, 0))) == (0, 1)
    assert typical_failover(study(*random_outcomes(2, 0))) is None
