"""The outcomes of a study, in a temporary file: how many years were simulated does not matter to memory.

A year with its outages is some 12 kB as objects of Python, so that a study of 10,000 years would take as much memory
again as all the rest of the program. So what comes back from the workers goes into a database of its own, made by
SQLite without a name, which holds a megabyte in memory and the rest in the system's directory for temporary files
(``SQLITE_TMPDIR`` or ``TMPDIR`` say where). It is gone when the last one who could read it is.

``store``      the database
``sequences``  what is read from it: :class:`Outcomes` and :class:`Outages` look like tuples, read an entry when it is
               asked for, and give a whole column as an array
"""

from hasim.study.outcomes.sequences import Outages, OutageTotals, Outcomes, amounts_of
from hasim.study.outcomes.store import OutcomeStore

__all__ = ["OutageTotals", "Outages", "OutcomeStore", "Outcomes", "amounts_of"]
