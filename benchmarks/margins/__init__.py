"""How far honest arithmetic and cheats lie from the bounds of automatic oracles: `python -m benchmarks.margins`."""
