"""Which parameter moves a scenario most: ``sensitivity(scenario_of, data) -> Sensitivity``.

``plausible``  what could be otherwise, and how far
``result``     what each parameter does, low and high
``document``   its JSON form and its table
``storage``    the files that it is kept in
"""

from hasim.study.sensitivity.plausible import Uncertain, plausible
from hasim.study.sensitivity.result import Sensitivity, asked_for, sensitivity
from hasim.study.sensitivity.storage import load_sensitivity

__all__ = ["Sensitivity", "Uncertain", "asked_for", "load_sensitivity", "plausible", "sensitivity"]
