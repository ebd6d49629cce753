"""Small self-contained HTML fragments, for notebooks: everything escaped, no script, nothing loaded from elsewhere.

Colours are left to the page (light or dark); what is added are thin lines, weights and one colour for what went wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from hasim.report.numbers import duration_text, replications_text
from hasim.report.story import Episode, Event, Narration, OutageStory, clock, moment, since_fault
from hasim.report.tables import Table, design_table, study_tables
from hasim.report.values import held_html
from hasim.report.wording import BAD, GOOD
from hasim.scenario.model import Scenario
from hasim.study import StudyResult

__all__ = ["narration_html", "scenario_html", "study_html", "tables_html"]

# The class is repeated to outweigh the style sheets of notebooks, which align every cell to the right.
_STYLE = """<style>
.hasim.hasim.hasim table {border-collapse: collapse; margin: 0.4em 0 1em 0}
.hasim.hasim.hasim td, .hasim.hasim.hasim th {border: none; border-top: 1px solid rgba(128,128,128,0.35);
 padding: 2px 10px; text-align: left; vertical-align: top; white-space: normal; background: none}
.hasim.hasim.hasim th {font-weight: 600; border-top: none}
.hasim.hasim.hasim td.number, .hasim.hasim.hasim th.number {text-align: right;
 font-variant-numeric: tabular-nums; white-space: nowrap}
.hasim.hasim.hasim td.bad {color: #c0480a} .hasim.hasim.hasim td.good {color: #00805c} .hasim .why {opacity: 0.7}
.hasim p.why {white-space: pre-line} .hasim .value {white-space: nowrap}
.hasim.hasim.hasim caption {caption-side: top; white-space: nowrap; text-align: left; font-weight: 600; padding: 4px 0}
.hasim.hasim.hasim tr.outage > td {padding: 6px 10px; border-left: 3px solid #D55E00}
</style>"""


def study_html(result: StudyResult) -> str:
    """The tables of a study (see :func:`hasim.report.tables.study_tables`)."""
    return tables_html(study_tables(result))


def tables_html(tables: Iterable[Table]) -> str:
    """Any tables, one below the other."""
    return _fragment(_table_html(table) for table in tables)


def narration_html(narration: Narration) -> str:
    """A told replication: heading, a table per episode with the outages' phases inside, and what it amounted to."""
    parts = [f"<p>{escape(line)}</p>" for line in narration.heading]
    parts += [_episode_html(episode, narration.horizon_ns) for episode in narration.episodes]
    parts += [f"<p>{escape(line)}</p>" for line in narration.closing]
    return _fragment(parts)


def scenario_html(scenario: Scenario) -> str:
    """What a scenario is about, at a glance."""
    faults = "; ".join(f"{fault.name} ({fault.kind.replace('_', ' ')})" for fault in scenario.faults) or "none"
    about = f"<p>{escape(scenario.description.strip())}</p>" if scenario.description.strip() else ""
    usual = f"{replications_text(scenario.replications, scenario.horizon_ns)}, unless it is run otherwise"
    return _fragment([about, _table_html(design_table(scenario)), f"<p>Faults: {escape(faults)}</p><p>{usual}</p>"])


def _fragment(parts: Iterable[str]) -> str:
    return f'{_STYLE}<div class="hasim">{"".join(parts)}</div>'


def _table_html(table: Table) -> str:
    head = "".join(_cell("th", text, position in table.numbers) for position, text in enumerate(table.columns))
    rows = "".join(
        "<tr>" + "".join(_cell("td", text, position in table.numbers) for position, text in enumerate(row)) + "</tr>"
        for row in table.rows
    )
    header = f"<thead><tr>{head}</tr></thead>" if any(table.columns) else ""
    note = f'<p class="why">{held_html(table.note)}</p>' if table.note else ""
    return f"<table><caption>{escape(table.title)}</caption>{header}<tbody>{rows}</tbody></table>{note}"


def _cell(tag: str, text: str, is_number: bool, tone: str = "") -> str:
    classes = " ".join(filter(None, ["number" if is_number else "", tone]))
    return f"<{tag}{f' class={classes!r}' if classes else ''}>{escape(text) if is_number else held_html(text)}</{tag}>"


def _episode_html(episode: Episode, horizon_ns: int) -> str:
    rows = "".join(
        _event_row(item, horizon_ns) if isinstance(item, Event) else _story_row(item) for item in episode.items
    )
    at = moment(episode.start_ns, horizon_ns)
    title = f"at {at}" if ":" in at else f"at {at} s"
    head = '<tr><th class="number">time</th><th class="number">after the fault</th><th>who</th><th>what</th></tr>'
    return f"<table><caption>{escape(title)}</caption><thead>{head}</thead><tbody>{rows}</tbody></table>"


def _event_row(event: Event, horizon_ns: int) -> str:
    why = f' <span class="why">({held_html(event.why)})</span>' if event.why else ""
    tone = event.tone if event.tone in (GOOD, BAD) else ""
    times = "".join(
        _cell("td", time, True) for time in (clock(event.at_ns, horizon_ns), since_fault(event.relative_ns))
    )
    what = f"<td{f' class={tone!r}' if tone else ''}>{held_html(event.what)}{why}</td>"
    return f"<tr>{times}<td>{escape(event.who)}</td>{what}</tr>"


def _story_row(story: OutageStory) -> str:
    costs = tuple((row.phase, duration_text(row.cost_ns), row.meaning) for row in story.phases if row.cost_ns)
    table = _table_html(Table(f"outage {story.number}", ("", "", ""), costs, numbers=(1,)))
    return f'<tr class="outage"><td colspan="4">{held_html(story.sentence)}{table}</td></tr>'
