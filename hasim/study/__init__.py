"""Many runs of a scenario and what they come to: ``replicate(scenario) -> StudyResult``.

``replication``    one call runs them all
``job``            what its replications have in common
``workers``        with as many workers as there are, and the same result
``teams``          who they are: this process, several, or (``cluster``) those of other machines
``interrupts``     Ctrl-C when it suits
``journal``        what is finished, in a file; ``fingerprint`` says of which model
``outcomes``       what came of them, in a temporary file
``stopping``       how many replications a precision takes
``overlaps``       what so many cannot have seen
``estimators``     numbers with their uncertainty
``summary``        which numbers a study is asked for
``slo``            whether they are good enough
``results``        the result with everything derived from it
``document``       its JSON form
``frames``         its tables
``compare``        variants under the same luck, and on it ``sweep``, ``sensitivity``, ``advise``
``keeping``        any of them in a directory, and opened again
"""

from hasim.study.estimators import Estimate
from hasim.study.journal import Journal
from hasim.study.keeping.anything import load_kept
from hasim.study.keeping.study import load_result
from hasim.study.overlaps import Overlaps
from hasim.study.replication import replicate, replicate_many
from hasim.study.results import StudyResult
from hasim.study.slo import Verdict
from hasim.study.stopping import Stopping
from hasim.study.summary import LatencySummary
from hasim.study.workers import Crew

__all__ = [
    "Crew",
    "Estimate",
    "Journal",
    "LatencySummary",
    "Overlaps",
    "Stopping",
    "StudyResult",
    "Verdict",
    "load_kept",
    "load_result",
    "replicate",
    "replicate_many",
]
