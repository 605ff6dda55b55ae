"""A table as text that fits a terminal, and as CSV."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence

from mlblog.lab.records.table import Cell, Column, Estimate, Row

TEXT = 28  # characters of a heading or a string; numbers are never cut
_GAP = "  "


def shown(cell: Cell | None) -> str:
    """Return a cell as text, with two digits of the interval; `-` for an empty cell.

    `0.904 ± 0.012`, or `0.948 (0.84 to 0.985)` if the interval is longer on one side.

    Example:
        >>> shown(Estimate(0.90428, 0.89228, 0.91628, 3)), shown(Estimate(1234.5, 1034.5, 1434.5, 3)), shown(0.1 + 0.2)
        ('0.904 ± 0.012', '1234 ± 200', '0.3')
    """
    if cell is None:
        return "-"
    if isinstance(cell, Estimate):
        return _estimate(cell)
    if isinstance(cell, bool | str):
        return _cut(cell if isinstance(cell, str) and cell.isprintable() and cell else json.dumps(cell))
    if isinstance(cell, list):
        return _cut_list([shown(item) for item in cell], " | ")
    return str(cell) if isinstance(cell, int) else f"{cell:.6g}"


def _estimate(cell: Estimate) -> str:
    half = cell.high - cell.mean
    if not half or math.isnan(half):
        return f"{cell.mean:.6g}"
    if cell.lopsided:
        return f"{cell.mean:.3g} ({cell.low:.3g} to {cell.high:.3g})"
    digits = 1 - math.floor(math.log10(half))
    if digits > 6 or abs(cell.mean) >= 1e9 or half >= 1e9:
        return f"{cell.mean:.6g} ± {half:.2g}"
    return f"{cell.mean:.{max(digits, 0)}f} ± {half:.{max(digits, 0)}f}"


def _cut(text: str) -> str:
    """`text` without its middle if it is long: names often differ in their ends alone."""
    return text if len(text) <= TEXT else f"{text[: TEXT // 2]}…{text[-(TEXT - TEXT // 2 - 1) :]}"


def _cut_list(items: Sequence[str], between: str) -> str:
    """As many whole items as fit."""
    kept = list(items)
    while kept and len(between.join(kept)) > TEXT:
        kept.pop()
    return between.join(kept if len(kept) == len(items) else [*kept, "…"])


def text(rows: Sequence[Row], columns: Sequence[Column], width: int) -> str:
    """Return one line per row; columns beyond `width` follow in blocks that repeat what tells rows apart."""
    table = [[_cut(column.heading), *(_cell(column, row) for row in rows)] for column in columns]
    right = [column.kind == "value" or all(_is_number(column.cell(row)) for row in rows) for column in columns]
    widths = [max(map(len, cells)) for cells in table]
    lead = next((at for at, column in enumerate(columns) if column.kind == "value"), len(columns))
    keep = list(range(lead))
    if sum(widths) + len(_GAP) * (len(widths) - 1) <= width:
        keep = []  # one block holds it all
    elif sum(widths[at] + len(_GAP) for at in keep) > width * 0.6:  # they would leave no room: number the rows instead
        table.insert(0, ["row", *(str(number) for number in range(1, len(rows) + 1))])
        right.insert(0, True)
        widths.insert(0, max(map(len, table[0])))
        keep = [0]
    blocks = _blocks(widths, keep, width)
    return "\n\n".join(_lines([table[at] for at in block], [right[at] for at in block]) for block in blocks)


def _cell(column: Column, row: Row) -> str:
    cell = column.cell(row)
    if column.kind == "param":  # all digits: it is what was asked for, not what was measured
        if column.missing(row):
            return "-"
        if isinstance(cell, list):
            return f"[{_cut_list([json.dumps(item) for item in cell], ', ')}]"
        return shown(cell) if isinstance(cell, str) else json.dumps(cell)
    told = shown(cell)
    fewer = isinstance(cell, Estimate) and cell.n < len(row.seeds)
    return f"{told} (n={cell.n})" if fewer and isinstance(cell, Estimate) else told


def _is_number(cell: Cell | None) -> bool:
    return isinstance(cell, Estimate) or (isinstance(cell, int | float) and not isinstance(cell, bool))


def _blocks(widths: Sequence[int], keep: Sequence[int], width: int) -> list[list[int]]:
    """The columns of each block: those to `keep`, then as many more as fit, at least one."""
    base = sum(widths[at] + len(_GAP) for at in keep)
    blocks, room = [list(keep)], width - base
    for at in (at for at in range(len(widths)) if at not in keep):
        if widths[at] > room and len(blocks[-1]) > len(keep):
            blocks.append(list(keep))
            room = width - base
        blocks[-1].append(at)
        room -= widths[at] + len(_GAP)
    return blocks


def _lines(table: Sequence[Sequence[str]], right: Sequence[bool]) -> str:
    aligned = []
    for cells, to_right in zip(table, right, strict=True):
        widest = max(map(len, cells))
        aligned.append([cell.rjust(widest) if to_right else cell.ljust(widest) for cell in cells])
    return "\n".join(_GAP.join(cells).rstrip() for cells in zip(*aligned, strict=True))


def as_csv(rows: Sequence[Row], columns: Sequence[Column]) -> str:
    """Return a line a row, with all digits; an estimate takes four columns: `x`, `x.low`, `x.high` and `x.n`."""
    estimated = {column for column in columns if any(isinstance(column.cell(row), Estimate) for row in rows)}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    parts = ("", ".low", ".high", ".n")
    writer.writerow(
        [f"{column.heading}{part}" for column in columns for part in (parts if column in estimated else parts[:1])]
    )
    for row in rows:
        line: list[object] = []
        for column in columns:
            cell = column.cell(row)
            if column not in estimated:
                line.append("" if column.missing(row) else _written(cell))
            elif isinstance(cell, Estimate):
                ends = ["", ""] if math.isnan(cell.low) else [repr(cell.low), repr(cell.high)]
                line += [repr(cell.mean), *ends, cell.n]
            else:  # of one seed
                line += [_written(cell), "", "", ""] if cell is None else [_written(cell), "", "", 1]
        writer.writerow(line)
    return out.getvalue()


def _written(cell: Cell | None) -> str:
    return "" if cell is None else cell if isinstance(cell, str) else json.dumps(cell)
