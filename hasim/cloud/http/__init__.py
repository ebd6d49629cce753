"""The control plane over HTTP, as the official clients speak to it.

:class:`LiveRegion` gives a :class:`hasim.cloud.Region` a clock: requests take their time, tasks end by themselves,
trouble can be switched on and off. :mod:`hasim.cloud.http.app` answers HTTP for it, :mod:`hasim.cloud.http.server` runs
that on a socket; only those two need the packages starlette and uvicorn.
"""

from hasim.cloud.http.clock import Clock
from hasim.cloud.http.journal import Journal
from hasim.cloud.http.live_region import LiveRegion
from hasim.cloud.http.signature import Credentials

__all__ = ["Clock", "Credentials", "Journal", "LiveRegion"]
