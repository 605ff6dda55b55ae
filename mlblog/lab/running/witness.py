"""Check after a run that it did what its manifest says: the last step before its result becomes a record.

The manifest was found before the run, statically. What else the run read or executed is added to it, by name and
digest, so that the record goes stale when that changes. If code or data changed during the run, it is unknown
what made its result, and there is no record.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mlblog.errors import RunError
from mlblog.files.atomic import write_atomically
from mlblog.files.state import mark
from mlblog.lab.fingerprint import Code
from mlblog.lab.fingerprint.inputs import HELD, PROJECT, WRITTEN
from mlblog.lab.observing.executed import Calls
from mlblog.lab.observing.fromsource import executed, missed
from mlblog.lab.observing.observation import Observation
from mlblog.lab.observing.ownership import is_library
from mlblog.lab.project import Project
from mlblog.lab.record_path import RecordPath
from mlblog.lab.records.reading import Question, Read, answer
from mlblog.lab.records.record import Record
from mlblog.lab.records.stores import project_store
from mlblog.lab.running.jobs import Job


class Witness:
    """The state before a run, to be compared with that after it."""

    def __init__(self, project: Project) -> None:
        """Look at the modules and variables of this process as they are now."""
        self.project = project
        self.environ = dict(os.environ)
        self.imported = set(sys.modules)
        self.executed = set(executed)
        missed.clear()
        self.calls = Calls()

    def vouched(
        self, record: Record, job: Job, observation: Observation, reads: Iterable[Read], declared: Collection[str]
    ) -> Record:
        """Return the record of a run with the manifest of all that it depends on.

        Args:
            record: what the run left.
            job: what was asked for.
            observation: of what it read.
            reads: its reads of other records.
            declared: the experiments whose records it declares to read.

        Raises:
            RunError: code or data changed during the run, whose result is kept as a failed run; or it read records
                that it does not declare.
        """
        self.calls.close()
        answers = {read.question: read.digest for read in reads}
        answers |= self._opened(observation, {read.experiment for read in reads})
        for question in answers:
            if question.experiment not in declared:
                raise RunError(
                    f"{job.key}: it read records of {question.experiment} without declaring it."
                    f' Declare it: @experiment(…, reads=["{question.experiment}"])'
                )
        changed = {path: code for path, (code, _) in executed.items() if self._differs(path, code)}
        ran = Code.of(self.project, changed, self.environ)
        variables = ran.variables(_qualified(job), record.params)
        ran.inputs.remember((path for path in self._paths(observation) if not self._inside(path)), variables)
        now = Code.of(self.project, environ=self.environ) if changed else ran
        extra = dict(self._extra(job, record.params, ran, observation))
        moved = _differences(now.manifest(_qualified(job), record.params), job.manifest)
        if changed:
            moved += _differences(ran.manifest(_qualified(job), record.params), job.manifest)
        moved += [name for name, digest in extra.items() if digest != (now.digest(name) or "")]
        moved += [
            self._name(now, path)
            for path in observation.files
            if path in observation.moved or not _as_read(observation, path)
        ]
        # files that the run only writes are named in its code as well
        read = {self._name(now, path) for path in observation.files}
        wrote = {self._name(now, path) for path in observation.written | observation.appended} - read
        moved = [name for name in moved if name not in wrote]
        if moved:
            raise self._refused(record, job, sorted(set(moved)))
        narrowed = self._narrowed(job, record.params, ran, observation)
        manifest = {name: WRITTEN if name in wrote else digest for name, digest in narrowed.items()}
        read_records = {str(question): digest for question, digest in answers.items()}
        return dataclasses.replace(record, manifest=dict(sorted({**manifest, **extra, **read_records}.items())))

    # -- what the manifest lacks --------------------------------------------------------------------------------

    def _extra(
        self, job: Job, params: Mapping[str, Any], code: Code, observation: Observation
    ) -> Iterator[tuple[str, str]]:
        known = job.manifest
        variables = map(code.inputs.variable, code.variables(_qualified(job), params))
        names = {*self._inputs(code, observation), *self._strangers(code), *variables}
        for name in sorted(names - set(known)):
            yield name, code.inputs.digest(name) or ""
        modules = self._unforeseen(job, params, code)
        found = code.manifest_of_modules(modules)
        for name in self._called(code):
            if name not in known and name not in found:
                found |= code.manifest(name)
        yield from ((name, digest) for name, digest in found.items() if name not in known)

    def _narrowed(self, job: Job, params: Mapping[str, Any], code: Code, observation: Observation) -> Mapping[str, str]:
        """The manifest from before the run, without what it could have found by computed names and did not."""
        name = _qualified(job)
        if not observation.is_alone or observation.programs or not code.asks_by_computed_names(name, params):
            return job.manifest
        paths = {*executed, *(Path(file) for module in list(sys.modules.values()) if (file := _file_of(module)))}
        held = sorted({module for path in paths if (module := code.module_of(path)) is not None})
        static = code.manifest(name, params, held=held)
        found = {one: digest for one, digest in job.manifest.items() if one in static}
        found |= {f"{HELD}:{module}": HELD for module in held}
        for module in missed:
            for path in (module.replace(".", "/"), f"{module.replace('.', '/')}.py"):
                found[f"look:{path}"] = code.inputs.digest(f"look:{path}") or ""
        return found

    def _opened(self, observation: Observation, asked: Collection[str]) -> dict[Question, str]:
        """Records that were opened as files, not through their experiment."""
        store = project_store(self.project)
        paths = filter(None, map(RecordPath.ending, observation.records))
        questions = {Question(path.experiment, path.scale, path.group) for path in paths}
        return {question: answer(store, question)[0] for question in questions if question.experiment not in asked}

    def _inputs(self, code: Code, observation: Observation) -> Iterator[str]:
        yield from (self._name(code, path) for path in observation.files)
        for folder in observation.folders:
            yield f"list:{self._relative(folder)}" if self._inside(folder) else code.inputs.outside(folder)
        for folder, pattern in observation.patterns:
            inside = self._inside(folder) and not pattern.startswith(("/", ".."))
            yield (
                f"glob:{os.path.normpath(os.path.join(self._relative(folder), pattern))}"
                if inside
                else code.inputs.outside(folder)
            )
        yield from (f"look:{self._relative(path)}" for path in observation.looked - set(observation.files))
        if observation.programs:
            yield PROJECT

    def _name(self, code: Code, path: str) -> str:
        return f"data:{self._relative(path)}" if self._inside(path) else code.inputs.outside(path)

    def _paths(self, observation: Observation) -> Iterator[str]:
        yield from observation.files
        yield from observation.folders
        yield from (folder for folder, _ in observation.patterns)
        yield from self._foreign_files()

    def _strangers(self, code: Code) -> Iterator[str]:
        """Imported modules that are neither the project's nor an installed library's."""
        yield from (self._name(code, path) for path in self._foreign_files() if code.module_of(Path(path)) is None)

    def _foreign_files(self) -> Iterator[str]:
        for name in set(sys.modules) - self.imported - {"__main__", "__mp_main__"}:
            file = getattr(sys.modules.get(name), "__file__", None)
            if not isinstance(file, str) or not os.path.isfile(file) or is_library(file):
                continue
            yield os.path.abspath(file)

    def _unforeseen(self, job: Job, params: Mapping[str, Any], code: Code) -> list[str]:
        """Modules of the project that were imported though they are not in the manifest."""
        foreseen = code.loaded(_qualified(job), params)
        modules = (code.module_of(path) for path in set(executed) - self.executed)
        return sorted(module for module in modules if module is not None and module not in foreseen)

    def _called(self, code: Code) -> Iterator[str]:
        """Functions of the project that ran, by the definitions that they are in."""
        for path in set(executed) - self.executed:
            module = code.module_of(path)
            if module is not None:
                for function in self.calls.of(executed[path][1]):
                    if owner := code.owner(module, function.co_qualname, function.co_firstlineno):
                        yield f"{module}.{owner}"

    # -- what changed -------------------------------------------------------------------------------------------

    def _differs(self, path: Path, code: bytes) -> bool:
        try:
            return self._inside(str(path)) and path.read_bytes() != code
        except FileNotFoundError:
            return True

    def _refused(self, record: Record, job: Job, moved: Collection[str]) -> RunError:
        stem = self.project.work / "failed" / job.key.stem
        shown = ", ".join(list(moved)[:3]) + (f" and {len(moved) - 3} more" if len(moved) > 3 else "")
        reason = f"{job.key}: {shown} changed during the run, so it is unknown what produced its result"
        text, arrays = record.files
        for suffix, content in ((".safetensors", arrays), (".json", text), (".txt", reason.encode())):
            write_atomically(stem.with_name(stem.name + suffix), content)
        return RunError(f"{reason}. It is kept in {self.project.relative(stem)}.json, not as a record. Run it again")

    def _inside(self, path: str) -> bool:
        return path.startswith(f"{self.project.root}{os.sep}") or path == str(self.project.root)

    def _relative(self, path: str) -> str:
        return os.path.relpath(path, self.project.root).replace(os.sep, "/")


def _file_of(module: object) -> str:
    file = getattr(module, "__file__", None)
    return file if isinstance(file, str) else ""


def _qualified(job: Job) -> str:
    return f"{job.module}.{job.key.experiment}"


def _differences(first: Mapping[str, str], second: Mapping[str, str]) -> list[str]:
    return sorted(name for name in {*first, *second} if first.get(name) != second.get(name))


def _as_read(observation: Observation, path: str) -> bool:
    """Whether a file is unchanged since it was opened: mtime can be set back, ctime cannot."""
    return mark(path) == observation.files[path]
