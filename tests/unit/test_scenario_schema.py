"""The JSON Schema, the reference, and the shipped scenarios agree with what is really accepted."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from hasim.cloud import ACTIONS, TaskKind
from hasim.scenario import defaults, json_schema, load, loads
from hasim.scenario.reference import reference_text, schema_text

PROJECT = Path(__file__).parents[2]
SHIPPED = sorted((PROJECT / "scenarios").glob("*.yaml"))
MODELINE = "# yaml-language-server: $schema=scenario.schema.json"


def test_committed_schema_is_current() -> None:
    assert (PROJECT / "scenarios" / "scenario.schema.json").read_text(encoding="utf-8") == schema_text()


def test_committed_reference_is_current() -> None:
    assert (PROJECT / "docs" / "scenario-reference.md").read_text(encoding="utf-8") == reference_text()


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json_schema())


def test_schema_is_valid_json_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_scenario_loads_and_names_its_schema(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.splitlines()[0] == MODELINE
    scenario = load(path)
    assert scenario.name == path.stem
    if "keepalived:" in text:  # what is kept stands for itself, without the files that it points at
        assert loads(scenario.source_text).digest == scenario.digest
    else:
        assert scenario.source_text == text
    assert scenario.description


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_scenario_satisfies_the_json_schema(path: Path, validator: jsonschema.Draft202012Validator) -> None:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    validator.validate(data)


@pytest.mark.parametrize(
    "change",
    [
        {"horizn": "1d"},
        {"horizon": 600},
        {"horizon": "10 parsecs"},
        {"replications": 0},
        {"vrrp": {"priority": "high"}},
        {"vrrp": {"priority": 256}},
        {"slo": {"availability": 99.95}},
        {"vpc": {"cidr": "10.0.0.0"}},
        {"guest": {"boot": {"lognormal": {"median": 5}}}},
        {"faults": [{"kind": "crahs", "target": "a"}]},
        {"control_plane": {"actions": {"NoSuchAction": {}}}},
    ],
)
def test_json_schema_refuses_what_an_editor_should_underline(
    change: dict[str, Any], validator: jsonschema.Draft202012Validator
) -> None:
    data = yaml.safe_load(SHIPPED[0].read_text(encoding="utf-8")) | change
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(data)


def described(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property of every section in the schema."""
    for name, definition in {"": node, **node["$defs"]}.items():
        for key, field in definition.get("properties", {}).items():
            yield f"{name}.{key}", field


def test_every_key_is_described() -> None:
    schema = json_schema()
    for place, field in described(schema):
        definition = schema["$defs"].get(field.get("$ref", "").rsplit("/", 1)[-1], {})
        assert field.get("description") or definition.get("description"), place


def test_weak_defaults_say_that_they_are_weak() -> None:
    weak = {place for place, field in described(json_schema()) if field.get("x-weak")}
    assert "ControlPlaneSection.accept" in weak
    assert "GuestSection.boot" in weak
    assert "GuestSection.interface_appears" not in weak
    for place, field in described(json_schema()):
        assert ("weak default: " in field.get("description", "")) == (place in weak), place


def test_reference_explains_every_key_and_every_action() -> None:
    text = reference_text()
    keys = set(re.findall(r"^\| `([^`]+)` \|", text, flags=re.MULTILINE))
    forms = ("DistributionForm.",)
    expected = {place.split(".", 1)[1] for place, _ in described(json_schema()) if not place.startswith(forms)}
    assert expected <= keys
    assert set(defaults.KNOWN_ACTIONS) <= keys


def test_reference_links_lead_somewhere() -> None:
    text = reference_text()
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors


def test_actions_with_a_task_are_those_that_the_cloud_makes_asynchronous() -> None:
    for name in defaults.KNOWN_ACTIONS:
        assert (name in defaults.TASK) == (ACTIONS[name].kind in (TaskKind.VPC, TaskKind.EIP)), name


def test_rate_limits_are_the_clouds_own() -> None:
    for name, limit in defaults.RATE_LIMITS.items():
        published = ACTIONS[name].rate_limit_per_s
        assert published is None or published == limit, name
    assert set(defaults.RATE_LIMITS) == set(defaults.KNOWN_ACTIONS)


def test_quoted_and_unquoted_yaml_give_the_same_scenario() -> None:
    path = PROJECT / "scenarios" / "eni-reattach.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    rewritten = yaml.safe_dump(data, default_flow_style=True, default_style=None, width=60)
    assert loads(rewritten).digest == load(path).digest


def test_importing_the_package_is_light() -> None:
    code = (
        "import sys; import hasim.scenario; import hasim.scenario.model\n"
        "heavy = {'yaml', 'pydantic', 'numpy', 'scipy', 'simpy', 'pandas'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PROJECT)
