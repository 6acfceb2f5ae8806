"""Roots to environments to distributions, without executing anything found."""

from envcensus.inventory.cache import ListingStore
from envcensus.inventory.discover import DiscoverOptions, discover
from envcensus.inventory.probe import environments_at
from envcensus.inventory.scan import scan

__all__ = ["DiscoverOptions", "ListingStore", "discover", "environments_at", "scan"]
