"""The control plane in time, without a clock: how long it takes, what it refuses, what goes wrong, where packets go.

A :class:`~hasim.cloud.Region` knows entities and rules; this room decides about each call *when* it is answered and
whether trouble swallows or refuses it, *when* its task ends and how, and when the forwarding follows. Whoever drives it
(the simulated world, the HTTP endpoint) supplies the time and the random numbers, and waits. The same calls at the same
times with the same numbers therefore have the same fate in both.

``behaviour``   what is known about an API's times, as data
``kinds``       troubles, as data
``front``       the API as its callers meet it: answers, refusals, and plans for tasks
``forwarding``  which instance packets to an address reach
``places``      addresses, where a region has them, and which of them a task takes away
``claims``      HAVIPs: the gratuitous ARPs that the cloud takes, and when it follows them
"""

from hasim.cloud.trouble.behaviour import ActionTiming, Behaviour, Draw, Duration
from hasim.cloud.trouble.claims import Claim, Claims
from hasim.cloud.trouble.forwarding import Forwarding, Turn
from hasim.cloud.trouble.front import Front, Lost, Plan, Served
from hasim.cloud.trouble.kinds import Trouble, TroubleKind
from hasim.cloud.trouble.places import Place, committed_routes, leaving

__all__ = [
    "ActionTiming",
    "Behaviour",
    "Claim",
    "Claims",
    "Draw",
    "Duration",
    "Forwarding",
    "Front",
    "Lost",
    "Place",
    "Plan",
    "Served",
    "Trouble",
    "TroubleKind",
    "Turn",
    "committed_routes",
    "leaving",
]
