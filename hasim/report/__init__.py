"""What people look at.

``charts``      figures of a study and of one outage (loads matplotlib)
``tables``      a study as tables: for the terminal, and as data
``html``        the same and more as fragments for notebooks
``narration``   one replication told as a timeline; ``story`` is its data, ``wording`` its sentences
``selection``   which outage of a study is worth a look
``numbers``     durations and availabilities as people read them
"""
