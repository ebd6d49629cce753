"""A study on a Dask cluster: the same bytes, whatever happens to a worker, and no work for workers of another hasim."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hasim.errors import UserError
from hasim.scenario import load
from hasim.study import Crew, replicate
from hasim.study.cluster import Cluster

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]
SCENARIO = ROOT / "scenarios" / "partition.yaml"

_ON_A_CLUSTER = """
import json, os, signal, sys
from distributed import LocalCluster
from hasim.errors import LostWorkersError, UserError
from hasim.scenario import load
from hasim.study import cluster, replicate

def loses_a_worker(dask, journal):
    killed = []
    def kill_one(done, wanted):
        if done >= 20 and not killed:
            killed.append(next(iter(dask.workers.values())).pid)
            os.kill(killed[0], signal.SIGKILL)
    options = {"replications": 400, "cluster": dask.scheduler_address, "journal": journal}
    result = replicate(load(sys.argv[1]), progress=kill_one, **options)
    return [len(killed), replicate(load(sys.argv[1]), **options) == result, result.to_json()]

def loses_the_scheduler(dask, journal):
    def close(done, wanted):
        if done >= 420:
            dask.close()
    try:
        replicate(load(sys.argv[1]), replications=4000, cluster=dask.scheduler_address, journal=journal, progress=close)
    except LostWorkersError as error:
        return [str(error), *error.__notes__]

def refusal(address):
    try:
        replicate(load(sys.argv[1]), replications=3, cluster=address)
    except UserError as error:
        return str(error)

def main():
    greet, fingerprint = cluster.Cluster._greet, cluster.episodes_fingerprint
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=False) as dask:
        study = loses_a_worker(dask, sys.argv[2])
        cluster.episodes_fingerprint = lambda: "the model of yesterday"
        told = [refusal(dask.scheduler_address)]
        cluster.Cluster._greet = lambda self: None  # as if the workers had joined after the others were asked
        told += [refusal(dask.scheduler_address)]
        cluster.Cluster._greet = greet
        cluster.episodes_fingerprint = fingerprint
        cluster._CONNECT_S = 0.3
        print("here the scheduler is lost", file=sys.stderr, flush=True)
        lost = loses_the_scheduler(dask, sys.argv[2])
    with LocalCluster(n_workers=0, processes=False, dashboard_address=None) as empty:
        told += [refusal(empty.scheduler_address)]
    told += [refusal(dask.scheduler_address), refusal("nonsense")]
    print(json.dumps([*study, told, lost]))

if __name__ == "__main__":
    main()
"""


def test_a_cluster_that_loses_a_worker_gives_the_same_bytes_and_what_cannot_go_on_is_told(tmp_path: Path) -> None:
    script, journal = tmp_path / "cluster.py", tmp_path / "journal.sqlite"
    script.write_text(_ON_A_CLUSTER)
    done = subprocess.run(
        [sys.executable, str(script), str(SCENARIO), str(journal)],
        capture_output=True, text=True, timeout=120, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    killed, same_again, document, told, lost = json.loads(done.stdout)
    assert (killed, same_again) == (1, True)
    alone = replicate(load(SCENARIO), replications=400, jobs=1)
    assert json.dumps(document) == json.dumps(alone.to_json())
    expected = [
        "another hasim, which would give other results, is installed on workers tcp://",
        "another hasim, which would give other results, is installed on one of the workers",
        "the scheduler has no workers; start some with: dask worker",
        "no Dask scheduler answers there",
        "no Dask scheduler answers there",
    ]
    assert [message for message, words in zip(told, expected, strict=True) if words not in message] == []
    assert "the cluster is lost, tcp://127.0.0.1:" in lost[0]
    assert " answers no more (" in lost[0]
    assert lost[0].endswith(" runs are missing")
    assert lost[1] == f"what was finished is kept in {journal}, and the same study goes on from there"
    assert "distributed.client" not in done.stderr.partition("here the scheduler is lost")[2]  # which logs tracebacks


def test_a_cluster_without_dask_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UserError, match=r"not installed .*pip install 'hasim\[cluster\]'"):
        replicate(load(SCENARIO), replications=1, cluster="tcp://127.0.0.1:1")


def test_jobs_and_a_cluster_exclude_each_other() -> None:
    with pytest.raises(UserError, match="not both"):
        Crew(jobs=2, cluster="tcp://127.0.0.1:1")
    with Crew(jobs=1) as crew, pytest.raises(UserError, match="give a crew, or jobs, or a cluster"):
        replicate(load(SCENARIO), replications=1, jobs=2, crew=crew)


def test_an_address_without_a_port_is_refused_before_anything_is_tried() -> None:
    with pytest.raises(UserError, match="missing port number"):
        Cluster("nowhere")
