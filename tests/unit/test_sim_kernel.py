"""The order of simultaneous events, and timers that can be moved for nothing."""

from __future__ import annotations

from hasim.sim.kernel import CHECKS, PACKETS, TIMERS, WORLD, Kernel, Timer


def test_simultaneous_events_happen_in_the_stated_order_whoever_was_scheduled_first() -> None:
    kernel, seen = Kernel(100), []
    for name, priority in (("timer", TIMERS), ("packet", PACKETS), ("check", CHECKS), ("world", WORLD)):
        kernel.at(10, priority, lambda _event, name=name: seen.append(name))
    kernel.run()
    assert seen == ["world", "check", "packet", "timer"]


def test_what_is_due_at_the_horizon_does_not_happen() -> None:
    kernel, seen = Kernel(100), []
    kernel.at(100, WORLD, lambda _event: seen.append("late"))
    kernel.run()
    assert not seen
    assert kernel.now == 100


def test_timer_that_is_moved_on_fires_once_at_its_last_deadline() -> None:
    kernel, fired = Kernel(1_000), []
    timer = Timer(kernel, TIMERS, lambda: fired.append(kernel.now))
    timer.set(100)
    for at in range(10, 200, 10):
        kernel.at(at, PACKETS, lambda _event: timer.set(kernel.now + 100))
    kernel.run()
    assert fired == [290]


def test_timer_that_is_moved_forward_fires_earlier() -> None:
    kernel, fired = Kernel(1_000), []
    timer = Timer(kernel, TIMERS, lambda: fired.append(kernel.now))
    timer.set(500)
    kernel.at(10, PACKETS, lambda _event: timer.set(50))
    kernel.run()
    assert fired == [50]


def test_disarmed_timer_does_not_fire_and_can_be_armed_again() -> None:
    kernel, fired = Kernel(1_000), []
    timer = Timer(kernel, TIMERS, lambda: fired.append(kernel.now))
    timer.set(100)
    kernel.at(10, PACKETS, lambda _event: timer.set(None))
    kernel.at(300, PACKETS, lambda _event: timer.set(400))
    kernel.run()
    assert fired == [400]


def test_deadline_in_the_past_is_due_now() -> None:
    kernel, fired = Kernel(1_000), []
    timer = Timer(kernel, TIMERS, lambda: fired.append(kernel.now))
    kernel.at(10, PACKETS, lambda _event: timer.set(3))
    kernel.run()
    assert fired == [10]
