"""An advice as tables: the answer, the candidates, and what was considered in which order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from hasim.report.comparison import interval_text
from hasim.report.numbers import amount_text, duration_text, percentage, replications_text
from hasim.report.overlaps import in_doubt_note
from hasim.report.tables import MET, MISSED, UNDECIDED, Table
from hasim.study.advise.candidates import AS_IT_IS
from hasim.study.advise.elimination import Standing
from hasim.study.compare.variants import value_text
from hasim.study.slo import LONGEST_OUTAGE
from hasim.units import counted, format_duration

if TYPE_CHECKING:
    from hasim.study.advise import Advice, Judged
    from hasim.study.slo import Verdict

__all__ = ["advice_sentence", "advice_tables", "answer_text"]

_MOST_ROWS = 40
_WORDS = {Standing.MEETS: MET, Standing.MISSES: MISSED, Standing.IN_DOUBT: UNDECIDED}


def advice_tables(advice: Advice) -> list[Table]:
    """The tables of an advice in reading order."""
    tables = [_answer(advice), _changes(advice), _candidates(advice), _trade_off(advice), _order(advice)]
    return [table for table in tables if table.rows]


def answer_text(advice: Advice) -> str:
    """What the advice comes to, in a sentence."""
    if advice.is_hopeless:
        return "Nothing that was considered meets the SLO"
    if advice.answer is None:
        return "Undecided: nothing certainly meets the SLO"
    name = advice.answer.candidate.name
    sentence = "The SLO is met as it is" if name == AS_IT_IS else f"The SLO is met with {name}"
    return f"{sentence}, but something cheaper may do" if advice.doubtful else sentence


def advice_sentence(advice: Advice) -> str:
    """What the advice comes to, with the number of the first objective and its interval."""
    shown = advice.answer or advice.judged[0]
    verdict = shown.verdicts[0]
    if verdict.measured is None:
        return f"{answer_text(advice)}."
    _, wanted, measured, interval, _ = _objective(verdict, len(shown.result.outcomes))
    return f"{answer_text(advice)}: {verdict.name} is {measured} (interval {interval}), {wanted} is wanted."


def _answer(advice: Advice) -> Table:
    shown = advice.answer or advice.judged[0]
    first = advice.judged[0].result
    title = f"{advice.scenario.name}: {counted(len(advice.judged), 'candidate')}, up to "
    title += f"{replications_text(advice.looks[-1], advice.scenario.horizon_ns)}, seed {first.seed}"
    if advice.interrupted:
        title += " (interrupted)"
    rows = tuple(_objective(verdict, len(shown.result.outcomes)) for verdict in shown.verdicts)
    name = f"SLO, with {shown.candidate.name}" if shown.candidate.changes else "SLO, as it is"
    return Table(
        title,
        (name, "wanted", "measured", "interval", ""),
        rows,
        (1, 2),
        note=" ".join((*_remarks(advice), *_reservations(shown))),
    )


def _objective(verdict: Verdict, count: int) -> tuple[str, ...]:
    """A row, after so many replications."""
    is_fraction = verdict.unit == "fraction"
    show = percentage if is_fraction else duration_text
    wanted = f"≥ {percentage(verdict.wanted, 1)}" if is_fraction else f"≤ {format_duration(round(verdict.wanted))}"
    word = {True: MET, False: MISSED, None: UNDECIDED}[verdict.met]
    found = verdict.measured
    if found is None:
        return verdict.name, wanted, "nothing seen", "", word
    if verdict.name == LONGEST_OUTAGE:
        seen = "observed" if verdict.met is False else f"none longer in {counted(count, 'run')}"
        return verdict.name, wanted, show(found.value), seen, word
    interval = f"{show(found.low)} to {show(found.high)}" if is_fraction else interval_text(found, "ns")
    return verdict.name, wanted, show(found.value), interval, word


def _remarks(advice: Advice) -> Iterator[str]:
    yield f"{answer_text(advice)}."
    if advice.doubtful:
        names = "; ".join(one.candidate.name for one in advice.doubtful[:3])
        more = f"; {len(advice.doubtful) - 3} more" if len(advice.doubtful) > 3 else ""
        which = "Cheaper, and undecided" if advice.answer else "In doubt"
        yield f"{which}: {names}{more}. {_way_out(advice.doubtful)}"
    yield (
        f"Each interval is one of {100 * advice.confidence_each:.5g}%, so that all decisions hold together with 95% "
        "(Bonferroni over candidates and looks)."
    )


def _way_out(doubtful: Sequence[Judged]) -> str:
    """What would decide about candidates in doubt."""
    open_ones = [verdict for one in doubtful for verdict in one.verdicts if verdict.met is None]
    if any(verdict.measured is not None for verdict in open_ones):
        return "More replications (-n) would tell."
    what = ", ".join(dict.fromkeys(verdict.name for verdict in open_ones))
    return f"Nothing was seen for the {what}: more replications (-n) tell only if something happens in them."


def _reservations(shown: Judged) -> Iterator[str]:
    """What these decisions are not."""
    in_doubt = in_doubt_note(shown.verdicts, shown.candidate.scenario, len(shown.result.outcomes))
    if in_doubt:
        yield f"{in_doubt[:1].upper()}{in_doubt[1:]}."
    if any(verdict.name == LONGEST_OUTAGE and verdict.met for verdict in shown.verdicts):
        count = counted(len(shown.result.outcomes), "run")
        yield f"That no outage is longer is said of these {count} only: more may show one."


def _changes(advice: Advice) -> Table:
    if advice.answer is None:
        return Table("", (), ())
    rows = tuple((path, value_text(value)) for path, value in advice.answer.candidate.changes.items())
    return Table("To be set", ("", ""), rows)


def _candidates(advice: Advice) -> Table:
    names = [verdict.name for verdict in advice.judged[0].verdicts]
    rows = tuple(_candidate(advice, one) for one in advice.judged[:_MOST_ROWS])
    left = len(advice.judged) - _MOST_ROWS
    note = f"{counted(left, 'dearer one')}: --json, or --out and its candidates.csv" if left > 0 else ""
    numbers = tuple(range(1, 2 + len(names)))
    return Table("Candidates, the cheapest first", ("", "runs", *names, "SLO"), rows, numbers, note)


def _candidate(advice: Advice, one: Judged) -> tuple[str, ...]:
    measured = []
    for verdict in one.verdicts:
        show = percentage if verdict.unit == "fraction" else duration_text
        measured.append("none" if verdict.measured is None else show(verdict.measured.value))
    needless = one.standing is Standing.IN_DOUBT and advice.answer is not None and one not in advice.doubtful
    word = "dearer" if needless else _WORDS[one.standing]
    return one.candidate.name, f"{len(one.result.outcomes):,}", *measured, word


def _trade_off(advice: Advice) -> Table:
    """The candidates than which no other one is better in both numbers."""
    latency, other = advice.trade_off
    rows = []
    for one in advice.front:
        found = [(metric, advice.common_estimate(one, metric)) for metric in (latency, other)]
        texts = [
            text
            for metric, estimate in found
            if estimate is not None
            for text in (amount_text(estimate.value, metric.unit), interval_text(estimate, metric.unit))
        ]
        rows.append((one.candidate.name, *texts))
    columns = ("", latency.label, "95% interval", other.label, "95% interval")
    note = f"over the {counted(advice.common_replications, 'replication')} that all candidates had"
    return Table(f"The trade-off: {latency.label} against {other.label}", columns, tuple(rows), (1, 3), note)


def _order(advice: Advice) -> Table:
    rows = [(factor.name, " < ".join(option.name for option in factor.options)) for factor in advice.factors]
    rows += [("not valid", f"{name}: {why}") for name, why in list(advice.refused.items())[:3]]
    more = len(advice.refused) - 3
    note = "everything is tried with what stands first before what stands below it is touched"
    if more > 0:
        note += f"; {counted(more, 'more combination')} {'is' if more == 1 else 'are'} not valid"
    return Table("Considered, the cheapest first", ("", ""), tuple(rows), note=note)
