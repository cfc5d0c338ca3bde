"""Vendors on loopback: real HTTP servers that speak each vendor's wire format, with faults on request.

In a process of its own: `python -m local.simulators openai_chat --port 9001 --control-port 9101`.
In a test: `async with Simulator("openai_chat") as sim: ... sim.url ... sim.fault("server_error", times=1)`.
From any prompt: `[[fault:server_error]]`, `[[fault:reset*2]]` (the first two times),
`[[fault:overloaded@anthropic_messages]]` (only that dialect's simulator). The names are in `faults.FAULTS`. A prompt
comes over a connection that has been made, so there `refused` can only reset it, and `connect_timeout` only be silent.

A request goes: `connection` (HTTP/1.1) -> `personas` (that vendor's request, checked, to a neutral question)
-> `mind` (question to answer, pure) -> `steps` (answer to what is sent and when) -> `faults` (steps spoiled)
-> `connection`.
"""

from local.simulators.faults import FAULTS, Fault
from local.simulators.simulator import Simulator

__all__ = ["FAULTS", "Fault", "Simulator"]
