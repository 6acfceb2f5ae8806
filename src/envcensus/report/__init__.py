"""One pure function per output format: model to text."""
