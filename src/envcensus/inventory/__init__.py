"""Roots to environments to distributions, without executing anything found."""

from envcensus.inventory.cache import ListingStore
from envcensus.inventory.discover import DiscoverOptions, discover
from envcensus.inventory.probe import is_environment
from envcensus.inventory.scan import scan

__all__ = ["DiscoverOptions", "ListingStore", "discover", "is_environment", "scan"]
