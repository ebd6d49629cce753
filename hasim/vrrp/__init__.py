"""VRRP as keepalived runs it: pure state machine, timers and tracking rules. No clock, no I/O, no randomness.

``timers``   the arithmetic of skew and master-down interval, and how keepalived completes a configured interval
``events``   what can happen to a VRRP instance, and what it wants done
``instance`` what an instance is, how long it waits, and how it changes its state
``machine``  the state machine: ``handle(event, now) -> effects``
``sync``     several machines in one sync group
``wire``     the advertisement as bytes
``track``    how results of a track script are counted, and what tracked things do to a priority
"""
