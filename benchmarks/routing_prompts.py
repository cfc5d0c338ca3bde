"""Prompts of the kinds for which there is no public data with labels: templates of our own around texts of others.

An instruction decides the kind, not the text that it is about: so the same texts come back under many instructions.
"""

import random
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

DATA = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
LONGEST_SHORT, LONGEST_TEXT = 90, 700


def made(texts: Sequence[str], each: int, dice: random.Random) -> list[tuple[str, str, str]]:
    """(prompt, kind, template) for every kind of the templates, `each` of them, around `texts`."""
    return [
        (_filled(template, texts, dice), kind, template)
        for kind, templates in DATA["templates"].items()
        for template in (dice.choice(templates) for _ in range(each))
    ]


def _filled(template: str, texts: Sequence[str], dice: random.Random) -> str:
    text = dice.choice(texts)
    return _phrased(template, dice).format(
        language=dice.choice(DATA["languages"]),
        topic=dice.choice(DATA["topics"]),
        text=text[:LONGEST_TEXT],
        short=text[:LONGEST_SHORT],
        long="\n".join([text, *dice.choices(texts, k=dice.randint(1, 6))]),
    )


def _phrased(template: str, dice: random.Random) -> str:
    return re.sub(r"\[([^\]]*)\]", lambda found: dice.choice(found[1].split("|")), template)


def opened_and_closed(text: str, dice: random.Random) -> str:
    """The same request with an opening and a closing, of which there are thousands."""
    return f"{_phrased(dice.choice(DATA['openings']), dice)}{text}{_phrased(dice.choice(DATA['closings']), dice)}"


def wrapped(text: str, dice: random.Random) -> str:
    """The same request in the words around it that people use."""
    return f"{dice.choice(DATA['before'])}{text}{dice.choice(DATA['after'])}"


def mistyped(text: str, dice: random.Random, share: float = 0.03) -> str:
    """The same with typos: so many letters swapped with the next, left out or doubled."""
    letters = list(text)
    for at in range(len(letters) - 1):
        if letters[at].isalpha() and dice.random() < share:
            pair = letters[at] + letters[at + 1]
            letters[at], letters[at + 1] = dice.choice(((pair[1], pair[0]), ("", pair[1]), (pair[0] * 2, pair[1])))
    return "".join(letters)


def recased(text: str, dice: random.Random) -> str:
    """The same in capitals, in small letters or with the case of each letter swapped."""
    return dice.choice((str.upper, str.lower, str.swapcase))(text)
