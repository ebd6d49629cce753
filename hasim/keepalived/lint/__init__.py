"""Designs that cannot do what their author thinks.

``design``     what a rule looks at: the virtual routers of a design, each as every one of its nodes sees it
``findings``   what a rule says, and the table of rules
``checking``   all rules over a design, or over the configuration files of its nodes
"""

from __future__ import annotations

from hasim.keepalived.lint.checking import RULES, lint_configs, lint_design
from hasim.keepalived.lint.design import Check, Design, Router, VirtualRouter, design_of
from hasim.keepalived.lint.election import powerless_checks
from hasim.keepalived.lint.findings import Finding, Level, Rule, merged, named, rule_table

__all__ = [
    "RULES",
    "Check",
    "Design",
    "Finding",
    "Level",
    "Router",
    "Rule",
    "VirtualRouter",
    "design_of",
    "lint_configs",
    "lint_design",
    "merged",
    "named",
    "powerless_checks",
    "rule_table",
]
