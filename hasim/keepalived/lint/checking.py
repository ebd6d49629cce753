"""All rules over a design, and over the configuration files of its nodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from hasim.keepalived.config import Config
from hasim.keepalived.lint.addresses import ADDRESS_RULES
from hasim.keepalived.lint.design import Design, VirtualRouter, design_of
from hasim.keepalived.lint.election import ELECTION_RULES
from hasim.keepalived.lint.findings import Finding, Level, Rule, merged, named
from hasim.keepalived.lint.peers import PEER_RULES
from hasim.keepalived.lint.repairs import repair_of
from hasim.keepalived.lint.scripts import SCRIPT_RULES
from hasim.keepalived.problems import Severity

__all__ = ["RULES", "lint_configs", "lint_design"]

RULES: tuple[Rule, ...] = (*ELECTION_RULES.all, *PEER_RULES.all, *SCRIPT_RULES.all, *ADDRESS_RULES.all)
_ORDER = {Level.ERROR: 0, Level.WARNING: 1, Level.NOTE: 2}
_LEVELS = {
    Severity.FATAL: Level.ERROR,
    Severity.ERROR: Level.ERROR,
    Severity.WARNING: Level.WARNING,
    Severity.NOTE: Level.NOTE,
}
_REFUSED, _CHANGED = "keepalived-refuses", "keepalived-changes"


def lint_design(design: Design, rules: Iterable[Rule] = RULES) -> tuple[Finding, ...]:
    """What the rules find, worst first."""
    virtual_routers = tuple(
        VirtualRouter(tuple(replace(router, node=named(router.node)) for router in virtual.routers))
        for virtual in design.virtual_routers
    )
    design = replace(design, virtual_routers=virtual_routers)
    return _sorted(merged(finding for rule in rules for finding in rule.findings(design)))


def lint_configs(configs: Mapping[str, Config], rules: Iterable[Rule] = RULES) -> tuple[Finding, ...]:
    """What is wrong with the configurations of some nodes (by node name), each and together, worst first.

    Where a rule says more about a line that keepalived takes for something else, only the rule speaks.
    """
    found = list(lint_design(design_of(configs), rules))
    lines = {finding.location for finding in found}
    for config in configs.values():
        found += [f for f in _complaints(config) if f.rule == _REFUSED or f.location not in lines]
        found += _oddities(config)
    return _sorted(found)


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: (_ORDER[finding.level], finding.location, finding.rule)))


def _complaints(config: Config) -> Iterator[Finding]:
    """What keepalived itself says about a file."""
    for problem in config.problems:
        name = _REFUSED if problem.severity.refuses else _CHANGED
        level, repair = _LEVELS[problem.severity], repair_of(problem)
        yield Finding(name, level, problem.location, problem.message, problem.effect, repair)


def _oddities(config: Config) -> Iterator[Finding]:
    """What one file alone shows."""
    if not config.instances and not any(problem.severity.refuses for problem in config.problems):
        yield Finding(
            "no-instance",
            Level.ERROR,
            config.location,
            "there is no vrrp_instance that keepalived runs",
            "there is nothing to fail over: this node never becomes MASTER",
            f"Read it with one of its ids, {', '.join(sorted(config.conditions))} (keepalived -i, --config-id)"
            if config.conditions
            else "Write a vrrp_instance, or leave the file out",
        )
    for script in config.scripts:
        if script.init_fail:
            yield Finding(
                "init-fail-ignored",
                Level.NOTE,
                script.where("init_fail"),
                f"{script.name} has init_fail",
                "keepalived 2.2.7 ignores it: tracking the script resets its first state",
                "Remove it",
            )
    scripts = any(True for instance in config.instances for _ in instance.notify.scripts()) or config.scripts
    if scripts and not config.global_defs.enable_script_security:
        yield Finding(
            "script-security",
            Level.NOTE,
            config.global_defs.location if config.global_defs.location.line else config.location,
            "scripts are run, and enable_script_security is not set",
            "keepalived reports a security violation at every start, and its --config-test fails",
            "Set enable_script_security, and script_user to a user who may run them",
        )
