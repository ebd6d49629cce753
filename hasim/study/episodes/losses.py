"""False failovers that lost adverts cause: how often a BACKUP hears nothing for too long while all is well.

A BACKUP whose MASTER sends every ``step`` waits for ``patience`` from the last advert that it heard. While a travel
time varies by less than what is left over, that takes exactly ``row`` lost adverts one after another. Adverts are lost
independently with the probability p, so that by renewal theory the first such row is complete after

    (p ** -row - 1) / (1 - p)

adverts on the average, and the time until then is exponential but for the length of a few rows. Rows on different links
are independent. So a link is one more clock, which runs while its sender is MASTER and all is well. (In an episode the
world loses adverts by itself.)
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from hasim.errors import UserError
from hasim.scenario.model import Scenario
from hasim.sim.heartbeats import LossyLink
from hasim.sim.incident import Incident, endless
from hasim.sim.randomness import Randomness

__all__ = ["SEPARATE_SHARE", "Silence", "check_silences", "silences_of"]

SEPARATE_SHARE = 0.01
"""A row of lost adverts must be so short against the time between two: what is neglected is about this share."""


@dataclass(frozen=True, slots=True)
class Silence:
    """So many adverts of a MASTER are lost in a row that a BACKUP becomes MASTER too.

    Attributes:
        sender: the MASTER.
        receiver: the BACKUP.
        row: how many have to be lost.
        step_ns: between two adverts.
        rate: how often it happens, per ns, while all is well.
    """

    sender: str
    receiver: str
    row: int
    step_ns: int
    rate: float

    def from_about(self, at_ns: int) -> tuple[str, str, range]:
        """Sender, receiver and numbers of the adverts that are lost when it begins then in a new world."""
        first = -(-at_ns // self.step_ns)
        return self.sender, self.receiver, range(first, first + self.row)

    @property
    def key(self) -> tuple[str, str]:
        """What names it in tables."""
        return "lost adverts", f"{self.sender} to {self.receiver}"

    @property
    def label(self) -> str:
        """What names it for people."""
        return ": ".join(self.key)


def silences_of(scenario: Scenario) -> tuple[Silence, ...]:
    """On all links on which adverts may be lost, whoever is MASTER; ``scenario`` has a steady state.

    Raises:
        UserError: it depends on the jitter how many lost adverts are too many.
    """
    found: list[Silence] = []
    for master in scenario.instances:
        incident = Incident(endless(scenario, master.name), randomness=Randomness(scenario.seed, 0), strikes=())
        found += [_silence(scenario, link) for link in incident.lossy_links()]
    return tuple(found)


def check_silences(scenario: Scenario, silences: tuple[Silence, ...]) -> None:
    """Refuse a network that loses so much that its false failovers are not separate.

    Raises:
        UserError: it does.
    """
    for sender in {silence.sender for silence in silences}:
        share = math.fsum(one.rate * one.row * one.step_ns for one in silences if one.sender == sender)
        if share > SEPARATE_SHARE:
            raise UserError(
                f"{scenario.name} cannot be answered by episodes, only by replications (the method years): the network "
                f"loses so many packets that rows of lost adverts take {share:.1%} of the time between two elections "
                f"(at most {SEPARATE_SHARE:.0%}), so that these are not separate"
            )


def _silence(scenario: Scenario, link: LossyLink) -> Silence:
    fewest, most = (math.floor(limit_ns / link.step_ns) for limit_ns in _limits_ns(link))
    if fewest != most:
        raise UserError(
            f"{scenario.name} cannot be answered by episodes, only by replications (the method years): it depends on "
            f"the jitter of adverts from {link.sender} to {link.receiver} whether {fewest} or {most} lost ones are too "
            "many"
        )
    adverts = math.expm1(-fewest * math.log(link.loss)) / (1.0 - link.loss)
    return Silence(link.sender, link.receiver, fewest, link.step_ns, 1.0 / (adverts * link.step_ns))


def _limits_ns(link: LossyLink) -> Iterator[int]:
    """From one advert that arrives, how much later the next may be sent, at least and at most, to be in time."""
    yield link.patience_ns - link.jitter_ns
    yield link.patience_ns + link.jitter_ns
