"""Project names to index pages, files to core metadata."""
