"""What every replication of a study has in common."""

from __future__ import annotations

from dataclasses import dataclass

from hasim.arguments import HeartbeatMode
from hasim.measure.model import RunOutcome
from hasim.scenario.model import Scenario

__all__ = ["Job"]


@dataclass(frozen=True, eq=False, slots=True)
class Job:
    """A scenario, the source of all randomness, and how adverts are simulated."""

    scenario: Scenario
    seed: int
    heartbeats: HeartbeatMode

    def run(self, number: int, /) -> RunOutcome:
        """Simulate and measure the replication with this number."""
        from hasim.measure import Meter
        from hasim.sim import observe

        meter = Meter()
        observe(self.scenario, meter.take, seed=self.seed, replication=number, heartbeats=self.heartbeats)
        return meter.outcome(number, self.scenario.horizon_ns)
