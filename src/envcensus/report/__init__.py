"""Reports: one pure function per format, from the model to text. `formats.render` is the way in."""
