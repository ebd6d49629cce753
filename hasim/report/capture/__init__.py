"""One replication's adverts and gratuitous ARPs as a packet capture that Wireshark and tshark open.

``frames``   what keepalived puts on the wire, byte by byte
``wire``     from the records of a run to timed frames
``pcapng``   the file
"""

from __future__ import annotations

from hasim.report.capture.pcapng import write_capture
from hasim.report.capture.wire import Packet, packets

__all__ = ["Packet", "packets", "write_capture"]
