"""``hasim schema``: the JSON Schema of scenario files."""

from __future__ import annotations

from hasim.cli.guard import guarded

__all__ = ["schema"]


@guarded
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors and other tools.

    \b
    Example:
      hasim schema > scenario.schema.json

    Then name it in the first line of a scenario, and editors with a YAML language server complete
    and check it as you type:

    \b
      # yaml-language-server: $schema=scenario.schema.json
    """
    import json

    from hasim.scenario import json_schema

    print(json.dumps(json_schema(), indent=2))
