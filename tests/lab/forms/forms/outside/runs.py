"""What is read or run where this interpreter, or this thread of it, does not see it."""

from mlblog.lab import Run, experiment

from pathlib import Path

HERE = Path(__file__).parent


@experiment(smoke={}, seeds=1)
def outside_rust(run: Run, *, seed: int) -> None:
    from safetensors.numpy import load_file

    run.save(x=load_file(HERE / ("weights" + ".safetensors"))["x"])


@experiment(smoke={}, seeds=1)
def outside_database(run: Run, *, seed: int) -> None:
    import sqlite3

    connection = sqlite3.connect(f"file:{HERE / '.'.join(['rows', 'db'])}?mode=ro", uri=True)
    run.save(x=[row[0] for row in connection.execute("select x from rows")])
    connection.close()


@experiment(smoke={}, seeds=1)
def outside_child(run: Run, *, seed: int) -> None:
    import subprocess

    done = subprocess.run(["cat", str(HERE / ("told" + ".txt"))], capture_output=True, text=True, check=True)
    run.save(x=int(done.stdout))


@experiment(smoke={}, seeds=1)
def outside_module(run: Run, *, seed: int) -> None:
    import subprocess
    import sys

    name = "forms.outside." + "tool"
    done = subprocess.run([sys.executable, "-m", name], capture_output=True, text=True, check=True, cwd=HERE.parents[1])
    run.save(x=int(done.stdout))


@experiment(smoke={}, seeds=1)
def outside_forked(run: Run, *, seed: int) -> None:
    import os

    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        from .inner import LEVEL

        os.write(writing, str(LEVEL).encode())
        os._exit(0)
    os.waitpid(child, 0)
    run.save(x=int(os.read(reading, 9)))


@experiment(smoke={}, seeds=1)
def outside_mapped(run: Run, *, seed: int) -> None:
    import mmap
    import os

    file = os.open(os.fsencode(HERE) + b"/" + b".".join([b"mapped", b"txt"]), os.O_RDONLY)
    with mmap.mmap(file, 0, access=mmap.ACCESS_READ) as memory:
        run.save(x=int(memory[:2]))
    os.close(file)


@experiment(smoke={}, seeds=1)
def outside_thread(run: Run, *, seed: int) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def work():
        from importlib import import_module

        return import_module(f"{__package__}.{'retal'[::-1]}").value()

    with ThreadPoolExecutor(1) as threads:
        text = threads.submit((HERE / ("threaded" + ".txt")).read_text).result()
        run.save(x=int(text), y=threads.submit(work).result())


@experiment(smoke={}, seeds=1)
def outside_vendored(run: Run, *, seed: int) -> None:
    import sys

    sys.path.insert(0, str(HERE / "vendored"))
    import lib_of_forms

    run.save(x=lib_of_forms.answer())


@experiment(smoke={}, seeds=1)
def outside_extension(run: Run, *, seed: int) -> None:
    from importlib.machinery import SourceFileLoader
    from importlib.util import module_from_spec, spec_from_loader

    loader = SourceFileLoader("made", str(HERE / ".".join(["extension", "code"])))
    module = module_from_spec(spec_from_loader("made", loader))
    loader.exec_module(module)
    run.save(x=module.answer())


@experiment(smoke={}, seeds=1)
def outside_swapped(run: Run, *, seed: int) -> None:
    from .swapped import value

    run.save(x=value())
