"""`make audit`: known holes in the packages of the lock, and secrets in the files of the repository.

Each tool runs pinned, in an environment of its own. Where one cannot reach what it looks things up in, that is told
loudly, and is not the same as a clean result.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
PIP_AUDIT = "pip-audit==2.9.0"
DETECT_SECRETS = "detect-secrets==1.5.0"
BASELINE = ".secrets.baseline"
"""What looks like a secret and is none, as detect-secrets keeps it: by file and hash."""

ONLY_MOVED = 3
"""What detect-secrets ends with when it found nothing new, and what it knew stands on other lines."""
OFFLINE = re.compile(
    r"ConnectionError|Max retries|NameResolution|Temporary failure|timed out|ProxyError|Failed to fetch"
)
EXPORT = "export --quiet --frozen --no-emit-project --no-header --no-annotate --format requirements-txt"


def main() -> int:
    """The exit code: 1 when something was found, 0 when nothing was, or when it could not be looked for."""
    return max(holes(), secrets())


def holes() -> int:
    """Known holes in what the lock names, the tools of development too: https://pypi.org/project/pip-audit/."""
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder, "requirements.txt")
        listed.write_text(run(["uv", *EXPORT.split()]).stdout)
        options = ["--disable-pip", "--require-hashes", "--progress-spinner", "off"]
        done = run(["uvx", "--quiet", PIP_AUDIT, "-r", str(listed), *options])
    return told("known holes in dependencies", done)


def secrets() -> int:
    """Secrets in tracked files that the baseline does not know: https://github.com/Yelp/detect-secrets."""
    files = run(["git", "ls-files", "-z", "--", ":!uv.lock", f":!{BASELINE}"]).stdout.split("\0")[:-1]
    with tempfile.TemporaryDirectory() as folder:
        known = shutil.copy(ROOT / BASELINE, folder)  # the tool writes new line numbers into it, and wants it committed
        hook = ["uvx", "--quiet", "--from", DETECT_SECRETS, "detect-secrets-hook", "--json", "--baseline", known]
        done = run([*hook, *files])
    if done.returncode == ONLY_MOVED:
        done.returncode = 0
    return told("secrets in files", found(done))


def found(done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    """The same, in one line a finding; never the secret itself."""
    try:
        results: dict[str, list[dict[str, object]]] = json.loads(done.stdout)["results"]
    except (ValueError, KeyError):
        return done
    lines = [f"{path}:{one['line_number']}: {one['type']}" for path, several in results.items() for one in several]
    return subprocess.CompletedProcess(done.args, done.returncode, "\n".join(lines) + "\n", done.stderr)


def told(what: str, done: subprocess.CompletedProcess[str]) -> int:
    """Tell what came of a search, and give its exit code."""
    if done.returncode and OFFLINE.search(done.stderr):
        print(
            f"\n*** NOT LOOKED FOR: {what}. What it is looked up in cannot be reached from here. ***\n", file=sys.stderr
        )
        return 0
    print(f"{what}: {'FOUND' if done.returncode else 'none'}")
    if done.returncode:
        print(done.stdout + done.stderr, file=sys.stderr)
    return int(bool(done.returncode))


def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """What a command of ours says."""
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - see above


if __name__ == "__main__":
    sys.exit(main())
