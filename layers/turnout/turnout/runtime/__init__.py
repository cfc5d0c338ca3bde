"""Our Lambda runtime: a loop on the documented Runtime API that streams an ASGI application's answers.

The managed Python runtime cannot stream. `AWS_LAMBDA_EXEC_WRAPPER` starts `python -m turnout.runtime` in its place
(see `layers/turnout/turnout-stream`). Imports here are few, since each of them is part of every cold start.
"""
