"""What a user may write in a scenario file, as pydantic models: they read the file, give the JSON Schema and the
scenario reference. Their meaning is spelled out in each field's description; nothing here knows about simulation."""

from __future__ import annotations

from hasim.scenario.schema.scenario import ScenarioFile, json_schema

__all__ = ["ScenarioFile", "json_schema"]
