"""Scenarios that cannot do what their author thinks.

``design``     a scenario in the terms of the rules for keepalived, with the lines of its file
``rules``      what only a scenario shows: the cloud around keepalived, and what the notify script does
``effects``    what is written and does nothing, or does it once only
``checking``   all rules over a scenario
``reference``  the page of all rules in the documentation
"""

from __future__ import annotations

from hasim.scenario.linting.checking import (
    SCENARIO_RULES,
    count_errors,
    lint_loaded,
    lint_scenario,
    refusals,
    weights_in_vain,
)

__all__ = ["SCENARIO_RULES", "count_errors", "lint_loaded", "lint_scenario", "refusals", "weights_in_vain"]
