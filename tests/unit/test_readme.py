"""README and docs tell the truth: their commands run, their output is what comes out, their links lead somewhere.

A document is a story that is played in a directory of its own, from top to bottom:

* a block with a file name behind its language (``yaml pair.yaml``) is written there under that name;
* a ``yaml`` block without one is a part of a scenario, and must be a valid one;
* in a ``console`` block, what stands below ``$ hasim ...`` is exactly what the command prints
  (``pytest tests/unit/test_readme.py --rewrite`` writes it anew; read the difference);
* in a ``sh`` block, every line that begins with ``hasim`` must succeed, with few replications;
* a ``python`` block must run.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from hasim.cli.guard import SLO_NOT_MET
from hasim.cli.main import app
from hasim.scenario import loads
from hasim.study import document as study_document
from hasim.study import workers

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
STORIES = [path for path in DOCUMENTS if not path.read_text(encoding="utf-8").startswith("<!-- Generated")]

_FENCE = re.compile(r"^```(\w*) ?([\w.-]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6}\s+(.*)$", re.MULTILINE)
_FEW = "3"
_PAIR = """
horizon: 10min
zones: [ap-guangzhou-3]
vpc: {cidr: 10.0.0.0/16}
subnets: {service: {cidr: 10.0.1.0/24}}
instances: {a: {address: 10.0.1.11}, b: {address: 10.0.1.12}}
floating: {address: 10.0.1.100, mechanism: secondary_ip}
"""


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the name of the file that it is (empty: none), and its text."""

    language: str
    file: str
    text: str


def blocks(document: str) -> list[Block]:
    return [Block(*match.groups()) for match in _FENCE.finditer(document)]


def hasim(command: str) -> str:
    """What a line such as ``hasim explain pair.yaml | head -n 5`` prints; what follows ``hasim`` and its arguments is
    the shell's."""
    ours, pipe, theirs = re.match(r"([^|>]*)([|>]?)(.*)", command).groups()  # type: ignore[union-attr]
    arguments = shlex.split(ours)[1:]
    if arguments[0] == "run" and not {"--journal", "--out"} & set(arguments):
        arguments += ["--journal", "pair.sqlite"]  # what one command has simulated the next need not, for equal output
    result = CliRunner().invoke(app, arguments, prog_name="hasim", catch_exceptions=False)
    assert result.exit_code in (0, SLO_NOT_MET), f"{command}: {result.stderr}"
    if not pipe:
        return result.stdout
    shell = theirs if pipe == "|" else f"cat > {theirs}"
    return subprocess.run(shell, shell=True, input=result.stdout, capture_output=True, text=True, check=True).stdout


def done_sooner(command: str) -> str:
    """The same command with few replications and without charts."""
    command = re.sub(r"(-n|--replications) \d+", rf"\1 {_FEW}", command)
    command = command.replace(" --out ", " --no-charts --out ")
    if re.match(r"hasim (run|explain) \S+\.yaml", command) and " -n " not in command:
        command = command.replace(".yaml", f".yaml --set replications={_FEW}", 1)
    return command


def played(document: str) -> str:
    """The document with the output that its commands have today."""
    return _FENCE.sub(lambda match: match[0].replace(match[3], play(Block(*match.groups()))), document)


def play(block: Block) -> str:
    """Do what the block says; returns its text as it should be."""
    if block.file:
        Path(block.file).write_text(block.text, encoding="utf-8")
        return block.text
    match block.language:
        case "yaml":
            loads(yaml.safe_dump({**yaml.safe_load(_PAIR), **(yaml.safe_load(block.text) or {})}))
        case "sh":
            for command in commands(block.text):
                hasim(done_sooner(command))
        case "console":
            return "".join(console(block.text))
        case "python":
            exec(compile(block.text, "<python block>", "exec"), {})
    return block.text


def commands(text: str) -> list[str]:
    return [line.partition("  #")[0].strip() for line in text.splitlines() if line.startswith("hasim ")]


def console(text: str) -> Iterator[str]:
    """A console block with the output that its commands have today."""
    for line in text.splitlines():
        if line.startswith("$ "):
            yield f"{line}\n"
            yield hasim(line.removeprefix("$ ")).strip("\n") + "\n"


def anchors(document: str) -> set[str]:
    """The anchors that a document's headings get when it is shown."""
    headings = _HEADING.findall(_FENCE.sub("", document))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", STORIES, ids=name_of)
def test_commands_run_and_print_what_the_document_shows(
    path: Path, rewrite: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    monkeypatch.chdir(tmp_path)
    # The number of processes changes no result, but these cost their start.
    monkeypatch.setattr(workers, "available_cores", lambda: 1)
    shown = path.read_text(encoding="utf-8")
    real = played(shown)
    if rewrite:
        path.write_text(real, encoding="utf-8")
    else:
        assert real.splitlines() == shown.splitlines(), (
            "is the change meant? pytest tests/unit/test_readme.py --rewrite"
        )


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_links_lead_to_files_and_headings_that_exist(path: Path) -> None:
    document = path.read_text(encoding="utf-8")
    for target in _LINK.findall(_FENCE.sub("", document)):
        if re.match(r"\w+://", target):
            continue
        file, _, anchor = target.partition("#")
        destination = (path.parent / file).resolve() if file else path
        assert destination.exists(), f"{target}: there is no such file"
        if anchor:
            assert anchor in anchors(destination.read_text(encoding="utf-8")), f"{target}: there is no such heading"


def test_every_document_is_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        if path in reached:
            continue
        reached.add(path)
        links = _LINK.findall(path.read_text(encoding="utf-8"))
        files = [(path.parent / link.partition("#")[0]).resolve() for link in links if "://" not in link]
        waiting += [file for file in files if file.suffix == ".md"]
    assert set(DOCUMENTS) <= reached


def test_make_targets_that_the_documents_name_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for path in DOCUMENTS:
        for block in blocks(path.read_text(encoding="utf-8")):
            for target in re.findall(r"^make (\w+)", block.text, re.MULTILINE):
                assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{path.name}: make {target}"


def test_exit_statuses_in_the_readme_are_those_of_the_program() -> None:
    from hasim.cli import guard

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = {int(status) for status in re.findall(r"^\| `(\d+)` \|", readme, re.MULTILINE)}
    statuses = {guard.OUR_FAULT, guard.USER_INPUT, guard.OUTSIDE, guard.SLO_NOT_MET, guard.INTERRUPTED}
    assert listed == {0, *statuses}


def test_images_are_small_enough_for_a_page() -> None:
    images = sorted((ROOT / "docs" / "images").glob("*.png"))
    assert images
    for image in images:
        assert image.stat().st_size < 200_000, f"{image.name} has {image.stat().st_size:,} bytes"


def test_json_format_in_the_docs_is_that_of_the_program() -> None:
    described = (study_document.__doc__ or "").partition("::\n\n")[2].partition("\n\nAn estimate")[0]
    assert textwrap.dedent(described) in (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
