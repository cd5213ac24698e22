"""Small pieces of a page."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Final

STYLE: Final = """
:root { color-scheme: light; --ink: #1c2430; --pale: #f5f6f8; --line: #d9dde3;
  --bad: #b3261e; --badpale: #fbe6e4; --good: #1f6f43; --goodpale: #e5f3eb; --doubt: #8a5a00; --doubtpale: #fdf2dc; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); max-width: 1120px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; }
h2 { margin-top: 2.4rem; border-bottom: 2px solid var(--line); }
p, li { max-width: 52rem; }
.note, small { color: #566; }
.note { font-size: .92em; }
table { border-collapse: collapse; font-size: .86em; }
th, td { padding: .28em .6em; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top;
  white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
thead th { border-bottom: 2px solid var(--ink); vertical-align: bottom; }
.scroll { overflow-x: auto; }
svg { max-width: 100%; height: auto; }
figure { margin: 1rem 0; }
details { margin: .8rem 0; }
img { margin: 2px; }
.card { border-left: 6px solid var(--line); background: var(--pale); padding: .5rem .9rem; margin: .6rem 0; }
.fails, tr.fails td { background: var(--badpale); }
.passes, tr td.passes { background: var(--goodpale); }
.uncertain, tr td.uncertain { background: var(--doubtpale); }
.card.fails { border-color: var(--bad); }
.card.passes { border-color: var(--good); }
.card.uncertain { border-color: var(--doubt); }
.fails b, td.fails { color: var(--bad); font-weight: 600; }
.passes b { color: var(--good); }
.uncertain b { color: var(--doubt); }
"""


def escaped(text: str) -> str:
    """Return a text that stands for itself in a page."""
    return html.escape(text)


def cell(text: str, *, kind: str = "") -> str:
    """Return a cell of a table; the text is HTML."""
    return f'<td class="{kind}">{text}</td>' if kind else f"<td>{text}</td>"


def table(head: Sequence[str], rows: Sequence[str]) -> str:
    """Return a table; rows are HTML, the head is text."""
    top = "".join(f"<th>{escaped(name)}</th>" for name in head)
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def row(cells: Sequence[str], *, kind: str = "") -> str:
    """Return a row of cells."""
    return f'<tr class="{kind}">{"".join(cells)}</tr>' if kind else f"<tr>{''.join(cells)}</tr>"


def figure(picture: str, caption: str) -> str:
    """Return a plot with its caption; both are HTML."""
    return f"<figure>{picture}<figcaption class='note'>{caption}</figcaption></figure>"


def section(title: str, *parts: str) -> str:
    """Return a part of the page with its heading."""
    return f"<h2>{escaped(title)}</h2>{''.join(parts)}"


def paragraph(text: str, *, kind: str = "") -> str:
    """Return a paragraph; the text is HTML."""
    return f'<p class="{kind}">{text}</p>' if kind else f"<p>{text}</p>"


def page(title: str, body: Sequence[str]) -> str:
    """Return a whole page that needs no other file."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escaped(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f"<body>{''.join(body)}</body></html>\n"
    )
