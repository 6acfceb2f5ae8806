"""The store on disk: records with a time to live, under a size limit, shared by all runs of one user.

`store` is the door: `open_store()` always gives something usable. `layout` finds a safe directory, `datafile` judges
the data file before LMDB maps it, `opening` creates and mends, `marks` tells of runs that crashed, `writing` makes
changes and the room for them, `rows` keeps records and indexes in step, `locks` waits for other runs with a deadline,
and `check` is the program that verifies a data file in a process of its own.
"""
