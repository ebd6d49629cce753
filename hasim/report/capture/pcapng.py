"""The capture file: pcapng with an interface per instance, nanoseconds, and comments on what was lost.

Time 0 of the run is the epoch: a reader shows simulated time, not a date.
"""

from __future__ import annotations

from pathlib import Path

import dpkt.pcapng as blocks

from hasim.report.capture.wire import Packet, packets
from hasim.scenario.model import Scenario
from hasim.trace import Trace

__all__ = ["write_capture"]

_INTERFACE_NAME = 2
_TIME_RESOLUTION = 9
_FLAGS = 2
_OUTBOUND = (2).to_bytes(4, "little")
_NANOSECONDS = b"\x09"
_END = blocks.PcapngOptionLE(code=blocks.PCAPNG_OPT_ENDOFOPT)


def write_capture(path: Path, scenario: Scenario, trace: Trace) -> int:
    """Write what ``trace`` (made with ``detail``) has on the wire as pcapng; returns the number of packets.

    The file replaces ``path`` only when it is complete.

    Raises:
        OSError: it cannot be written.
    """
    interfaces = [
        (instance.name, interface.name) for instance in scenario.instances for interface in instance.interfaces
    ]
    numbers = {interface: number for number, interface in enumerate(interfaces)}
    title = f"{trace.scenario}: replication {trace.replication} of seed {trace.seed}, simulated by hasim"
    count = 0
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            file.write(bytes(blocks.SectionHeaderBlockLE(opts=[_comment(title), _END])))
            for instance, interface in interfaces:
                file.write(_interface_block(f"{instance} {interface}"))
            for packet in packets(scenario, trace):
                file.write(_packet_block(packet, numbers[packet.instance, packet.interface]))
                count += 1
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return count


def _interface_block(name: str) -> bytes:
    options = [_option(_INTERFACE_NAME, name.encode()), _option(_TIME_RESOLUTION, _NANOSECONDS), _END]
    return bytes(blocks.InterfaceDescriptionBlockLE(snaplen=0, opts=options))


def _packet_block(packet: Packet, interface: int) -> bytes:
    options = [_option(_FLAGS, _OUTBOUND)]
    if packet.comment:
        options.append(_comment(packet.comment))
    block = blocks.EnhancedPacketBlockLE(
        iface_id=interface,
        ts_high=packet.at_ns >> 32,
        ts_low=packet.at_ns & 0xFFFFFFFF,
        pkt_data=packet.frame,
        opts=[*options, _END],
    )
    return bytes(block)


def _option(code: int, data: bytes) -> blocks.PcapngOptionLE:
    return blocks.PcapngOptionLE(code=code, data=data)


def _comment(text: str) -> blocks.PcapngOptionLE:
    return blocks.PcapngOptionLE(code=blocks.PCAPNG_OPT_COMMENT, text=text)
