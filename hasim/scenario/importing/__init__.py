"""From the ``keepalived.conf`` files of some nodes to a scenario file.

``network``    a VPC, subnets and addresses in which the configured addresses have their place
``settings``   what each node's configuration says in the terms of a scenario, and what a scenario cannot say
``text``       the scenario file, with comments that name the lines it comes from
"""

from __future__ import annotations

from hasim.scenario.importing.summary import ImportSummary
from hasim.scenario.importing.text import Imported, import_configs

__all__ = ["ImportSummary", "Imported", "import_configs"]
