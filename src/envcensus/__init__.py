"""A census of Python environments: what is installed, outdated, broken or held back."""

__version__ = "0.1.0"
