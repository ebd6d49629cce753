"""``vrrp_sync_group`` blocks: who belongs to which, and what that does to weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from hasim.keepalived.config import SyncGroup, Tracked, VrrpInstance
from hasim.keepalived.instances import TRACKED_FIELDS, InstanceDraft, KnownNames, TrackingDraft
from hasim.keepalived.problems import Problems
from hasim.keepalived.syntax import Statement
from hasim.vrrp.timers import OWNER_PRIORITY

__all__ = ["GroupDraft", "assign_members", "complete_groups", "start_together"]


class GroupDraft(TrackingDraft):
    """The draft of a sync group; ``members`` are filled in when all instances are known."""

    def __init__(self, block: Statement, known: KnownNames, problems: Problems) -> None:
        super().__init__(block, known, problems)
        self.name = block.name
        self.listed: tuple[str, ...] = ()
        self.members: list[str] = []
        for statement in block.statements:
            self._take(statement)

    def _take(self, statement: Statement) -> None:
        if statement.keyword.name != "group":
            self.take(statement)
        elif self.listed:
            self.problems.error(statement.location, f"the members of {self.name} are already listed")
        else:
            self.listed = tuple(word for entry in statement.entries for word in entry.words)
            self.places["members"] = statement.location
            if not self.listed:
                self.problems.warning(statement.location, f"the group of {self.name} is empty", "it has no members")


def assign_members(
    groups: Iterable[GroupDraft], instances: Mapping[str, InstanceDraft], problems: Problems
) -> dict[str, GroupDraft]:
    """Give each group the members that exist and are still free; the group of each instance by its name."""
    membership: dict[str, GroupDraft] = {}
    for group in groups:
        where = group.where("members")
        for name in group.listed:
            if name not in instances:
                problems.error(where, f"vrrp_instance {name} of sync group {group.name} does not exist")
            elif name in membership:
                problems.error(where, f"vrrp_instance {name} is in sync group {membership[name].name} already")
            else:
                membership[name] = group
                group.members.append(name)
        if not group.members:
            problems.error(where, f"sync group {group.name} has no members", "keepalived removes it")
        elif len(group.members) == 1:
            problems.warning(
                where, f"sync group {group.name} has only one member", "keepalived doubts that it is meant"
            )
    return membership


def start_together(groups: Iterable[GroupDraft], instances: Sequence[VrrpInstance]) -> tuple[VrrpInstance, ...]:
    """The instances, all starting as BACKUP where one of their group does not start as the owner of its addresses."""
    starts_as_master = {i.name for i in instances if i.state == "MASTER" and i.priority == OWNER_PRIORITY}
    held_back = {name for group in groups if not starts_as_master.issuperset(group.members) for name in group.members}
    return tuple(replace(i, state="BACKUP") if i.name in held_back else i for i in instances)


def complete_groups(
    groups: Iterable[GroupDraft], instances: Sequence[VrrpInstance], problems: Problems
) -> tuple[SyncGroup, ...]:
    """The sync groups that have members."""
    owners = {instance.name for instance in instances if instance.priority == OWNER_PRIORITY}
    return tuple(_complete(group, owners, problems) for group in groups if group.members)


def _complete(group: GroupDraft, owners: set[str], problems: Problems) -> SyncGroup:
    has_owner = bool(owners.intersection(group.members))
    if has_owner and not owners.issuperset(group.members):
        problems.warning(
            group.where("members"),
            f"some members of sync group {group.name} have priority 255 and some have not",
            "such a group does not work",
        )
    tracked = dict(group.tracked)
    if has_owner:
        tracked = {field: _unweighted(group, tracked[field], problems) for field in TRACKED_FIELDS}
    return SyncGroup(
        location=group.location,
        places=dict(group.places),
        name=group.name,
        members=tuple(group.members),
        notify=group.notify(),
        notify_priority_changes=group.find("notify_priority_changes", bool),
        sync_group_tracking_weight=group.has("sync_group_tracking_weight"),
        other=tuple(group.other),
        **tracked,
    )


def _unweighted(group: GroupDraft, items: tuple[Tracked, ...], problems: Problems) -> tuple[Tracked, ...]:
    """What a group with the owner of addresses tracks: nothing with a weight."""
    for item in items:
        if item.weight:
            problems.warning(
                item.location,
                f"sync group {group.name} has a member with priority 255, so {item.name} can have no weight",
                "keepalived takes weight 0",
            )
    return tuple(Tracked(item.name, 0, item.reverse, item.location) for item in items)
