"""From a scenario to instances that do what it says: configuration, scripts and settings for each.

``configuration``  ``keepalived.conf``, with what is tracked (``tracking``) and what cannot be said (``rounding``)
``settings``       what the scripts do: the notify policy, and the API calls (``calls``) that the simulated scripts make
``node``           the programs that run on an instance
``sources``        the scenario's own text beside the export, so that importing it gives the same scenario
``writing``        all of it on disk, with a README (``guide``)
``reading``        an export read back, with what has been changed in it since (``differences``)
``discovery``      the identifiers of the cloud's resources, asked from its API
"""

from __future__ import annotations

from hasim.export.calls import identifiers_of
from hasim.export.options import ExportOptions
from hasim.export.writing import Export, ExportedNode, export

__all__ = ["Export", "ExportOptions", "ExportedNode", "export", "identifiers_of"]
