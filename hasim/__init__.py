"""hasim: how long is the virtual IP gone when something fails, where do those seconds go, and what does a year cost?

General layout: ``scenario`` (what a user writes), ``vrrp`` and ``cloud`` (pure models), ``sim`` (the world in time),
``trace`` (what a run leaves), ``measure`` and ``study`` (what it means), ``report`` (what people look at), ``cli`` (the
commands), ``api`` (the same for notebooks). A first result, in a notebook or a script::

    import hasim

    study = hasim.load("scenarios/secondary-ip-best-practice.yaml")
    study.run()                                     # availability, failover latency, charts
    study.with_(vrrp__advert_int="2s").run()        # one parameter changed
    study.explain()                                 # one replication, told as a timeline

Importing this package loads nothing heavy: every attribute is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hasim.api import Explanation, Study, load, loads
    from hasim.errors import HasimError, ModelInvariantError, UserError
    from hasim.study import load_kept, load_result

__all__ = [
    "Explanation",
    "HasimError",
    "ModelInvariantError",
    "Study",
    "UserError",
    "__version__",
    "load",
    "load_kept",
    "load_result",
    "loads",
]

__version__ = "0.1.0"

_HOMES = {
    "Explanation": "hasim.api",
    "HasimError": "hasim.errors",
    "ModelInvariantError": "hasim.errors",
    "Study": "hasim.api",
    "UserError": "hasim.errors",
    "load": "hasim.api",
    "load_kept": "hasim.study",
    "load_result": "hasim.study",
    "loads": "hasim.api",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'hasim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
