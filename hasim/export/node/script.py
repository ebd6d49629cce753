"""One run of the notify script: what it does in which order, and when. Nothing here touches the world."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from .settings import Policy, SettingsError

__all__ = ["Answer", "Holding", "Script", "pages"]


class Answer(NamedTuple):
    """What became of a call: ``OK`` and the response, or an error code and nothing."""

    code: str
    response: dict[str, Any]


def pages(
    call: Callable[[str, dict[str, Any]], Answer], action: str, params: dict[str, Any], listed: str
) -> Iterator[Answer]:
    """The answers to a question, until everything has come; one that fails is the last. ``listed``: their field."""
    come = 0
    while True:
        answer = call(action, {**params, "Offset": come} if come else params)
        yield answer
        page = answer.response.get(listed)
        if not page:
            return
        come += len(page)
        if come >= answer.response["TotalCount"]:
            return


class Holding(NamedTuple):
    """Who holds the address (None: nobody), and whether the EIP that belongs to it is bound to it."""

    instance: str | None
    interface: str | None
    eip_is_bound: bool


class Script:
    """One run of the notify script: the policy, with everything that touches the world handed in.

    ``call(action, params)`` makes an API call, ``sleep(ns)`` waits, ``now()`` is a clock in nanoseconds,
    ``is_master()`` looks at keepalived's state again, ``chance()`` is a random number in (0, 1).
    """

    def __init__(
        self,
        settings: dict[str, Any],
        identifiers: dict[str, str],
        *,
        call: Callable[[str, dict[str, Any]], Answer],
        sleep: Callable[[int], None],
        now: Callable[[], int],
        is_master: Callable[[], bool],
        chance: Callable[[], float],
    ) -> None:
        self._policy = Policy.read(settings["policy"])
        self._calls = settings["calls"]
        self._address = settings["floating_address"]
        self._identifiers = identifiers
        self._own = identifiers.get("instance_" + settings["instance"])
        self._peer = settings["supposed_holder"]
        self._call, self._sleep, self._now = call, sleep, now
        self._is_master, self._chance = is_master, chance

    def claim(self, *, always_ask: bool = False) -> str:
        """Make this instance the holder; returns the outcome. ``always_ask``: whatever the policy says."""
        outcome = self._take(always_ask)
        if self._policy.reread_after and outcome == "done" and not self._is_master():
            self._give_back()
            return "superseded"
        return outcome

    def _take(self, always_ask: bool) -> str:
        policy = self._policy
        self._sleep(policy.sleep_before)
        for attempt in range(policy.tries):
            if attempt:
                self._sleep(policy.retry_delay_ns(attempt, self._chance()))
            if policy.reread_state and not self._is_master():
                return "superseded"
            outcome = self._attempt(policy.check_first or always_ask)
            if outcome is not None:
                return outcome
        return "gave_up"

    def release(self) -> str:
        """Give the address back; returns the outcome."""
        self._sleep(self._policy.sleep_before_release)
        if self._policy.reread_state and self._is_master():
            return "superseded"
        return self._give_back()

    def _give_back(self) -> str:
        """The cloud lets nobody release what somebody else holds, except an EIP: there it is asked first."""
        if self._address is None and self._policy.check_first:
            holding = self.ask()
            if holding is None:
                return "gave_up"
            if holding.instance != self._own:
                return "nothing_to_do"
        return "done" if self._carry_out(self._calls["release"], {}) else "gave_up"

    def ask(self) -> Holding | None:
        """Who holds the address; None where the question was not answered."""
        action, params = self._calls["ask"]["action"], self._bound(self._calls["ask"]["params"], {})
        if self._address is None:
            for eip in self._call(action, params).response.get("AddressSet", ()):
                return Holding(eip.get("InstanceId") or None, eip.get("NetworkInterfaceId") or None, True)
            return None
        for answer in pages(self._call, action, params, "NetworkInterfaceSet"):
            if answer.code != "OK":
                return None
            for interface in answer.response["NetworkInterfaceSet"]:
                holding = self._holding_of(interface)
                if holding is not None:
                    return holding
        return Holding(None, None, self._identifiers.get("eip") is None)

    def _holding_of(self, interface: dict[str, Any]) -> Holding | None:
        """None unless this ENI is attached and has the very address: an answer may have others."""
        attached_to = (interface.get("Attachment") or {}).get("InstanceId")
        eip = self._identifiers.get("eip")
        for item in interface.get("PrivateIpAddressSet") or ():
            if attached_to and item["PrivateIpAddress"] == self._address:
                return Holding(attached_to, interface["NetworkInterfaceId"], eip in (None, item.get("AddressId")))
        return None

    def _attempt(self, asks: bool) -> str | None:
        """One try: the outcome, or None when it is to be tried again."""
        holding: Holding | None = Holding(
            self._identifiers.get("instance_" + self._peer), self._identifiers.get("interface_" + self._peer), True
        )
        if asks:
            holding = self.ask()
            if holding is None:
                return "nothing_to_do" if self._policy.unanswered_means_held else None
        assert holding is not None
        holder = {"holder:instance": holding.instance or "", "holder:interface": holding.interface or ""}
        if holding.instance is None:
            steps = self._calls["claim"]["from_nobody"]
        elif holding.instance != self._own:
            steps = self._calls["claim"]["from_another"]
        elif not holding.eip_is_bound:
            steps = self._calls["claim"]["eip_only"]
        else:
            return "nothing_to_do"
        return "done" if self._carry_out(steps, holder) else None

    def _carry_out(self, steps: list[dict[str, Any]], names: dict[str, str]) -> bool:
        """Make the calls one after another, each when the task of the one before is through."""
        for number, step in enumerate(steps, start=1):
            answer = self._call(step["action"], self._bound(step["params"], names))
            if answer.code != "OK":
                return False
            if (self._policy.wait_for_task or number < len(steps)) and not self._task_succeeds(answer.response):
                return False
        return True

    def _task_succeeds(self, response: dict[str, Any]) -> bool:
        """Poll until the task is through, or this has waited long enough."""
        deadline_ns = self._now() + self._policy.task_timeout
        if "TaskId" in response:
            action, params, field = "DescribeTaskResult", {"TaskId": int(response["TaskId"])}, "Result"
        else:
            action, params, field = "DescribeVpcTaskResult", {"TaskId": response["RequestId"]}, "Status"
        while self._now() < deadline_ns:
            self._sleep(self._policy.poll_interval)
            status = self._call(action, params)
            if status.code == "OK" and status.response[field] != "RUNNING":
                return bool(status.response[field] == "SUCCESS")
        return False

    def _bound(self, value: Any, names: dict[str, str]) -> Any:
        """A parameter with identifiers in place of ``$names``."""
        if isinstance(value, dict):
            return {key: self._bound(inner, names) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._bound(inner, names) for inner in value]
        if not (isinstance(value, str) and value.startswith("$")):
            return value
        identifier = names.get(value[1:]) or self._identifiers.get(value[1:])
        if not identifier:
            raise SettingsError("identifiers.json has no " + value[1:])
        return identifier
