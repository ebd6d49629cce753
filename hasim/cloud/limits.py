"""Quotas of the cloud: per instance specification, per VPC, per region and account.

The per-specification table is the cloud's own ENI page. It leaves specifications open; what fills each hole, and why,
is in the ``note`` of its row, and the one hole where published pages contradict each other (4 cores with exactly
16 GB) is a switch: :attr:`Limits.four_core_16gb_addresses`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["SPECIFICATION_TABLE", "InterfaceLimits", "Limits", "SpecificationRow", "public_addresses_per_instance"]


class InterfaceLimits(NamedTuple):
    """What one instance may have: ENIs, and private IPs per ENI; the primary ones are included in both."""

    interfaces: int
    addresses: int


class SpecificationRow(NamedTuple):
    """One row of the table: it applies to ``least_cpu``..``most_cpu`` cores and memory up to ``most_memory_gb``.

    ``most_memory_gb`` None means any memory above the rows before it; ``below`` excludes the bound itself.
    """

    least_cpu: int
    most_cpu: int | None
    most_memory_gb: float | None
    below: bool
    interfaces: int
    addresses: int
    note: str


SPECIFICATION_TABLE = (
    SpecificationRow(1, 1, 1, False, 2, 2, "published; less than 1 GB is not listed and counts as 1 GB"),
    SpecificationRow(1, 1, None, False, 2, 6, "published"),
    SpecificationRow(2, 2, None, False, 2, 10, "published"),
    SpecificationRow(3, 3, None, False, 2, 10, "not published: the next smaller specification (2 cores)"),
    SpecificationRow(4, 4, 16, True, 4, 10, "published"),
    SpecificationRow(4, 4, 16, False, 4, 0, "pages disagree (10 or 20): Limits.four_core_16gb_addresses decides"),
    SpecificationRow(4, 4, None, False, 4, 20, "published"),
    SpecificationRow(5, 7, None, False, 4, 10, "not published; 6 cores have 4 and 10 on the later per-family page"),
    SpecificationRow(8, 12, None, False, 6, 20, "published"),
    SpecificationRow(13, None, None, False, 8, 30, "published"),
)
"""Rows are looked at in order; the first that fits decides."""

_CPU_PER_PUBLIC_ADDRESS = 6
_MOST_PUBLIC_ADDRESSES = 10


def public_addresses_per_instance(cpu: int) -> int:
    """Public addresses (ordinary and elastic) that an instance may have: 1-5 cores 2, 6-11 cores 3, ... from 48 10."""
    return min(2 + cpu // _CPU_PER_PUBLIC_ADDRESS, _MOST_PUBLIC_ADDRESSES)


@dataclass(frozen=True, slots=True)
class Limits:
    """The quotas of an account in a region. Defaults are the published ones.

    ``four_core_16gb_addresses`` is 10 or 20: private IPs per ENI of an instance with 4 cores and exactly 16 GB.
    ``address_daily_factor``: EIP applications per day are this many times the EIP quota.
    """

    four_core_16gb_addresses: int = 10
    vpcs: int = 20
    subnets_per_vpc: int = 100
    interfaces_per_vpc: int = 1000
    unattached_interface_addresses: int = 10
    ha_vips_per_vpc: int = 10
    ha_vip_associations: int = 10
    eips: int = 20
    address_daily_factor: int = 2
    ordinary_address_reallocations_per_day: int = 10
    security_groups: int = 50
    security_groups_per_interface: int = 5
    security_group_policies: int = 100
    security_group_interfaces: int = 2000
    security_group_references: int = 10

    def __post_init__(self) -> None:
        if self.four_core_16gb_addresses not in (10, 20):
            raise ValueError(f"four_core_16gb_addresses is 10 or 20, got {self.four_core_16gb_addresses}")

    def of_specification(self, cpu: int, memory_gb: float) -> InterfaceLimits:
        """ENI and private IP limits of an instance with that many cores and GB."""
        for row in SPECIFICATION_TABLE:
            if not row.least_cpu <= cpu <= (row.most_cpu or cpu):
                continue
            bound = row.most_memory_gb
            if bound is None or memory_gb < bound or (memory_gb == bound and not row.below):
                return InterfaceLimits(row.interfaces, row.addresses or self.four_core_16gb_addresses)
        raise ValueError(f"an instance has at least one core, got {cpu}")
