"""The systemd unit of the periodic re-claim."""

from __future__ import annotations

from hasim.export.options import ExportOptions
from hasim.scenario.model import Instance

__all__ = ["reclaim_unit"]

_UNIT = """\
# {instance}: asks at intervals whether the MASTER holds the address, and claims it if not. Written by hasim export.
[Unit]
Description=Claim the floating address again if the MASTER has lost it
After=keepalived.service
PartOf=keepalived.service

[Service]
ExecStart={python} {directory}/hasim_notify.py watch
User={user}
Restart=always
RestartSec=1s

[Install]
WantedBy=keepalived.service
"""


def reclaim_unit(instance: Instance, options: ExportOptions) -> str:
    """The unit file; it comes and goes with ``keepalived.service``."""
    return _UNIT.format(
        instance=instance.name,
        python=options.python,
        directory=options.filled_in(options.script_directory, instance.name),
        user=options.script_user,
    )
