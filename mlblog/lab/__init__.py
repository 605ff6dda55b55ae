"""The lab: experiments, their records, and reasons for staleness."""

from mlblog.lab.fingerprint import Code
from mlblog.lab.lab import Lab
from mlblog.lab.project import Project
from mlblog.lab.records.reading import Read, reading
from mlblog.lab.records.record import Key, Record
from mlblog.lab.records.runs import Runs
from mlblog.lab.records.store import FileStore, MemoryStore, Store
from mlblog.lab.running.batch import Outcome
from mlblog.lab.running.run import Run
from mlblog.lab.spec import Experiment, experiment, using
from mlblog.lab.staleness import Reason

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
