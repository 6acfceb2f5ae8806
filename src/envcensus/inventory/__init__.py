"""Roots to environments to distributions, without executing anything found."""
