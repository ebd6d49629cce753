#!/usr/bin/env python3
"""Move a virtual IP to this node: the logic of the cloud's published keepalived notify script, written anew.

    vip.py CONFIG migrate    make this node the one that has the address (what notify_master runs in the background)
    vip.py CONFIG query      print "true" or "false": whether this node has it (what the periodic check runs)

It does what the published script does, its weaknesses included; README.md beside it says what they are and how to see
them against ``hasim serve``. Do not put it into production as it is.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.vpc.v20170312 import models
from tencentcloud.vpc.v20170312.vpc_client import VpcClient

FIRST_PAUSE_S = 0.5
DEVICE_ROUNDS, DEVICE_PAUSE_S = 5, 0.5
TRIES, PAUSE_BETWEEN_TRIES_S = 4, 2.0


@dataclass(frozen=True)
class Config:
    """One node's view. Both nodes know the other's ENI by its identifier, once and for all.

    ``device`` is where the node's own address must be before anything is tried; empty skips that step (on a machine
    that only stands in for a node). ``unanswered`` is what a failed question counts as: ``held``, as in the published
    script, or ``unknown``, which is the remedy.
    """

    endpoint: str
    region: str
    secret_id: str
    secret_key: str
    vip: str
    my_interface: str
    peer_interface: str
    my_address: str
    state_file: str
    device: str = ""
    unanswered: str = "held"
    timeout_s: int = 60

    @classmethod
    def read(cls, path: Path) -> Config:
        """The configuration in a JSON file."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))


class Vip:
    """The address, by way of the API."""

    def __init__(self, config: Config) -> None:
        self._config = config
        scheme, _, address = config.endpoint.rpartition("://")
        http = HttpProfile(protocol=scheme or "https", endpoint=address, reqTimeout=config.timeout_s)
        credential = Credential(config.secret_id, config.secret_key)
        self._client = VpcClient(credential, config.region, ClientProfile(httpProfile=http))

    def held(self) -> bool:
        """Whether this node's ENI has the address. A question that nobody answers counts as yes, unless configured."""
        request: Any = models.DescribeNetworkInterfacesRequest()
        request.NetworkInterfaceIds = [self._config.my_interface]
        try:
            (interface,) = self._client.DescribeNetworkInterfaces(request).NetworkInterfaceSet
        except TencentCloudSDKException as error:
            log(f"query failed: {error.code}")
            return self._config.unanswered == "held"
        return self._config.vip in [item.PrivateIpAddress for item in interface.PrivateIpAddressSet]

    def migrate(self) -> bool:
        """Ask for the move; True when the API has accepted it. Whether it then happens, nobody looks."""
        request: Any = models.MigratePrivateIpAddressRequest()
        request.SourceNetworkInterfaceId = self._config.peer_interface
        request.DestinationNetworkInterfaceId = self._config.my_interface
        request.PrivateIpAddress = self._config.vip
        try:
            accepted = self._client.MigratePrivateIpAddress(request)
        except TencentCloudSDKException as error:
            log(f"migrate refused: {error.code}")
            return False
        log(f"migrate accepted: task {accepted.RequestId}")
        return True


def log(message: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {message}", file=sys.stderr)


def device_is_ready(config: Config) -> bool:
    """Wait until the node's own address is on its device; five rounds at the most."""
    for _ in range(DEVICE_ROUNDS if config.device else 0):
        shown = subprocess.run(["ip", "-4", "-o", "addr", "show", "dev", config.device], capture_output=True, text=True)
        if f" {config.my_address}/" in shown.stdout:
            return True
        time.sleep(DEVICE_PAUSE_S)
    return not config.device


def is_master(config: Config) -> bool:
    """Whether keepalived has said MASTER last: its notify script keeps that in the state file."""
    return Path(config.state_file).read_text(encoding="utf-8").strip() == "MASTER"


def move_here(config: Config) -> int:
    """Exit status: 0 when the address is here, or on its way, as far as this script can tell."""
    time.sleep(FIRST_PAUSE_S)
    if not device_is_ready(config):
        log("my own address is not on its device")
        return 1
    vip = Vip(config)
    for attempt in range(TRIES):
        if attempt:
            time.sleep(PAUSE_BETWEEN_TRIES_S)
        if vip.held():
            log("I hold it already")
            return 0
        if not is_master(config):
            log("no longer MASTER")
            return 0
        if vip.migrate():
            return 0
    log(f"gave up after {TRIES} tries")
    return 1


def main() -> int:
    parser = argparse.ArgumentParser(description="Move a virtual IP to this node, or say whether it is here.")
    parser.add_argument("config", type=Path, help="a JSON file; see README.md")
    parser.add_argument("command", choices=["migrate", "query"])
    arguments = parser.parse_args()
    config = Config.read(arguments.config)
    if arguments.command == "query":
        print("true" if Vip(config).held() else "false")
        return 0
    return move_here(config)


if __name__ == "__main__":
    sys.exit(main())
