"""Which parameter moves a scenario most: ``sensitivity(scenario_of, data) -> Sensitivity``.

``plausible``  what could be otherwise, and how far
``result``     what each parameter does, low and high
``document``   its JSON form and its table
"""

from hasim.study.sensitivity.plausible import Uncertain, plausible
from hasim.study.sensitivity.result import Sensitivity, asked_for, sensitivity

__all__ = ["Sensitivity", "Uncertain", "asked_for", "plausible", "sensitivity"]
