"""One thing in a kept file is something else: it is refused in a sentence that names the directory and says what to do,
or it was nothing that the answer is made of."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import hasim
from hasim.errors import UserError
from hasim.scenario.digest import digest_of
from hasim.study.episodes import EpisodesResult
from hasim.study.keeping.anything import Kept
from hasim.study.keeping.checks import check_outages
from hasim.study.keeping.files import kept_command
from hasim.study.keeping.scenario_file import scenario_from_json, scenario_to_json
from tests.exact.pairs import bare_pair
from tests.unit.scenario_texts import BASE
from tests.unit.study_samples import outage

pytestmark = [pytest.mark.usefixtures("few_episodes"), pytest.mark.xdist_group("kept damage")]

CRASH = BASE + "\ninitial_master: a\nfaults: [{kind: crash, target: a, at: 100s}]\nreplications: 2\n"
LOSSY = bare_pair(
    "[{kind: crash, target: a, time_to_failure: {exponential: {mean: 9d}}, duration: 10min}]", horizon="90d"
).replace('network: {within_zone: {latency: "0", jitter: "0"}}', 'network: {within_zone: {latency: "0", loss: 0.5%}}')
COMMAND = "hasim run pair.yaml --out 'some where'"

MAKERS: dict[str, Callable[[hasim.Study], Kept]] = {
    "study": lambda study: study.run(jobs=1),
    "sweep": lambda study: study.sweep({"notify.tries": "3..9:2", "notify.wait_for_task": [True]}, jobs=1),
    "hypercube": lambda study: study.sweep({"notify.start_up": "50ms..1s"}, hypercube=2, jobs=1),
    "sensitivity": lambda study: study.sensitivity({"notify.start_up": ["1s", "3s"]}, jobs=1),
    "advice": lambda study: study.with_({"slo.failover.p50": "8s"}).advise(
        {"notify.tries": [9, 3]}, replications=2, jobs=1
    ),
    "comparison": lambda study: study.compare({"slow": {"notify.start_up": "3s"}}, jobs=1),
    "episodes": lambda _: hasim.loads(LOSSY, "pair.yaml").episodes(precision=0.9, most_runs=1, jobs=1),
}

SCENARIO = hasim.loads(LOSSY, "pair.yaml").with_({"slo.availability": "99.9%", "slo.failover.p99": "9s"}).scenario

DEEP = "[" * 100_000 + "]" * 100_000


@pytest.fixture(scope="module")
def few_episodes(short_pilot: None) -> Iterator[None]:
    from hasim.study import episodes

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(episodes, "PILOT", episodes.PILOT._replace(alone=2, apart=2, together=2))
        yield


@pytest.fixture(scope="module")
def kept(few_episodes: None, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, Kept]]:
    """The directory in which an answer of a kind is kept, and the answer; each is made once."""
    made: dict[str, tuple[Path, Kept]] = {}

    def directory(kind: str) -> tuple[Path, Kept]:
        if kind not in made:
            home = tmp_path_factory.mktemp(kind)
            answer = MAKERS[kind](hasim.loads(CRASH, "crash.yaml"))
            answer.save(home, COMMAND)
            made[kind] = home, answer
        return made[kind]

    return directory


def read(path: Path) -> Any:
    if path.suffix == ".gz":
        return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    return json.loads(path.read_text(encoding="utf-8"))


def write(path: Path, content: Any) -> None:
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress("".join(f"{json.dumps(value)}\n" for value in content).encode(), 1))
    else:
        path.write_text(json.dumps(content), encoding="utf-8")


def others(value: Any) -> list[Any]:
    """What is not what it was: of another type, out of every range, or a list that has something twice."""
    if isinstance(value, bool):
        return [None, int(value), "x"]
    if isinstance(value, int | float):
        return [None, "x", True, -1, 2**70 if isinstance(value, int) else -1e-9, 10**400, []]
    if isinstance(value, str):
        return [None, 7, []]
    if isinstance(value, list):
        return [None, "x", {}, *([[*value, value[0]]] if value else [["x", None]])]
    return [None, "x", []] if isinstance(value, dict) else ["x", -1, [], {}]


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to everything in a value; of the entries of a list those that are different, and the first of others."""
    if at:
        yield at
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*at, key))
    elif isinstance(value, list):
        seen = set()
        for index, inner in enumerate(value):
            shape = str(sorted(inner) if isinstance(inner, dict) else type(inner))
            if shape not in seen or not isinstance(inner, dict | list):
                seen.add(shape)
                yield from places(inner, (*at, index))


