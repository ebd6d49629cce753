"""A scenario at many points: ``sweep(scenario_of, parameters_of(["vrrp.advert_int=0.1s..5s"])) -> Sweep``.

``parameters``  what is varied: ranges and lists
``design``      where to look: grid or Latin hypercube
``result``      the numbers at each point, and where they are least
``document``    their JSON form and their table
``storage``     the files that it is kept in
"""

from hasim.study.sweep.design import Point, Vary
from hasim.study.sweep.parameters import Parameter, parse_vary
from hasim.study.sweep.result import Sweep, parameters_of, sweep
from hasim.study.sweep.storage import load_sweep

__all__ = ["Parameter", "Point", "Sweep", "Vary", "load_sweep", "parameters_of", "parse_vary", "sweep"]
