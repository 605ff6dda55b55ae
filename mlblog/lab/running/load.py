"""From a job to its experiment: the one place where an experiment's module is imported."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from typing import Any

from mlblog.errors import RunError, UnknownExperiment
from mlblog.lab.fingerprint import Code
from mlblog.lab.observing.fromsource import import_from_source
from mlblog.lab.project import Project
from mlblog.lab.running.jobs import Job
from mlblog.lab.spec import Experiment


def load(job: Job, project: Project, environ: Mapping[str, str]) -> Experiment:
    """Import the module of `job`, of `project`, and return its experiment.

    Args:
        job: whose experiment.
        project: where it is.
        environ: the variables that the process began with.

    Raises:
        RunError: the module cannot be imported; the cause is chained.
        UnknownExperiment: it has no such experiment.
        RunError: the code has changed since the job was planned.
    """
    if str(project.root) not in sys.path:
        sys.path.insert(0, str(project.root))  # a blog's own package need not be installed
    import_from_source(project.packages)
    try:
        module = importlib.import_module(job.module)
    except Exception as error:
        raise RunError(f"{job.key}: cannot import {job.module}: {type(error).__name__}: {error}") from error
    found = getattr(module, job.key.experiment, None)
    if not isinstance(found, Experiment):
        raise UnknownExperiment(f"{job.module} has no experiment {job.key.experiment!r}")
    params = found.params(job.key.scale, job.key.overrides)
    _refuse_moved(job, params, Code.of(project, environ=environ))
    return found


def _refuse_moved(job: Job, params: Mapping[str, Any], code: Code) -> None:
    """A record must not vouch for code that was edited while its run was queued."""
    now = code.manifest(f"{job.module}.{job.key.experiment}", params)
    if moved := sorted(name for name in {*now, *job.manifest} if now.get(name) != job.manifest.get(name)):
        raise RunError(f"{job.key}: {moved[0]} changed while the run was queued. Run it again")
