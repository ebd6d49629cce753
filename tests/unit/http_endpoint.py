"""The endpoint in process: requests go straight into the ASGI application, and time passes as fast as it can."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from hasim.cloud import ACTIONS, Region
from hasim.cloud.http import Clock, Credentials, Journal, LiveRegion
from hasim.cloud.http.app import make_app
from hasim.cloud.http.request import Door
from hasim.cloud.trouble import Behaviour
from hasim.scenario.distributions import Constant
from hasim.scenario.model import ActionBehaviour, ControlPlane
from tests.unit.cloud_topology import Cloud

__all__ = ["CREDENTIALS", "Answer", "Endpoint", "limited", "no_failure", "prompt", "run", "secondary", "settled"]

CREDENTIALS = Credentials("AKIDexample", "secret")


class Answer(NamedTuple):
    """Status, headers (names in lower case) and body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def response(self) -> Any:
        return self.json["Response"]

    @property
    def code(self) -> str:
        """The error code of an API answer; ``OK`` when it has none."""
        return str(self.response["Error"]["Code"]) if "Error" in self.response else "OK"


def no_failure(error: Exception) -> None:
    raise AssertionError(error)


def prompt(
    *,
    task_ns: int = 0,
    dead_ns: int = 0,
    accept_ns: int = 0,
    error_rate: float = 0.0,
    error_code: str = "InternalError",
    task_failure_rate: float = 0.0,
) -> ControlPlane:
    """Every action takes the same; packets follow at once, and a HAVIP a gratuitous ARP."""
    accept, task, dead = Constant(accept_ns), Constant(task_ns), Constant(dead_ns)
    behaviour = ActionBehaviour(accept, task, dead, error_rate, error_code, task_failure_rate)
    return ControlPlane(
        actions=dict.fromkeys(ACTIONS, behaviour),
        rate_limits={},
        propagation=Constant(0),
        detach_cuts_traffic_at_once=True,
        havip_remap=Constant(0),
        garp_rate_limit=5,
    )


def limited(**rate_limits: int) -> ControlPlane:
    """Like :func:`prompt`, with rate limits."""
    return replace(prompt(), rate_limits=rate_limits)


@dataclass
class Endpoint:
    """An application over a region; ``hold`` is what a task waits for when it should not end by itself."""

    region: Region
    behaviour: Behaviour
    credentials: Credentials | None = None
    journal: Journal | None = None
    speed: float = 1.0

    def __post_init__(self) -> None:
        self.live = LiveRegion(
            self.region, Clock(self.speed), self.behaviour, lambda *names: 0.5, journal=self.journal, failed=no_failure
        )
        self.app = make_app(self.live, Door(self.region.name, self.credentials))

    async def request(
        self,
        method: str = "POST",
        path: str = "/",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        gone: asyncio.Event | None = None,
    ) -> Answer:
        """One HTTP request; ``gone``, once set, is a client that has given up."""
        path, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in (headers or {}).items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        chunks = [body[start : start + 65536] for start in range(0, len(body), 65536)] or [b""]
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if chunks:
                return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}
            await (gone or asyncio.Event()).wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], found, b"".join(item.get("body", b"") for item in sent[1:]))

    async def call(self, action: str, **parameters: Any) -> Answer:
        """An API call without a signature."""
        headers = {
            "Content-Type": "application/json",
            "X-TC-Action": action,
            "X-TC-Version": "2017-03-12",
            "X-TC-Region": self.region.name,
        }
        return await self.request(headers=headers, body=json.dumps(parameters).encode())

    async def control(self, method: str, path: str, posted: object = None) -> Answer:
        """A request to one of hasim's own addresses."""
        body = b"" if posted is None else json.dumps(posted).encode()
        return await self.request(method, f"/_hasim/{path}", {"Content-Type": "application/json"}, body)


def run(story: Coroutine[Any, Any, None]) -> None:
    """Let it happen, in twenty seconds at the most."""
    asyncio.run(asyncio.wait_for(story, 20))


async def settled(endpoint: Endpoint) -> None:
    """Until no task runs any more."""
    while endpoint.region.running_tasks():
        await asyncio.sleep(0)


def secondary(cloud: Cloud, address: str = "10.0.1.50") -> dict[str, str]:
    """A secondary address on a, and the parameters of the call that moves it to b."""
    cloud.do(
        "AssignPrivateIpAddresses", NetworkInterfaceId=cloud.eni_a, PrivateIpAddresses=[{"PrivateIpAddress": address}]
    )
    return {
        "SourceNetworkInterfaceId": cloud.eni_a,
        "DestinationNetworkInterfaceId": cloud.eni_b,
        "PrivateIpAddress": address,
    }
