"""Scenarios that have an exact answer: :func:`exact_answer`.

``phases``   durations as rows of memoryless phases
``outages``  mean outages in closed form
``chain``    the Markov chain of a group
``model``    whether a scenario fits, and its answer
"""

from hasim.study.exact.model import ExactAnswer, check_exact, exact_answer

__all__ = ["ExactAnswer", "check_exact", "exact_answer"]
