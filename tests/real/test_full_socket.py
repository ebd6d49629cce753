"""How many adverts a frozen daemon finds in its socket, beside what the simulator says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.keepalived import full_socket
from tests.keepalived.daemon import needs_keepalived
from tests.keepalived.full_socket import ASKED
from tests.real.namespaces import run_apart
from tests.unit.test_sim_receive_buffer import answers, frozen

pytestmark = [pytest.mark.real, needs_keepalived]


def test_a_real_daemon_answers_as_many_adverts_as_the_simulated_one(tmp_path: Path) -> None:
    default = int(Path("/proc/sys/net/core/rmem_default").read_text())
    printed = run_apart(full_socket, tmp_path)
    simulated = [
        answers(frozen(30, {} if asked is None else {"kernel_rx_buf_size": asked}, receive_buffer=default))
        for asked in ASKED
    ]
    assert json.loads(printed) == simulated
