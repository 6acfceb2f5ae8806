"""The LMDB store: TTL, size limit, LRU, schema versions."""
