"""What `import envcensus` offers: the pipelines behind the command line as functions. Import it from `envcensus`."""
