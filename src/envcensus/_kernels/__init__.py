"""Compiled kernels; the sources are in `ext/`."""
