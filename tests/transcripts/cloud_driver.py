"""The control plane in transcripts: API calls with names instead of identifiers, and looks at what came of them.

Commands::

    Action Name=value Name=[json] -> name    call an action; ``name`` stands for the first identifier in the answer, and
                                             ``name.eni`` for the primary ENI of an instance
    commit task, fail task                   end a task; tasks are called t1, t2, ... in the order of their calls
    show name ...                            a resource in one line, as the API shows it
    holder address                           who has an address, by committed truth
    announce ha_vip eni                      a gratuitous ARP for a HAVIP leaves by that ENI
    power instance RUNNING|STOPPED           what the cloud notices of an instance
    at seconds                               set the clock

A value is text, or JSON when it begins with a bracket or brace; ``$name`` is the identifier that the name stands for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from hasim.cloud import CloudError, Region

__all__ = ["CloudDriver"]

_IDENTIFIER = re.compile(r"(vpc|subnet|eni|ins|sg|eip|havip)-[a-z0-9]{8}")
_NAME = re.compile(r"\$([a-z][a-z0-9_]*(?:\.eni)?)")
_ZONES = ("ap-guangzhou-1", "ap-guangzhou-2")
_OPENING, _CLOSING = "[{", "]}"


class CloudDriver:
    """One region, the names that a transcript has given, and its tasks."""

    def __init__(self) -> None:
        self._region = Region("ap-guangzhou", _ZONES, paranoid=True)
        self._now_ns = 0
        self._identifiers: dict[str, str] = {}
        self._tasks: dict[str, str] = {}

    def __call__(self, command: str) -> Iterator[str]:
        word, _, rest = command.partition(" ")
        perform = getattr(self, f"_do_{word}", None)
        if perform is not None:
            return iter([self._named(line) for line in perform(*self._resolved(rest).split())])
        return iter([self._named(line) for line in self._call(word, rest)])

    # Commands -------------------------------------------------------------------------------------------------------

    def _call(self, action: str, rest: str) -> Iterator[str]:
        arguments, _, name = rest.partition("-> ")
        parameters = dict(self._argument(item) for item in _split(arguments))
        try:
            reply = self._region.call(action, parameters, now_ns=self._now_ns)
        except CloudError as error:
            yield f"refused {error.code}"
            yield f"  {error.message}"
            return
        if name:
            self._bind(name.strip(), reply.response)
        if reply.task is None:
            yield "done"
            return
        task = f"t{len(self._tasks) + 1}"
        self._tasks[task] = reply.task.task_id
        yield f"{task} RUNNING"

    def _do_commit(self, *tasks: str) -> Iterator[str]:
        for name in tasks:
            yield f"{name} {self._region.commit(self._tasks[name], now_ns=self._now_ns).status}"

    def _do_fail(self, *tasks: str) -> Iterator[str]:
        for name in tasks:
            yield f"{name} {self._region.fail(self._tasks[name], now_ns=self._now_ns).status}"

    def _do_show(self, *identifiers: str) -> Iterator[str]:
        for identifier in identifiers:
            yield self._shown(identifier)

    def _do_holder(self, address: str) -> Iterator[str]:
        vpc = next(iter(self._region.vpcs))
        holder = self._region.holder_of(vpc, address)
        yield "nobody" if holder is None else f"{holder.network_interface_id} on {holder.instance_id or 'no instance'}"

    def _do_announce(self, ha_vip: str, eni: str) -> Iterator[str]:
        yield "followed" if self._region.announce(ha_vip, eni, now_ns=self._now_ns) else "ignored"

    def _do_power(self, instance: str, state: str) -> Iterator[str]:
        self._region.instance_power(instance, state)
        yield self._shown(instance)

    def _do_at(self, seconds: str) -> Iterator[str]:
        self._now_ns = int(seconds) * 10**9
        yield f"{seconds} s"

    # Showing --------------------------------------------------------------------------------------------------------

    def _describe(self, action: str, parameter: str, identifier: str, answer: str) -> dict[str, Any]:
        found = self._region.call(action, {parameter: [identifier]}, now_ns=self._now_ns).response[answer]
        return dict(found[0]) if found else {}

    def _shown(self, identifier: str) -> str:
        kind = identifier.partition("-")[0]
        if kind == "eni":
            return self._shown_eni(identifier)
        if kind == "eip":
            view = self._describe("DescribeAddresses", "AddressIds", identifier, "AddressSet")
            parts = (view.get("AddressStatus", "gone"), view.get("PrivateAddressIp"), view.get("InstanceId"))
        elif kind == "havip":
            view = self._describe("DescribeHaVips", "HaVipIds", identifier, "HaVipSet")
            parts = (view.get("State", "gone"), view.get("Vip"), view.get("InstanceId"))
        else:
            view = self._describe("DescribeInstances", "InstanceIds", identifier, "InstanceSet")
            parts = (view.get("InstanceState", "gone"), ", ".join(view.get("PrivateIpAddresses", [])), None)
        return " ".join([identifier, *(part for part in parts if part)])

    def _shown_eni(self, identifier: str) -> str:
        view = self._describe("DescribeNetworkInterfaces", "NetworkInterfaceIds", identifier, "NetworkInterfaceSet")
        attachment = view["Attachment"]
        place = f"on {attachment['InstanceId']}" if attachment else "unattached"
        addresses = []
        for item in view["PrivateIpAddressSet"]:
            state = "" if item["State"] == "AVAILABLE" else f" {item['State']}"
            public = f" ({item['PublicIpAddress']})" if item["PublicIpAddress"] else ""
            addresses.append(item["PrivateIpAddress"] + public + state)
        return f"{identifier} {view['State']} {place}: {', '.join(addresses)}"

    # Names ----------------------------------------------------------------------------------------------------------

    def _bind(self, name: str, response: dict[str, Any]) -> None:
        match = _IDENTIFIER.search(json.dumps({key: response[key] for key in response if key != "RequestId"}))
        assert match is not None, f"no identifier to call {name} in {response}"
        self._identifiers[name] = match[0]
        if match[0].startswith("ins-"):
            self._identifiers[f"{name}.eni"] = self._region.instances[match[0]].network_interface_id

    def _resolved(self, text: str) -> str:
        return _NAME.sub(lambda match: self._identifiers[match[1]], text)

    def _named(self, text: str) -> str:
        for name, identifier in self._identifiers.items():
            text = text.replace(identifier, f"${name}")
        for name, identifier in self._tasks.items():
            text = text.replace(identifier, name)
        return text

    def _argument(self, text: str) -> tuple[str, Any]:
        name, _, value = text.partition("=")
        value = self._resolved(value)
        return name, json.loads(value) if value[:1] in _OPENING else value


def _split(text: str) -> Iterator[str]:
    """The words of a command; blanks within brackets and braces do not separate."""
    depth, word = 0, ""
    for character in text + " ":
        depth += (character in _OPENING) - (character in _CLOSING)
        if character == " " and depth == 0:
            if word:
                yield word
            word = ""
        else:
            word += character
