"""The journal: an SQLite file that keeps whatever is finished of a study as soon as it is finished.

``kill -9``, a full disk or a lost machine cost what was being run. The next study with the same journal runs what is
missing. Any number of studies, and of processes, may share one file.

A study is known by what decides its outcomes: the digest of its scenario, its seed, how it is simulated, and the
fingerprint of the model's code (:mod:`hasim.study.fingerprint`). Change any, and it is another study beside the first.
The name of a scenario, its SLO and the number of replications decide nothing; nor does it matter which method asked for
an episode, only how deep the faults of the study are made to overlap.

========================  ==============================================================================================
table                     holds
========================  ==============================================================================================
``study``                 one row each: the key, and for people the name of the scenario and the version of hasim
``replication``           study, number, outcome
``stratum``, ``episode``  the same for studies by episodes, whose numbers are those of a stratum
========================  ==============================================================================================

``application_id`` is "hasi", ``user_version`` the format, which is 1. The last two tables came later, and are made when
the first episode is kept. That is no other format: a journal from before them is read and written as it is, and a hasim
from before them finds its replications in a journal with episodes.

Nothing in a journal is trusted: SQLite's own structure is checked when it is opened, and all rows of a study against
their checksums before any of it is used.

``file``          the file as SQLite sees it: opened, checked, locked
``studies``       which studies are in it
``replications``  the table of replications, ``rows`` how one is written down
``episodes``      the tables of episodes, ``episode_rows`` how one is written down
``journal``       all of them as :class:`Journal`
"""

from hasim.study.journal.file import APPLICATION_ID, FORMAT, looks_like_a_journal
from hasim.study.journal.journal import Journal, opened
from hasim.study.journal.studies import KeptStudy

__all__ = ["APPLICATION_ID", "FORMAT", "Journal", "KeptStudy", "looks_like_a_journal", "opened"]
