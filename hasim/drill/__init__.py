"""Drills: a scenario's instances as real keepalived daemons on this machine, measured as simulated ones are.

``holding``        a whole drill: every fault, so many times
``episodes``       what of a scenario's faults is injected, and for how long
``repetition``     one of them: from the steady state (``steady``) to a trace
``room``           everything that one repetition needs, up and running
``layout``         names and addresses of its network
``network``        bridges, ports, routes, cuts and losses
``cloud``          the control plane behind its endpoint, and what it decides (``calls``, ``garps``)
``guest``          an instance: its processes, power and service (``daemon``, ``processes``, ``programs``, ``bytecode``)
``injection``      faults, done and undone
``recording``      what was seen, as a trace (``keepalived_log``, ``script_log``, ``addresses``, ``probes``)
``machine``        what took time because of this machine (``priority``, ``lateness``)
``comparison``     measured beside simulated, and the verdicts
``calibration``    what was measured as distributions for a scenario
``tables``         the result for people, ``document`` for programs
``register``       which drills there are, and what dead ones have left (``namespaces``)
``requirements``   whether drills can be held here
"""

from __future__ import annotations

from hasim.drill.holding import DrillOptions, DrillResult, drill, usual_rooms

__all__ = ["DrillOptions", "DrillResult", "drill", "usual_rooms"]
