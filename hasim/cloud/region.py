"""A region of the cloud: the one door through which it changes, and what a simulation asks it.

:meth:`Region.call` answers an API action or refuses it with a :class:`CloudError` and changes nothing. An asynchronous
action returns a running :class:`Task`; until somebody ends it with :meth:`Region.commit` or :meth:`Region.fail`, the
resources show the intermediate states of the real cloud and refuse what excludes it. The region has no clock: every
method that needs the time takes ``now_ns``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hasim.cloud import invariants, snapshots
from hasim.cloud.entities import AddressState, HaVipState, InstanceState, InterfaceState, Task, TaskStatus
from hasim.cloud.errors import COMMON_CODES, CloudError, refusal
from hasim.cloud.idempotence import earlier_response, remember
from hasim.cloud.identifiers import request_id
from hasim.cloud.limits import Limits
from hasim.cloud.registry import ACTIONS, ENDINGS, Action, Reply, Request
from hasim.cloud.store import Store
from hasim.errors import ModelInvariantError

__all__ = ["Holder", "Region"]


@dataclass(frozen=True, slots=True)
class Holder:
    """Where an address is, by the cloud's committed truth: an ENI, and the instance it is on (None: unattached)."""

    network_interface_id: str
    instance_id: str | None


class Region(Store):
    """The ENI control plane of one region and account.

    ``paranoid`` checks the invariants after every call and every end of a task, and that every refusal is one that the
    action documents: for tests.
    """

    __slots__ = ("_paranoid", "_reads")

    def __init__(
        self, name: str, zones: Iterable[str], limits: Limits | None = None, *, paranoid: bool = False
    ) -> None:
        super().__init__(name, zones, limits)
        self._paranoid = paranoid
        self._reads = 0

    # Calls and tasks ------------------------------------------------------------------------------------------------

    def call(self, action: str, parameters: Mapping[str, Any] | None = None, *, now_ns: int) -> Reply:
        """Answer an API action.

        Raises:
            CloudError: the call is refused; the region is as it was.
        """
        try:
            spec = ACTIONS.get(action)
            if spec is None:
                raise refusal("InvalidAction", f"{action!r:.80} is unknown or not modelled.")
            return self._perform(spec, spec.read(parameters or {}), now_ns)
        except CloudError as error:
            if self._paranoid:
                _require_documented(action, error)
            raise
        finally:
            if self._paranoid:
                self.check_invariants()

    def complete(self, action: str, parameters: Mapping[str, Any] | None = None, *, now_ns: int) -> dict[str, Any]:
        """Call an action and commit its task at once: for building a topology. Returns the response.

        Raises:
            CloudError: the call is refused; the region is as it was.
        """
        reply = self.call(action, parameters, now_ns=now_ns)
        if reply.task is not None:
            self.commit(reply.task.task_id, now_ns=now_ns)
        return reply.response

    def commit(self, task_id: str, *, now_ns: int) -> Task:
        """End a running task well: intermediate states become final.

        Raises:
            ValueError: there is no such running task.
        """
        return self._end(task_id, TaskStatus.SUCCESS, now_ns)

    def fail(self, task_id: str, *, now_ns: int) -> Task:
        """End a running task badly: everything that it touched is as it was before.

        Raises:
            ValueError: there is no such running task.
        """
        return self._end(task_id, TaskStatus.FAILED, now_ns)

    def running_tasks(self) -> list[Task]:
        """The tasks that have begun and not ended, oldest first."""
        return list(self.running.values())

    def _perform(self, spec: Action, request: Request, now_ns: int) -> Reply:
        has_token = bool(request.get("ClientToken"))
        if has_token:
            earlier = earlier_response(self.tokens, self.running, spec, request)
            if earlier is not None:
                return Reply(earlier)
        reply = spec.perform(self, request, now_ns)
        reply.response["RequestId"] = self._request_id(spec, reply.task)
        if has_token:
            remember(self.tokens, spec, request, reply)
        return reply

    def _request_id(self, spec: Action, task: Task | None) -> str:
        if task is not None:
            return task.task_id
        if spec.reads_only:
            # Reading must not change the region, so its requests are numbered from the other end, outside the snapshot.
            self._reads += 1
            return request_id(-self._reads)
        return request_id(self.count("request"))

    def _end(self, task_id: str, status: TaskStatus, now_ns: int) -> Task:
        task = self.running.pop(task_id, None)
        if task is None:
            raise ValueError(f"no running task {task_id}")
        task.status = status
        task.ended_ns = now_ns
        ending = ENDINGS[task.action]
        end = ending.commit if status is TaskStatus.SUCCESS else ending.fail
        if end is not None:
            end(self, task, now_ns)
        if self._paranoid:
            self.check_invariants()
        return task

    # What the simulation asks and tells -----------------------------------------------------------------------------

    def holder_of(self, vpc_id: str, address: str) -> Holder | None:
        """Which ENI and instance have the private address, by committed truth; None when nobody has.

        An address on its way to another ENI is still where it was; one that is only reserved is nowhere. A HAVIP is
        where it was last claimed.
        """
        owner = self.addresses.owner(vpc_id, address)
        if owner is None:
            return None
        ha_vip = self.ha_vips.get(owner)
        if ha_vip is not None:
            return self._holder(ha_vip.network_interface_id)
        interface = self.network_interfaces[owner]
        item = interface.addresses.get(address)
        if item is None or interface.state is InterfaceState.PENDING or item.state is AddressState.PENDING:
            return None
        return Holder(owner, interface.instance_id)

    def holder_of_eip(self, address_id: str) -> Holder | None:
        """Which ENI and instance packets to an EIP reach, by committed truth; None when it is bound to nothing.

        An EIP that is UNBINDING still is what it was; one that is BINDING is not yet anything.
        """
        eip = self.eips.get(address_id)
        if eip is None:
            return None
        if eip.ha_vip_id:
            return self._holder(self.ha_vips[eip.ha_vip_id].network_interface_id)
        return self._holder(eip.network_interface_id)

    def _holder(self, network_interface_id: str) -> Holder | None:
        if not network_interface_id:
            return None
        return Holder(network_interface_id, self.network_interfaces[network_interface_id].instance_id)

    def may_claim(self, ha_vip_id: str, network_interface_id: str) -> bool:
        """Whether the cloud would follow a gratuitous ARP for a HAVIP that leaves by that ENI.

        It does when the ENI is attached, in the HAVIP's subnet and, with CheckAssociate, in its range (the ENI itself
        or its instance).

        Raises:
            KeyError: no such HAVIP or ENI.
        """
        ha_vip = self.ha_vips[ha_vip_id]
        interface = self.network_interfaces[network_interface_id]
        if interface.instance_id is None or interface.subnet_id != ha_vip.subnet_id:
            return False
        if not ha_vip.check_associate:
            return True
        return not {network_interface_id, interface.instance_id}.isdisjoint(ha_vip.associations)

    def announce(self, ha_vip_id: str, network_interface_id: str, *, now_ns: int) -> bool:
        """A guest's gratuitous ARP for a HAVIP left by that ENI. Whether the HAVIP is there now, by this or before.

        Raises:
            KeyError: no such HAVIP or ENI.
        """
        if not self.may_claim(ha_vip_id, network_interface_id):
            return False
        ha_vip = self.ha_vips[ha_vip_id]
        if ha_vip.network_interface_id != network_interface_id:
            ha_vip.network_interface_id = network_interface_id
            ha_vip.state = HaVipState.AVAILABLE
            ha_vip.flushed_ns = now_ns
        return True

    def instance_power(self, instance_id: str, state: str) -> None:
        """Tell the cloud that an instance was found RUNNING or STOPPED (its host lost it, or it booted again).

        Without this a crashed guest stays RUNNING for the API. While a start, stop, reboot or termination of the
        instance is under way, that task decides and this changes nothing.

        Raises:
            ValueError: not RUNNING or STOPPED.
            KeyError: no such instance.
        """
        observed = InstanceState(state)
        if observed not in (InstanceState.RUNNING, InstanceState.STOPPED):
            raise ValueError(f"an instance is observed RUNNING or STOPPED, not {state}")
        instance = self.instances[instance_id]
        if instance.state in (InstanceState.RUNNING, InstanceState.STOPPED):
            instance.state = observed

    def guest(self, instance_id: str, *, is_crashed: bool) -> None:
        """Note that an instance's guest is dead, or up again. The API shows the instance as before.

        Raises:
            KeyError: no such instance.
        """
        self.instances[instance_id].is_crashed = is_crashed

    def is_dead(self, instance_id: str) -> bool:
        """Whether nothing runs on an instance: it is STOPPED, or its guest has crashed.

        Raises:
            KeyError: no such instance.
        """
        instance = self.instances[instance_id]
        return instance.is_crashed or instance.state is InstanceState.STOPPED

    def flag_eip(self, address_id: str, *, is_arrears: bool | None = None, is_blocked: bool | None = None) -> None:
        """Isolate an EIP for unpaid bills, or block it after an attack, or lift that: what an account suffers.

        Raises:
            KeyError: no such EIP.
        """
        eip = self.eips[address_id]
        eip.is_arrears = eip.is_arrears if is_arrears is None else is_arrears
        eip.is_blocked = eip.is_blocked if is_blocked is None else is_blocked

    # The region as data ---------------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """Everything that the region is, as plain data (JSON-able); equal for equal regions."""
        return snapshots.take(self)

    def fingerprint(self) -> object:
        """Something that equals another fingerprint exactly when the regions are equal: quicker than a snapshot."""
        return snapshots.fingerprint(self)

    @classmethod
    def restore(cls, snapshot: Mapping[str, Any], *, paranoid: bool = False) -> Region:
        """The region of a snapshot.

        Raises:
            ValueError: not a snapshot of this version, or one that contradicts itself.
        """
        region = cls("", (), paranoid=paranoid)
        snapshots.fill(region, snapshot)
        return region

    def check_invariants(self) -> None:
        """Hold the whole region against what must always be true.

        Raises:
            ModelInvariantError: it is not: a bug in the model.
        """
        invariants.check(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Region) and self.fingerprint() == other.fingerprint()

    __hash__ = None  # type: ignore[assignment]  # a region changes


def _require_documented(action: str, error: CloudError) -> None:
    documented = COMMON_CODES | (ACTIONS[action].codes if action in ACTIONS else frozenset())
    if error.code not in documented:
        raise ModelInvariantError(f"{action} refused with {error.code}, which it does not document") from error
