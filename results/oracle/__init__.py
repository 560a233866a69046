"""The oracle: a second opinion on which path media should have taken, and what differed from it (docs/oracle.md). Pure.

It predicts from the plan, the health that the controller's log has, and the faults. It shares no code with what decides
in the controller: of that it reads records and settings only.

May import `results.metrics`, `results.run_files`, `controller`, `relay_app`, `topologies` and `hostio`.
"""
