"""The cheapest settings that meet a scenario's SLO: ``advise(scenario_of, consider) -> Advice``.

``candidates``   what might be set otherwise, and in which order it is preferred
``elimination``  which of it meets the SLO, with no more replications than that takes
``result``       the answer, and the trade-off around it
``document``     their JSON form and their table
``storage``      the files that they are kept in
"""

from hasim.study.advise.candidates import Candidate, Factor, Option
from hasim.study.advise.elimination import Judged, Standing
from hasim.study.advise.result import Advice, advise
from hasim.study.advise.storage import load_advice

__all__ = ["Advice", "Candidate", "Factor", "Judged", "Option", "Standing", "advise", "load_advice"]
