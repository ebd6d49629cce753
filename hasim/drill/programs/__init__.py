"""Small programs that a drill starts in its namespaces, each a file that runs with the standard library alone."""
