"""Charts as SVG: bars of one workload, and curves of cost against size."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

_FONT = 'font-family="sans-serif" font-size="12"'
_COLOURS = {"this": "#d9480f", "C": "#343a40"}
_OTHERS = ("#4c6ef5", "#12b886", "#ae3ec9", "#868e96", "#f59f00")
_WIDTH, _LABEL, _ROW = 720, 130, 44


def _colour(name: str) -> str:
    return _COLOURS.get(name.split()[0].rstrip(","), "#adb5bd")


def _page(height: float, parts: Sequence[str]) -> str:
    size = f'viewBox="0 0 {_WIDTH} {height:.0f}" width="{_WIDTH}" height="{height:.0f}"'
    background = '<rect width="100%" height="100%" fill="white"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{background}'
        + "\n".join(parts)
        + "</svg>\n"
    )


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {_FONT}>{escape(text)}</text>'


def bars(title: str, rows: Mapping[str, tuple[Sequence[float], float]]) -> str:
    """For each name its wall times, median and spread, and below that processor seconds."""
    most = max((max(*wall, cpu) for wall, cpu in rows.values()), default=1) or 1
    scale = (_WIDTH - _LABEL - 130) / most
    parts = [
        _text(8, 20, title),
        _text(8, 38, "upper bar: wall time, with least and most; lower bar: processor time"),
    ]
    for index, (name, (wall, cpu)) in enumerate(rows.items()):
        y = 52 + index * _ROW
        middle = sorted(wall)[len(wall) // 2]
        colour = _colour(name)
        parts.append(_text(_LABEL - 8, y + 22, name, "end"))
        for top, value, opacity in ((y, middle, 1), (y + 18, cpu, 0.5)):
            size = f'width="{max(value * scale, 1):.1f}" height="16"'
            look = f'fill="{colour}" opacity="{opacity}"'
            parts.append(f'<rect x="{_LABEL}" y="{top}" {size} {look}/>')
        low, high = (_LABEL + value * scale for value in (min(wall), max(wall)))
        parts.append(f'<path d="M{low:.1f} {y + 8}H{high:.1f}" stroke="black" stroke-width="1.5"/>')
        parts.append(_text(high + 6, y + 13, f"{middle:.3g} s"))
        parts.append(_text(_LABEL + cpu * scale + 6, y + 31, f"{cpu:.3g} s"))
    return _page(60 + len(rows) * _ROW, parts)


def curves(
    title: str, across: str, up: str, lines: Mapping[str, Sequence[tuple[float, float]]]
) -> str:
    """Points of each name over logarithmic axes."""
    points = [point for line in lines.values() for point in line if point[1] > 0]
    left, top, width, height = 70, 40, _WIDTH - 200, 300
    ranges = [[math.log10(point[axis]) for point in points] for axis in (0, 1)]
    starts = [math.floor(min(values)) for values in ranges]
    ends = [
        max(math.ceil(max(values)), start + 1) for values, start in zip(ranges, starts, strict=True)
    ]

    def place(point: tuple[float, float]) -> tuple[float, float]:
        x, y = ((math.log10(v) - s) / (e - s) for v, s, e in zip(point, starts, ends, strict=True))
        return left + x * width, top + (1 - y) * height

    parts = [
        _text(8, 20, title),
        _text(left + width / 2, top + height + 34, across, "middle"),
        _text(8, 36, up),
    ]
    for power in range(starts[0], ends[0] + 1):
        x, _ = place((10.0**power, 10.0 ** starts[1]))
        parts.append(f'<path d="M{x:.1f} {top}V{top + height}" stroke="#dee2e6"/>')
        parts.append(_text(x, top + height + 16, f"{10.0**power:g}", "middle"))
    for power in range(starts[1], ends[1] + 1):
        _, y = place((10.0 ** starts[0], 10.0**power))
        parts.append(f'<path d="M{left} {y:.1f}H{left + width}" stroke="#dee2e6"/>')
        parts.append(_text(left - 6, y + 4, f"{10.0**power:g}", "end"))
    others = iter(_OTHERS * 4)
    for index, (name, line) in enumerate(lines.items()):
        colour = _COLOURS.get(name.split()[0]) or next(others)
        drawn = [place(point) for point in line if point[1] > 0]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in drawn)
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in drawn]
        corner = f'x="{left + width + 14}" y="{top + 20 * index}"'
        parts.append(f'<rect {corner} width="12" height="12" fill="{colour}"/>')
        parts.append(_text(left + width + 32, top + 11 + 20 * index, name))
    return _page(top + height + 46, parts)
