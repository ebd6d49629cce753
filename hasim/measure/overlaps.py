"""How long protocol, cloud and guest disagreed: three durations that are summed whether or not the service suffered."""

from __future__ import annotations

from collections.abc import Set

__all__ = ["Overlaps"]


class Overlaps:
    """Sums up the time with two live MASTERs, the address on the wrong instance, and a black hole.

    Attributes:
        dual_master_ns: at least two live MASTERs.
        wrong_instance_ns: the cloud routes the address to an instance that is not a live MASTER while another is.
        black_hole_ns: the only live MASTER has the cloud's route, and nobody is served all the same.
    """

    __slots__ = ("_dual", "_hole", "_since", "_wrong", "black_hole_ns", "dual_master_ns", "wrong_instance_ns")

    def __init__(self) -> None:
        self.dual_master_ns = 0
        self.wrong_instance_ns = 0
        self.black_hole_ns = 0
        self._since = 0
        self._dual = self._wrong = self._hole = False

    def update(self, at: int, masters: Set[str], routed: str | None, server: str | None) -> None:
        """Close the interval that ends at ``at`` and begin the next with the state given."""
        elapsed_ns = at - self._since
        if elapsed_ns:
            self._since = at
            if self._dual:
                self.dual_master_ns += elapsed_ns
            if self._wrong:
                self.wrong_instance_ns += elapsed_ns
            if self._hole:
                self.black_hole_ns += elapsed_ns
        count = len(masters)
        self._dual = count > 1
        self._wrong = count > 0 and routed is not None and routed not in masters
        self._hole = count == 1 and server is None and routed in masters
