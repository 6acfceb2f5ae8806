"""Processes, event loops, deadlines, locks and files written whole: the only place that knows them.

Nothing here is imported by a warm run unless it is used.
"""
