"""Shows a run in the terminal, while it goes on or over again at any speed: reading its files, apart from drawing.

`reading` alone touches files, and `watching` alone waits; what they show is computed from records and times. Nothing
here knows a library for terminals: a frame is lines of text with tones, and `scenarios.cli` has the screen.

May import `results.run_files`, `controller`, `relay_app`, `topologies` and `hostio`.
"""
