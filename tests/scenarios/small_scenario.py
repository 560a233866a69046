"""The head of a scenario file that needs no more than its events."""

HEAD = """\
name: small
topology: us-triangle
duration: 20s
sessions:
  - {between: [us-east, us-west], count: 1, media: voice}
"""

TRACE = "time_s,delay_ms,loss_percent,rate_kbit\n0,31.15,0,2000\n1,61.15,5,500\n"
TRACE_NAME = "trace.csv"
"""The file that the example of a trace names, and something to be in it."""
