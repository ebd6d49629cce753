"""Many runs of a scenario and what they come to: ``replicate(scenario) -> StudyResult``.

``replication``    one call runs them all
``workers``        on one process or several, with the same result
``estimators``     numbers with their uncertainty
``summary``        which numbers a study is asked for
``slo``            whether they are good enough
``results``        the result with everything derived from it
``document``       its JSON form
``frames``         its tables
``storage``        kept in a directory and opened again
``scenario_file``  the scenario that is kept with it
"""

from hasim.study.estimators import Estimate
from hasim.study.replication import replicate
from hasim.study.results import StudyResult
from hasim.study.slo import Verdict
from hasim.study.storage import load_result
from hasim.study.summary import LatencySummary

__all__ = ["Estimate", "LatencySummary", "StudyResult", "Verdict", "load_result", "replicate"]
