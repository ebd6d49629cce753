"""Whether drills can be held on this machine, found out before anything is made."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.util import find_spec

from hasim.drill.register import Registration
from hasim.errors import HasimError, UserError

__all__ = ["check_kernel", "check_programs"]

_PROGRAMS = {
    "keepalived": "keepalived",
    "ip": "iproute2",
    "nft": "nftables",
    "setpriv": "util-linux",
    "chrt": "util-linux",
}
_SDK = "tencentcloud.common"
_TRIAL = """\
link add trial0 type veth peer name trial1
link add trial2 type bridge
link set trial0 master trial2
"""
_TRIAL_RULES = """\
table bridge trial {
chain forward {
type filter hook forward priority 0
oifname "trial0" ip protocol vrrp numgen random mod 10 < 1 drop
}
}
"""


def check_programs() -> None:
    """Whether everything is installed, and the user is root.

    Raises:
        UserError: something is missing; the message names all of it.
    """
    if sys.platform != "linux":
        raise UserError("a drill needs Linux: it runs keepalived in network namespaces")
    problems = []
    if os.geteuid() != 0:
        problems.append("to be run as root (network namespaces, raw sockets)")
    for program, package in _PROGRAMS.items():
        if shutil.which(program) is None:
            problems.append(f"the program {program} (package {package})")
    if not _has_sdk():
        problems.append("the cloud's SDK for the notify scripts (pip install tencentcloud-sdk-python-common)")
    if problems:
        raise UserError(f"a drill needs {'; '.join(problems)}")


def check_kernel(registration: Registration) -> None:
    """Whether the kernel has what a drill's network is made of.

    Raises:
        UserError: it has not.
    """
    try:
        trial = registration.namespace("trial")
        trial.run(["ip", "-batch", "-"], _TRIAL)
        trial.run(["nft", "-f", "-"], _TRIAL_RULES)
        trial.remove()
    except HasimError as error:
        raise UserError(
            f"a drill needs network namespaces with veth, bridge and nftables, which are not to be had here: {error}"
        ) from None


def _has_sdk() -> bool:
    try:
        return find_spec(_SDK) is not None
    except ModuleNotFoundError:
        return False
