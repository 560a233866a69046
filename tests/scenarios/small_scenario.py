"""The head of a scenario file that needs no more than its events."""

HEAD = """\
name: small
topology: us-triangle
duration: 20s
sessions:
  - {between: [us-east, us-west], count: 1, media: voice}
"""
