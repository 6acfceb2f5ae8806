"""All rows. A new one is a few lines: what is run, what is emptied before, which bars hold."""

from benchmarks.rows import Row
from benchmarks.suites import growth, outdated, resolution, scanning, start

ROWS: tuple[Row, ...] = (*scanning.ROWS, *outdated.ROWS, *growth.ROWS, *resolution.ROWS, *start.ROWS)
