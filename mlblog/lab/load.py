"""From a job's names to the experiment itself: the one place where an experiment's module is imported."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from mlblog.errors import RunError, UnknownExperiment
from mlblog.lab.fromsource import import_from_source
from mlblog.lab.jobs import Job
from mlblog.lab.project import Project
from mlblog.lab.spec import Experiment


def load(job: Job, root: Path) -> Experiment:
    """Import the module of `job`, of the project at `root`, and return its experiment.

    Raises:
        RunError: the module cannot be imported; the cause is chained.
        UnknownExperiment: it holds no such experiment.
    """
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))  # a blog's own package need not be installed
    import_from_source(Project.find(root).packages)
    try:
        module = importlib.import_module(job.module)
    except Exception as error:
        raise RunError(f"{job.key}: cannot import {job.module}: {type(error).__name__}: {error}") from error
    found = getattr(module, job.key.experiment, None)
    if not isinstance(found, Experiment):
        raise UnknownExperiment(f"{job.module} has no experiment {job.key.experiment!r}")
    return found