def changed(content: Any, at: tuple[Any, ...], value: Any) -> Any:
    """The content with another value at that place."""
    if not at:
        return value
    copy = content.copy()
    copy[at[0]] = changed(content[at[0]], at[1:], value)
    return copy


MADE_OF_IT = frozenset(
    {
        *("summary", "estimate", "estimates", "differences", "winner", "leading", "at_low", "at_high", "across"),
        *("initiators", "weights", "horizon", "masters", "gain", "unseen", "measured", "overlaps"),
        *("answer", "doubtful", "front", "trade_off"),
    }
)
"""What is calculated anew when an answer is opened, and not looked at."""


def is_looked_at(kind: str, at: tuple[Any, ...]) -> bool:
    """Whether something else in the directory has to do with what stands there, and it is no part of a scenario among
    others: those are read as one in a file of its own is."""
    is_free = kind == "comparison" and "changes" in at[:-1]
    is_number = at[0] in ("points", "best", "candidates") and not {"metrics", "best"}.isdisjoint(at[:-1])
    return not is_free and not is_number and MADE_OF_IT.isdisjoint(at) and "scenario" not in at[1:-1]


def parts(answer: Kept) -> object:
    """What an answer is made of, to be compared."""
    return (answer.clocks, answer.cycles.episodes) if isinstance(answer, EpisodesResult) else answer


def opened_or_refused(home: Path) -> tuple[Kept | None, str]:
    """What is kept there; else why it is not to be had."""
    try:
        return hasim.load_kept(home), ""
    except UserError as error:
        return None, str(error)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *((kind, "result.json") for kind in MAKERS if kind != "study"),
        *((kind, "studies.jsonl.gz") for kind in ("sweep", "advice")),
        ("episodes", "episodes.jsonl.gz"),
    ],
)
def test_what_is_something_else_is_refused_or_does_not_matter(
    kind: str, name: str, kept: Callable[[str], tuple[Path, Kept]], tmp_path: Path
) -> None:
    whole, answer = kept(kind)
    home, wanted = tmp_path / "kept", json.dumps(answer.to_json())
    shutil.copytree(whole, home)
    content = read(home / name)
    refused = 0
    for at in places(content):
        if not is_looked_at(kind, at):
            continue
        was = content
        for key in at:
            was = was[key]
        for value in others(was):
            write(home / name, changed(content, at, value))
            opened, message = opened_or_refused(home)
            if opened is None:
                refused += 1
                assert message.startswith(str(home)), (at, value)
                assert "\n" not in message, (at, value)
                assert at == ("format",) or message.endswith(f"again: {COMMAND}"), (at, value)
            else:
                assert json.dumps(opened.to_json()) == wanted, (at, value)
                assert parts(opened) == parts(answer), (at, value)
    assert refused > 20


def test_a_scenario_of_which_anything_is_something_else_is_refused_or_does_the_same() -> None:
    document = json.loads(json.dumps(scenario_to_json(SCENARIO)))
    refused = 0
    for turn, at in enumerate(places(document)):
        was = document
        for key in at:
            was = was[key]
        values = others(was)
        try:
            found = scenario_from_json(changed(document, at, values[turn % len(values)]))
        except UserError:
            refused += 1
        else:
            assert digest_of(found) == SCENARIO.digest, at
            assert found.slo == SCENARIO.slo, at
    assert refused > 200


