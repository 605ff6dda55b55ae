"""Names that mean something to the fingerprint, whatever object they are bound to."""

from __future__ import annotations

PROSE = "<prose>"  # reads docstrings or annotations
SOURCE = "<source>"  # reads source text
ORDER = "<order>"  # sees definitions in their order
LENIENT = "<lenient>"  # survives failed look-ups, or inspects types
MARKS = {PROSE, SOURCE, ORDER, LENIENT}

# may return anything of the module that calls them
OWN_MODULE = {
    "__builtins__", "dir", "eval", "exec", "globals", "vars",
}  # fmt: skip
# import by name
LOADERS = {
    "__import__", "find_spec", "import_module", "iter_modules", "locate", "resolve_name", "run_module",
    "walk_packages",
}  # fmt: skip
# return code for names or objects that cannot be followed
REFLECTION = {
    "__globals__", "__subclasses__", "f_globals", "get_objects", "get_referrers", "getmodule",
    "spec_from_file_location",
}  # fmt: skip
# read docstrings or annotations
_PROSE = {
    "__getattribute__",
    "TypeAdapter", "__annotations__", "__dataclass_fields__", "__doc__", "__signature__", "__text_signature__",
    "fields", "get_annotations", "get_type_hints", "getdoc", "getfullargspec", "render_doc", "signature",
}  # fmt: skip
# read source text or line numbers
_SOURCE = {
    "lineno", "walk_tb", "walk_stack", "tb_frame", "findCaller",
    "__code__", "_getframe", "co_firstlineno", "currentframe", "extract_stack", "extract_tb", "f_lineno",
    "findsource", "format_exc", "format_exception", "format_stack", "getblock", "getcomments", "getline",
    "getlines", "getsource", "getsourcefile", "getsourcelines", "print_exc", "tb_lineno",
}  # fmt: skip
# see definitions in order
_ORDER = {
    "__dict__", "__members__", "__subclasses__", "getmembers", "getmembers_static", "globals", "vars",
}  # fmt: skip
READERS = {**dict.fromkeys(_PROSE, PROSE), **dict.fromkeys(_SOURCE, SOURCE), **dict.fromkeys(_ORDER, ORDER)}
# what a failed look-up can raise
FAILURES = {
    "AttributeError", "BaseException", "Exception", "KeyError", "LookupError", "TypeError", "ValueError",
}  # fmt: skip
# calls whose strings are paths, though they look like any other word
PATHS = {
    "File", "ImageFolder", "Path", "PosixPath", "PurePath", "chdir", "connect", "files", "fromfile",
    "genfromtxt", "get_data", "glob", "iglob", "iterdir", "join", "joinpath", "listdir", "load", "loadtxt",
    "memmap", "open", "open_binary", "open_text", "read_bytes", "read_csv", "read_json", "read_parquet",
    "read_text", "rglob", "run_path", "scandir", "walk", "with_name", "with_stem", "with_suffix",
}  # fmt: skip
# calls whose strings are neither paths nor modules
WORDS = {
    "count", "debug", "endswith", "error", "find", "getLogger", "get_logger", "index", "info", "lstrip",
    "print", "removeprefix", "removesuffix", "replace", "rsplit", "rstrip", "split", "startswith", "strip",
    "warn", "warning",
}  # fmt: skip
# methods of any object that keep or call their arguments, and read no docstrings or annotations of them
KEEPING = {
    "", "add", "append", "apply", "backward", "copy_", "count", "div", "extend", "format", "forward", "gather",
    "get", "imap", "index", "insert", "isin", "join", "load_state_dict", "log", "log_prob", "map", "matmul",
    "mean", "measure", "mul", "plot", "progress", "put", "register_forward_hook", "register_hook", "remove",
    "reshape", "sample", "save", "scatter", "send", "set", "setdefault", "starmap", "step", "sub", "submit",
    "sum", "to", "update", "view", "where", "write",
}  # fmt: skip
# environment variables that say where a run is, not what it does; and their prefixes
PLACES = {
    "HOME", "HOSTNAME", "LOCAL_RANK", "LOGNAME", "MASTER_ADDR", "MASTER_PORT", "PATH", "PWD", "RANK", "SHELL", "TEMP",
    "TMP", "TMPDIR", "USER", "WORLD_SIZE",
}  # fmt: skip
PLACES_BEGIN = ("MLBLOG_", "SLURM_", "CUDA_", "CUBLAS_", "XDG_", "OMP_", "MKL_")
