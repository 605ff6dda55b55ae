"""The lab: experiments, their records, and the reasons why a record no longer holds."""

from mlblog.lab.batch import Outcome
from mlblog.lab.fingerprint import Code
from mlblog.lab.lab import Lab
from mlblog.lab.project import Project
from mlblog.lab.reading import Read, reading
from mlblog.lab.record import Key, Record
from mlblog.lab.run import Run
from mlblog.lab.runs import Runs
from mlblog.lab.spec import Experiment, experiment, using
from mlblog.lab.staleness import Reason
from mlblog.lab.store import FileStore, MemoryStore, Store

__all__ = [
    "Code",
    "Experiment",
    "FileStore",
    "Key",
    "Lab",
    "MemoryStore",
    "Outcome",
    "Project",
    "Read",
    "Reason",
    "Record",
    "Run",
    "Runs",
    "Store",
    "experiment",
    "reading",
    "using",
]
