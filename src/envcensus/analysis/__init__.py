"""Decisions: pure functions from model to model."""
