"""Run by the Python that has AvailSim4: prints what a year costs as JSON.

AvailSim4 reads spreadsheets. The pair is a parent that needs one of its two children; each child fails and is repaired
exponentially. There is no detection, no election and no failover in it.
"""

import json
import logging
import tempfile
import time
from pathlib import Path

import openpyxl
from availsim4core.src.context.context import Context
from availsim4core.src.context.phase.phase_manager import PhaseManager
from availsim4core.src.context.system.component_tree.component_factory import ComponentFactory
from availsim4core.src.reader.xlsx.simulation_reader import SimulationReader
from availsim4core.src.reader.xlsx.system_template_reader import SystemTemplateReader

YEAR_H = 365 * 24.0
YEARS = 40
SYSTEM = {
    "ARCHITECTURE": [
        "COMPONENT_NAME COMPONENT_TYPE COMPONENT_NUMBER CHILDREN_NAME CHILDREN_LOGIC IN_MRU TRIGGER_MRU COMMENTS",
        "PAIR COMPOUND 1 NODE 1OO2 NONE NONE -",
        "NODE BASIC 2 NONE NONE NONE NONE -",
    ],
    "FAILURE_MODES": [
        "FAILURE_MODE_NAME FAILURE_LAW FAILURE_PARAMETERS REPAIR_LAW REPAIR_PARAMETERS TYPE_OF_FAILURE "
        "HELD_BEFORE_REPAIR INSPECTION_NAME PHASE_NAME NEXT_PHASE_IF_FAILURE PHASE_CHANGE_TRIGGER HELD_AFTER_REPAIR "
        "REPAIR_STRATEGY COMMENTS",
        "CRASH EXP 720 EXP 0.0833333 DETECTABLE NEVER_HELD NONE NONE NONE NEVER NEVER_HELD NONE -",
    ],
    "FAILURE_MODE_ASSIGNMENTS": ["COMPONENT_NAME FAILURE_MODE_NAME COMMENTS", "NODE CRASH -"],
    "MRU": ["MRU_NAME MRU_LAW MRU_PARAMETERS MRU_SCHEDULE LOWEST_COMMON_ANCESTOR_SCOPE TRIGGERING_STATUS COMMENTS"],
    "INSPECTIONS": ["INSPECTION_NAME INSPECTION_PERIOD INSPECTION_DURATION COMMENTS"],
    "PHASES": [
        "PHASE_NAME PHASE_LAW PHASE_PARAMETERS NEXT_DEFAULT_PHASE FIRST_PHASE NEXT_DEFAULT_PHASE_IF_FAILURE COMMENTS"
    ],
    "ROOT_CAUSE_ANALYSIS": ["TRIGGERING_COMPONENT_NAME TRIGGERED_BY_COMPONENT_STATUS TRIGGERED_IN_PHASE COMMENTS"],
    "PHASE_JUMP": ["TRIGGERING_COMPONENT_NAME TRIGGERED_BY_COMPONENT_STATUS FROM_PHASE TO_PHASE COMMENTS"],
}
SIMULATION = {
    "SIMULATION": [
        "SIMULATION_TYPE MIN_NUMBER_OF_SIMULATION MAX_NUMBER_OF_SIMULATION CONVERGENCE_MARGIN MAX_EXECUTION_TIME SEED "
        "DIAGNOSTICS SIMULATION_DURATION",
        f"MONTE_CARLO {YEARS} {YEARS} 0 1000000 1 SUMMARY {YEAR_H}",
    ],
}


def write(path: Path, sheets: dict[str, list[str]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, lines in sheets.items():
        sheet = book.create_sheet(name)
        for line in lines:
            sheet.append(line.split())
    book.save(path)
    return path


def main() -> None:
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        template = SystemTemplateReader().read(write(Path(folder) / "system.xlsx", SYSTEM))
        simulation = SimulationReader().read(write(Path(folder) / "simulation.xlsx", SIMULATION), 1)
    context = Context(
        ComponentFactory(template).build(), PhaseManager(template.phase_set, template.phase_jump_trigger_set), None
    )
    began = time.process_time()
    simulation.run(context)
    assert simulation.simulation_results.last_simulation_timeline, "nothing happened"
    print(json.dumps({"years_per_second": YEARS / (time.process_time() - began)}))


main()
