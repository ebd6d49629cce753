"""What keepalived.conf cannot say as a scenario does: nearest values, each with a remark."""

from __future__ import annotations

from dataclasses import dataclass, field

from hasim.units import MICROSECOND, SECOND, format_duration

__all__ = ["Rounding"]

_LONGEST_SECONDS = 4294


@dataclass
class Rounding:
    """Durations as keepalived can have them; what had to change is in ``remarks``."""

    subject: str
    remarks: list[str] = field(default_factory=list)

    def whole_seconds(self, name: str, duration_ns: int, *, least_s: int = 0) -> int:
        """Rounded up to whole seconds, from ``least_s`` to the most that keepalived takes."""
        rounded_s = min(max(-(-duration_ns // SECOND), least_s), _LONGEST_SECONDS)
        return self._changed(name, duration_ns, rounded_s * SECOND, "it takes whole seconds")

    def decimal(self, name: str, duration_ns: int, *, least_ns: int = 0, most_ns: int) -> int:
        """Rounded to microseconds, between two bounds."""
        rounded_ns = min(max(round(duration_ns / MICROSECOND) * MICROSECOND, least_ns), most_ns)
        bounds = f"it takes microseconds up to {format_duration(most_ns)}"
        return self._changed(name, duration_ns, rounded_ns, bounds)

    def remark(self, text: str) -> None:
        """Anything else that is not as in the scenario."""
        self.remarks.append(f"{self.subject}: {text}")

    def _changed(self, name: str, wanted_ns: int, used_ns: int, reason: str) -> int:
        if wanted_ns != used_ns:
            self.remark(
                f"keepalived.conf cannot say {name} {format_duration(wanted_ns)} ({reason}): "
                f"it says {format_duration(used_ns)}"
            )
        return used_ns
