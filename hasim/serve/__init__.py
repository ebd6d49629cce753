"""``hasim serve`` as objects: the control plane of a scenario over HTTP, in this process or for the command line.

``behaviour``  the times of every action, from those that a scenario knows
``endpoint``   :class:`Endpoint`: a live region of a scenario, behind a socket
``faults``     what happens to a scenario's cloud and instances, on the endpoint's clock
"""

from hasim.serve.endpoint import Endpoint

__all__ = ["Endpoint"]
