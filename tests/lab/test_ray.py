"""A real Ray cluster of three nodes on this machine, one of which is killed in mid-run: every record arrives, once."""

from __future__ import annotations

import collections
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mlblog.lab import Key, Lab, Project

ray = pytest.importorskip("ray", reason="the extra `ray` is not installed")

MODULE = """
from mlblog.lab import Run, experiment

@experiment(smoke=dict(seconds=3.0), seeds=6)
def wait(run: Run, *, seconds: float, fail: bool = False, seed: int) -> None:
    '''Wait.'''
    import os, time, uuid
    from pathlib import Path
    Path(os.environ["TRIAL_FOLDER"], f"{seed}-{uuid.uuid4()}").write_text(os.environ["RAY_NODE"])
    time.sleep(seconds)
    if fail:
        raise ValueError("no good")
    run.save(seed=seed)
"""


LEAKY = """
import os, sys
import numpy as np
from mlblog.lab import Run, experiment

SEEN = []
RNG = np.random.default_rng(0)

@experiment(smoke=dict(how="well"), seeds=4)
def leaky(run: Run, *, how: str, seed: int) -> None:
    "Ends in several ways."
    SEEN.append(seed)
    print("said on the node", flush=True)
    for step in run.progress(range(3), "tick"):
        run.log(step=step, loss=0.25)
    if how == "exits":
        sys.exit(0)
    if how == "dies":
        os.kill(os.getpid(), 9)
    if how == "odd":
        class Odd(Exception):
            def __init__(self, one, two):
                super().__init__("odd")
                self.held = lambda: one
        raise Odd(1, 2)
    for step in run.checkpoint(every=0.0).steps(2):
        pass
    run.save(seen=len(SEEN), noise=float(RNG.random()))
"""


@pytest.mark.filterwarnings("ignore")  # Ray's own imports and sockets warn
def test_runs_share_nothing_and_bring_home_commit_progress_and_log(
    make_project: Callable[[dict[str, str]], Project],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from mlblog.lab.running.executors.ray import RayExecutor

    monkeypatch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    project = make_project({"toy/experiments/leaky.py": LEAKY, ".gitignore": ".mlblog\n__pycache__\n"})
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    for arguments in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "x"]):
        subprocess.run(["git", *arguments], cwd=project.root, check=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=project.root, capture_output=True, text=True, check=True)
    lab = Lab(project)
    bad = [Key("leaky", "smoke", {"how": how}, 0) for how in ("exits", "dies", "odd")]
    try:
        executor = RayExecutor(project, address="local", retries=0)
        outcomes = list(lab.run(lab.plan([*lab.keys("smoke"), *bad]), executor))
    finally:
        ray.shutdown()
    records = [outcome.record for outcome in outcomes if outcome.record]
    assert [record.values["seen"] for record in records] == [1, 1, 1, 1], "what one run left reached another"
    assert len({record.values["noise"] for record in records}) == 1
    assert {(r.environment["commit"], r.environment["dirty"]) for r in records} == {(head.stdout.strip(), False)}
    errors = {str(outcome.error).partition(" (log")[0] for outcome in outcomes if outcome.error}
    assert errors == {
        "leaky smoke how=exits seed 0: it called sys.exit(0) at step 2; an experiment must return instead",
        "leaky smoke how=dies seed 0: killed by signal 9 at tick 3; the system kills processes when memory runs out"
        ": said on the node",
        "leaky smoke how=odd seed 0: Odd at step 2: odd",
    }
    for outcome in outcomes:
        assert "said on the node" in outcome.job.log(project.work).read_text(encoding="utf-8")
    assert not (project.work / "checkpoints").exists()
    assert "leaky smoke seed" in capsys.readouterr().err


@pytest.fixture
def started(tmp_path: Path) -> Path:
    folder = tmp_path / "started"
    folder.mkdir()
    return folder


@pytest.mark.audit
@pytest.mark.filterwarnings("ignore")  # Ray's own imports and sockets warn
def test_every_record_arrives_once_though_a_node_dies(
    make_project: Callable[[dict[str, str]], Project], started: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ray.cluster_utils import Cluster

    from mlblog.lab.running.executors.ray import RayExecutor

    monkeypatch.setenv("TRIAL_FOLDER", str(started))
    monkeypatch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    project = make_project({"toy/experiments/wait.py": MODULE})
    lab = Lab(project)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "env_vars": {"RAY_NODE": "head"}})
    try:
        nodes = [cluster.add_node(num_cpus=1, env_vars={"RAY_NODE": name}) for name in ("one", "two")]
        cluster.wait_for_nodes()
        executor = RayExecutor(project, address=cluster.address)
        jobs = lab.plan([*lab.keys("smoke"), Key("wait", "smoke", {"fail": True, "seconds": 0.1}, 0)])
        outcomes = []
        for outcome in lab.run(jobs, _killing(executor, cluster, nodes[0], started)):
            outcomes.append(outcome)
    finally:
        ray.shutdown()
        cluster.shutdown()
    recorded = collections.Counter(outcome.record.key.stem for outcome in outcomes if outcome.record)
    assert recorded == {f"wait/smoke/base/seed-{seed}": 1 for seed in range(6)}
    assert lab.store.names() == [f"wait/smoke/base/seed-{seed}.json" for seed in range(6)]
    (failed,) = [outcome.error for outcome in outcomes if outcome.error]
    assert "wait smoke fail=true seconds=0.1 seed 0: ValueError: no good" in str(failed)
    attempts = [path.name.split("-")[0] for path in started.iterdir()]
    assert len(attempts) > 7, "no run was lost with the node: the retry was not tested"


class _killing:  # noqa: N801
    """The executor, but a node is killed once a run has begun on it."""

    def __init__(self, executor: object, cluster: object, node: object, started: Path) -> None:
        self._executor, self._cluster, self._node, self._started = executor, cluster, node, started
        self._left = 7

    resumes = False

    def submit(self, job: object, report: object) -> object:
        future = self._executor.submit(job, report)  # type: ignore[attr-defined]
        self._left -= 1
        if not self._left:
            deadline = time.monotonic() + 90
            while time.monotonic() < deadline and not self._begun():
                time.sleep(0.05)
            self._cluster.remove_node(self._node, allow_graceful=False)  # type: ignore[attr-defined]
        return future

    def _begun(self) -> bool:
        return any(path.read_text(encoding="utf-8") == "one" for path in self._started.iterdir())

    def close(self, *, cancel: bool = False) -> None:
        self._executor.close(cancel=cancel)  # type: ignore[attr-defined]
