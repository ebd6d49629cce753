"""Recorded trials of the real daemon against the simulator.

``recording``     the file: groups of trials, and what each key means
``configuration`` a group's configuration as the text of a scenario
``evidence``      what only the machine of a trial decided, read from what the trial shows
``staging``       a trial as a scenario: configuration, phase of the heartbeats, fault and repair times
``observation``   what a trial showed and what the simulator shows, in one form
``comparison``    same order or not, differences in time, proportions of what the daemon decides by a race
``report``        a whole file: per trial, per group, and as a table
"""
