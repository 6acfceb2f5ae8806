"""Side-by-side measurements: our own generator, index and lower bound against peers from the registry.

`python -m benchmarks run` measures everything and writes RESULTS.md; see README.md here.
"""
