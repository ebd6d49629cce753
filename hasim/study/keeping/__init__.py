"""Results kept in directories, and opened again.

``study``          many replications of one scenario
``answer``         what stands on several studies: a comparison, a sweep, ... each adds what is its own
``anything``       whatever a directory holds
``scenario_file``  the scenario as it was run
``studies_file``   many studies in one file of compressed ``lines``
``tables``         rows as CSV and Parquet
``files``          written whole or not at all, read with clear errors
``checks``         what is read, value by value
"""
