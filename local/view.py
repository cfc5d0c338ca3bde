"""What the terminal shows: how to use what is running, and one line for each request."""

from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from local.vendors import Vendors
from turnout.core.models import Model
from turnout.core.ports import RequestLog
from turnout.core.records import Attempt, Record
from turnout.core.text import terminal_text

MARKS = {"ok": "[green]✓[/]", "error": "[red]✗[/]", "aborted": "[yellow]◌[/]", "skipped": "[dim]⤼[/]"}

CURL = """curl {url}/v1/chat/completions -H "Authorization: Bearer {key}" -H "Content-Type: application/json" \\
  -d '{{"model": "auto", "messages": [{{"role": "user", "content": "Hello, who are you?"}}]}}'"""

PYTHON = """from openai import OpenAI  # any OpenAI client will do

client = OpenAI(base_url="{url}/v1", api_key="{key}")
stream = client.chat.completions.create(
    model="auto", messages=[{{"role": "user", "content": "Hello, who are you?"}}], stream=True
)
for chunk in stream:
    print(chunk.choices[0].delta.content or "" if chunk.choices else "", end="", flush=True)"""


class Terminal:
    """Writes to standard output: with colours to a terminal, as plain lines elsewhere."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)

    def step(self, text: str) -> None:
        """Something that takes a moment has begun."""
        self.console.print(f"[dim]·[/] {escape(text)}")

    def counting(self, pid: int) -> None:
        """The process that counts requests has begun, or begun again."""
        self.step(f"requests are counted by process {pid}; should it end, it is started again where it was")

    def ready(self, url: str, key: str, vendors: Vendors, chain: Iterable[Model], ticket: str = "") -> None:
        """Everything is up; with the `ticket` the link to the reports opens without a key."""
        facts = _facts(url, key, vendors, chain)
        if ticket:
            facts.add_row("[bold]report", f"{url}/v1/reports/latest.html?ticket={ticket}")
            facts.add_row("", "[dim]there once `.venv/bin/turnout --laptop optimize` has run[/]")
        self.console.print(Panel.fit(facts, title="Turnout is ready", border_style="green"))
        for title, text in (("Try it with curl", CURL), ("or with Python", PYTHON)):
            self.console.print(f"\n[bold]{title}[/]\n")
            self.console.print(text.format(url=url, key=key), markup=False, soft_wrap=True)
        self.console.print("\n[dim]Ctrl-C stops everything. Requests show here as they are answered:[/]\n")

    def request(self, record: Record) -> None:
        """One request is over."""
        tried = " → ".join(_attempt(attempt) for attempt in record.attempts) or f"[red]{record.code}[/]"
        tokens = sum(attempt.usage.completion for attempt in record.attempts)
        first = "" if record.first_token_ms is None else f", first token {record.first_token_ms} ms"
        self.console.print(
            f"{MARKS[record.outcome]} [bold]{escape(terminal_text(record.requested))}[/]  {tried}  "
            f"[dim]{record.latency_ms} ms{first}, {tokens} tokens, ${record.cost_usd:.6f}  {record.id}[/]",
            soft_wrap=True,
        )


def _facts(url: str, key: str, vendors: Vendors, chain: Iterable[Model]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    ready = [model.name for model in chain if model.vendor.ready]
    table.add_row("[bold]base_url", f"{url}/v1")
    table.add_row("[bold]api_key", key)
    table.add_row("[bold]auto", ", ".join(ready) or "no model: set a vendor's key in .env")
    if vendors.real:
        table.add_row("[bold]vendors", ", ".join(vendors.real))
    for one in vendors.simulators:
        table.add_row(f"[bold]simulated[/] {one.dialect}", f"pid {one.pid}, faults at {one.control}/faults")
    return table


def _attempt(attempt: Attempt) -> str:
    why = f" {attempt.error}" if attempt.error else ""
    return f"{MARKS[attempt.outcome]} {attempt.vendor}/{attempt.model}[dim]{why}[/]"


class ShownLog:
    """A `RequestLog` that also shows each row in the terminal."""

    def __init__(self, log: RequestLog, terminal: Terminal) -> None:
        self._log, self._terminal = log, terminal

    async def write(self, record: Record) -> None:
        """Keep the row, then show it."""
        await self._log.write(record)
        self._terminal.request(record)
