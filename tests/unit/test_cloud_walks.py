"""Random walks through the control plane: whatever is called and however tasks end, the model holds together.

After every step the invariants hold, every refusal is one that its action documents and left the region equal to what
it was, and reading changed nothing. Three ways of walking, all through the same steps:

* a Hypothesis state machine decides everything itself, and so shrinks what it finds to its last detail: few walks;
* Hypothesis scripts of 24 steps, four bytes each (four zeros: no step): thousands of walks;
* a plain generator: long walks, ``HASIM_WALKS`` of them.

What the last two reached is printed, and held against the documented states and codes.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from hasim.cloud import ACTIONS
from tests.unit.cloud_sampler import Coverage, HypothesisChooser, RandomChooser, Walk

pytestmark = pytest.mark.xdist_group("walks")

SCRIPTS, SCRIPT_STEPS, BYTES_PER_STEP = 2200, 24, 4
WALKS, WALK_STEPS = int(os.environ.get("HASIM_WALKS", "150")), 120
UNHURRIED = settings(
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)

TRANSITIONS = {
    ("ENI", "-", "PENDING unattached"),
    ("ENI", "PENDING unattached", "AVAILABLE unattached"),
    ("ENI", "PENDING unattached", "AVAILABLE attached"),
    ("ENI", "PENDING unattached", "-"),
    ("ENI", "-", "PENDING attached"),
    ("ENI", "PENDING attached", "AVAILABLE attached"),
    ("ENI", "PENDING attached", "-"),
    ("ENI", "AVAILABLE unattached", "ATTACHING unattached"),
    ("ENI", "ATTACHING unattached", "AVAILABLE attached"),
    ("ENI", "ATTACHING unattached", "AVAILABLE unattached"),
    ("ENI", "AVAILABLE attached", "DETACHING attached"),
    ("ENI", "DETACHING attached", "AVAILABLE unattached"),
    ("ENI", "DETACHING attached", "AVAILABLE attached"),
    ("ENI", "AVAILABLE unattached", "DELETING unattached"),
    ("ENI", "DELETING unattached", "-"),
    ("ENI", "DELETING unattached", "AVAILABLE unattached"),
    ("ENI", "AVAILABLE attached", "AVAILABLE unattached"),
    ("ENI", "AVAILABLE attached", "-"),
    ("private IP", "-", "PENDING"),
    ("private IP", "PENDING", "AVAILABLE"),
    ("private IP", "PENDING", "-"),
    ("private IP", "AVAILABLE", "MIGRATING"),
    ("private IP", "MIGRATING", "AVAILABLE"),
    ("private IP", "AVAILABLE", "DELETING"),
    ("private IP", "DELETING", "-"),
    ("private IP", "DELETING", "AVAILABLE"),
    ("private IP", "AVAILABLE", "-"),
    ("private IP", "-", "AVAILABLE"),
    ("EIP", "-", "CREATING"),
    ("EIP", "CREATING", "UNBIND"),
    ("EIP", "CREATING", "-"),
    ("EIP", "-", "BINDING"),
    ("EIP", "BINDING", "-"),
    ("EIP", "UNBIND", "BINDING"),
    ("EIP", "BINDING", "BIND"),
    ("EIP", "BINDING", "BIND_ENI"),
    ("EIP", "BINDING", "UNBIND"),
    ("EIP", "BIND", "UNBINDING"),
    ("EIP", "BIND_ENI", "UNBINDING"),
    ("EIP", "UNBINDING", "UNBIND"),
    ("EIP", "UNBINDING", "BIND"),
    ("EIP", "UNBINDING", "BIND_ENI"),
    ("EIP", "BIND", "BIND_ENI"),
    ("EIP", "BIND_ENI", "BIND"),
    ("EIP", "BIND", "UNBIND"),
    ("EIP", "BIND_ENI", "UNBIND"),
    ("EIP", "UNBIND", "OFFLINING"),
    ("EIP", "OFFLINING", "-"),
    ("EIP", "OFFLINING", "UNBIND"),
    ("HAVIP", "-", "UNBIND"),
    ("HAVIP", "-", "AVAILABLE"),
    ("HAVIP", "UNBIND", "AVAILABLE"),
    ("HAVIP", "AVAILABLE", "UNBIND"),
    ("HAVIP", "UNBIND", "-"),
    ("HAVIP", "AVAILABLE", "-"),
    ("instance", "-", "PENDING"),
    ("instance", "PENDING", "RUNNING"),
    ("instance", "PENDING", "-"),
    ("instance", "RUNNING", "STOPPING"),
    ("instance", "STOPPING", "STOPPED"),
    ("instance", "STOPPING", "RUNNING"),
    ("instance", "STOPPED", "STARTING"),
    ("instance", "STARTING", "RUNNING"),
    ("instance", "STARTING", "STOPPED"),
    ("instance", "RUNNING", "REBOOTING"),
    ("instance", "REBOOTING", "RUNNING"),
    ("instance", "RUNNING", "TERMINATING"),
    ("instance", "STOPPED", "TERMINATING"),
    ("instance", "TERMINATING", "-"),
    ("instance", "TERMINATING", "RUNNING"),
    ("instance", "TERMINATING", "STOPPED"),
    ("instance", "RUNNING", "STOPPED"),
    ("instance", "STOPPED", "RUNNING"),
}
"""Every transition that a resource may show, ``-`` standing for not existing."""


ONLY_IN_A_SCENE = {
    "AddressQuotaLimitExceeded.DailyAllocate",
    "FailedOperation.NoAvailableIpAddressCountInSubnet",
    "InvalidParameterValue.OnlySupportedForMasterNetworkCard",
    "LimitExceeded.AssociateUSGLimitExceeded",
    "LimitExceeded.CvmsVifsPerSecGroupLimitExceeded",
    "LimitExceeded.InstanceAddressQuota",
    "LimitExceeded.SecurityGroupPolicySet",
    "LimitExceeded.SingleUSGQuota",
    "ResourceInsufficient",
    "ResourceInsufficient.Subnet",
    "UnsupportedOperation.InstanceStatusNotPermit",
}
"""Refusals that chance hardly ever meets; ``cloud_refusals`` sets a scene for each."""


class ControlPlaneMachine(RuleBasedStateMachine):
    """Hypothesis walks."""

    def __init__(self) -> None:
        super().__init__()
        self.walk: Walk | None = None

    @rule(data=st.data())
    def step(self, data: st.DataObject) -> None:
        chooser = HypothesisChooser(data)
        if self.walk is None:
            self.walk = Walk(Coverage(), chooser)
        self.walk.chooser = chooser
        self.walk.step()

    def teardown(self) -> None:
        if self.walk is not None:
            self.walk.chooser = RandomChooser(0)
            self.walk.finish()


TestControlPlane = ControlPlaneMachine.TestCase
TestControlPlane.settings = settings(UNHURRIED, max_examples=20, stateful_step_count=30)


@pytest.fixture(scope="module")
def coverage() -> Coverage:
    found = Coverage()

    @settings(UNHURRIED, max_examples=SCRIPTS)
    @given(st.binary(min_size=SCRIPT_STEPS * BYTES_PER_STEP, max_size=SCRIPT_STEPS * BYTES_PER_STEP))
    def follow(script: bytes) -> None:
        walk = Walk(found, RandomChooser(0))
        for start in range(0, len(script), BYTES_PER_STEP):
            seed = int.from_bytes(script[start : start + BYTES_PER_STEP])
            if seed:
                walk.chooser = RandomChooser(seed)
                walk.step()
        walk.finish()

    follow()
    for seed in range(WALKS):
        walk = Walk(found, RandomChooser(seed))
        for _ in range(WALK_STEPS):
            walk.step()
        walk.finish()
    return found


def test_thousands_of_walks_reach_every_documented_transition_and_no_other(
    coverage: Coverage, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        print("", *coverage.report(), sep="\n  ")
    assert coverage.walks >= SCRIPTS
    assert coverage.transitions.keys() == TRANSITIONS


def test_walks_answer_every_action_and_end_every_task_well_and_badly(coverage: Coverage) -> None:
    assert coverage.answers.keys() == ACTIONS.keys()
    asynchronous = {name for name, spec in ACTIONS.items() if spec.kind is not None}
    assert coverage.endings.keys() == {(name, end) for name in asynchronous for end in ("SUCCESS", "FAILED")}


def test_walks_are_refused_by_every_action_that_documents_a_refusal(coverage: Coverage) -> None:
    documented = {name for name, spec in ACTIONS.items() if spec.refusals and not spec.reads_only}
    assert documented <= {name for name, _ in coverage.refusals}


def test_walks_run_into_every_refusal_but_those_that_need_a_scene(coverage: Coverage) -> None:
    refusals = {code for spec in ACTIONS.values() for code in spec.refusals}
    assert refusals - {code for _, code in coverage.refusals} <= ONLY_IN_A_SCENE
