"""Processes, event loops and deadlines: the only place that knows them."""
