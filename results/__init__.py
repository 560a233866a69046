"""What happened in a run: the run directory, metrics, verdict, plots and reports.

May import the record types of `relay_app`, the names of `topologies`, and the decision log's types of `controller`.
"""
