"""From a trace to outages, failovers with their phases, and durations.

:func:`measure` takes a whole trace, :class:`Meter` record by record.

``history`` keeps what protocol and cloud did, ``phases`` says where the time of an outage went, ``causes`` why it came,
``overlaps`` how long the three truths disagreed, ``run`` passes once over the records, ``model`` is the answer.
"""

from hasim.measure.model import PHASES, Outage, RunOutcome
from hasim.measure.run import Meter, measure

__all__ = ["PHASES", "Meter", "Outage", "RunOutcome", "measure"]