@pytest.mark.parametrize("value", [-1, 2**63, 2.0, None, True])
@pytest.mark.parametrize("name", ["start_ns", "end_ns", "phases_ns", "resolution", "cause", "ended_on"])
def test_an_outage_of_something_else_is_none(name: str, value: object) -> None:
    given: Any = (value, *[0] * 7) if name == "phases_ns" else value
    if (name, value) == ("ended_on", None):
        given = 1
    sound = outage(10, 2)
    check_outages([sound], sound.duration_ns)
    with pytest.raises(ValueError, match="outage"):
        check_outages([replace(sound, **{name: given})], sound.duration_ns)


def test_outages_come_one_after_another() -> None:
    first, second = outage(10, 2), outage(11, 4)
    with pytest.raises(ValueError, match="expected a whole number from 12000000000"):
        check_outages([first, second], first.duration_ns + second.duration_ns)
    with pytest.raises(ValueError, match="do not add up"):
        check_outages([replace(first, phases_ns=first.phases_ns[:7])], first.duration_ns)


@pytest.mark.parametrize(
    "text", [DEEP, f'{{"format": {DEEP}}}', '{"seed": NaN}'], ids=["nothing but depth", "a deep format", "NaN"]
)
def test_what_nobody_can_have_written_is_refused(
    text: str, kept: Callable[[str], tuple[Path, Kept]], tmp_path: Path
) -> None:
    home = tmp_path / "kept"
    shutil.copytree(kept("sweep")[0], home)
    sound = (home / "result.json").read_text(encoding="utf-8")
    for name in ("result.json", "studies.jsonl.gz"):
        content = (home / name).read_bytes()
        (home / name).write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        with pytest.raises(UserError, match=r"nested too deeply|no number of JSON"):
            hasim.load_kept(home)
        (home / name).write_bytes(content)
    assert (home / "result.json").read_text(encoding="utf-8") == sound
    (home / "meta.json").write_text(text, encoding="utf-8")
    assert kept_command(home) == ""
    assert json.dumps(hasim.load_kept(home).to_json()) == json.dumps(kept("sweep")[1].to_json())


@pytest.mark.parametrize("kind", ["episodes", "advice"])
def test_a_directory_without_its_scenario_was_kept_by_an_older_hasim(
    kind: str, kept: Callable[[str], tuple[Path, Kept]], tmp_path: Path
) -> None:
    home = tmp_path / "kept"
    shutil.copytree(kept(kind)[0], home)
    (home / "scenario.json").unlink()
    with pytest.raises(UserError, match="an older hasim did not keep that") as caught:
        hasim.load_kept(home)
    assert str(caught.value).startswith(str(home / "scenario.json"))
    assert str(caught.value).endswith(f"run the command that made it again: {COMMAND}")


def _swap(variants: list[Path]) -> None:
    between = variants[0].with_name("between")
    variants[0].rename(between)
    variants[1].rename(variants[0])
    between.rename(variants[1])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_swap, "do not belong together|not the study of"),
        (lambda variants: shutil.rmtree(variants[1]), "there is no such file"),
        (lambda variants: (variants[0] / "scenario.json").unlink(), "there is no such file"),
        (lambda variants: (variants[0] / "result.json").write_text(DEEP), "nested too deeply"),
    ],
)
def test_variants_that_are_not_where_they_were_name_the_command(
    damage: Callable[[list[Path]], object],
    message: str,
    kept: Callable[[str], tuple[Path, Kept]],
    tmp_path: Path,
) -> None:
    home = tmp_path / "kept"
    shutil.copytree(kept("comparison")[0], home)
    damage(sorted((home / "variants").iterdir()))
    with pytest.raises(UserError, match=message) as caught:
        hasim.load_kept(home)
    assert str(caught.value).startswith(str(home))
    assert str(caught.value).endswith(f"run the command that made it again: {COMMAND}")


def test_replications_that_are_not_the_first_are_refused(
    kept: Callable[[str], tuple[Path, Kept]], tmp_path: Path
) -> None:
    home = tmp_path / "kept"
    shutil.copytree(kept("sensitivity")[0], home)
    content = read(home / "studies.jsonl.gz")
    for row in content:
        if isinstance(row, list):
            row[0] += 10**9 + 21
    write(home / "studies.jsonl.gz", content)
    with pytest.raises(UserError, match="not the first replications"):
        hasim.load_kept(home)
