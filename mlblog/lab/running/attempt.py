"""One attempt at a job, in any process and on any machine: its record, or a `RunError` that says why not."""

from __future__ import annotations

from pathlib import Path

from mlblog.errors import MlblogError, RunError
from mlblog.lab.observing.hook import observing
from mlblog.lab.observing.observation import Observation
from mlblog.lab.project import Project
from mlblog.lab.records.reading import reading_everywhere
from mlblog.lab.records.record import Record
from mlblog.lab.running.environment import pick_device
from mlblog.lab.running.jobs import Job
from mlblog.lab.running.load import load
from mlblog.lab.running.run import Report, execute, said
from mlblog.lab.running.witness import Witness


def attempt(job: Job, root: Path, report: Report, checkpoints: Path | None) -> Record:
    """Import the experiment of `job`, of the project at `root`, execute it once, and check its dependencies.

    Raises:
        MlblogError: it made no record; what the experiment or its module raised is chained.
    """
    project = Project.find(root)
    witness = Witness(project)
    try:
        with observing(Observation(project)) as observation, reading_everywhere() as reads:
            experiment = load(job, project, witness.environ)
            record = execute(
                experiment,
                job.key,
                job.manifest,
                commit=job.commit,
                device=pick_device(),
                report=report,
                checkpoints=checkpoints,
            )
        return witness.vouched(record, job, observation, reads, experiment.reads)
    except (MlblogError, KeyboardInterrupt):
        raise
    except BaseException as error:  # including SystemExit of an imported module, which must end this run only
        raise RunError(f"{job.key}: {type(error).__name__}: {said(error)}") from error
