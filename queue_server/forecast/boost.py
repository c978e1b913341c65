"""Medians learned by boosted regression trees, in numpy alone.

Gradient boosting with the absolute loss: every tree is grown on the signs of what is still wrong and its leaves give
the median of it (J. H. Friedman, "Greedy function approximation: a gradient boosting machine", Annals of Statistics
29, 2001, algorithm 3 `LAD_TreeBoost`), on some of the rows and columns each time (Friedman, "Stochastic
gradient boosting", 2002). Columns are cut into at most 63 bins first; bin 0 means "not known", so a column that is
missing needs no invented value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from queue_server.forecast.arrays import Bins, Floats, Ints

BINS = 64


@dataclass(frozen=True, kw_only=True)
class Growth:
    """How trees are grown. `shrinkage`: the part of each tree that is believed."""

    trees: int = 200
    depth: int = 5
    shrinkage: float = 0.08
    rows: float = 0.3
    most_rows: int = 20_000
    columns: float = 0.2
    leaf: int = 25
    seed: int = 7


@dataclass(frozen=True, kw_only=True)
class _Tree:
    """A complete tree. `column`, `cut` (2^depth − 1): go right where the bin exceeds the cut; `leaf` (2^depth)."""

    column: Ints
    cut: Ints
    leaf: Floats

    def reach(self, bins: Bins) -> Ints:
        """The leaf of each row."""
        node = np.zeros(len(bins), np.intp)
        rows = np.arange(len(bins))
        for _ in range(int(np.log2(len(self.leaf)))):
            node = 2 * node + 1 + (bins[rows, self.column[node]] > self.cut[node])
        return node - len(self.column)


@dataclass(frozen=True, kw_only=True)
class Boosted:
    """Learned medians."""

    edges: tuple[Floats, ...]
    start: float
    trees: tuple[_Tree, ...]

    def predict(self, columns: Floats) -> Floats:
        """The median for each row of `columns` (n, k), in the unit it was learned in; NaN: not known."""
        bins = _binned(columns, self.edges)
        value = np.full(len(columns), self.start)
        for tree in self.trees:
            value += tree.leaf[tree.reach(bins)]
        return value


def fit(columns: Floats, target: Floats, growth: Growth | None = None) -> Boosted:
    """Learn the median of `target` (n) from `columns` (n, k); deterministic for a seed.

    Raises:
        ValueError: there is nothing to learn from.
    """
    growth = growth or Growth()
    if not len(target):
        raise ValueError("no rows to learn from")
    random = np.random.default_rng(growth.seed)
    edges = tuple(_edges(column) for column in columns.T)
    bins = _binned(columns, edges)
    start = float(np.median(target))
    value = np.full(len(target), start)
    width = max(1, round(growth.columns * columns.shape[1]))
    taken = max(1, min(growth.most_rows, round(growth.rows * len(target))))
    trees = []
    for _ in range(growth.trees):
        rows = np.sort(random.choice(len(target), taken, replace=False))
        chosen = np.sort(random.choice(columns.shape[1], width, replace=False))
        tree = _grow(bins[rows], target[rows] - value[rows], chosen, growth)
        value += tree.leaf[tree.reach(bins)]
        trees.append(tree)
    return Boosted(edges=edges, start=start, trees=tuple(trees))


def _grow(bins: Bins, wrong: Floats, chosen: Ints, growth: Growth) -> _Tree:
    inner = 2**growth.depth - 1
    column, cut = np.zeros(inner, np.intp), np.full(inner, BINS, np.intp)  # a cut of BINS sends everything left
    some = bins[:, chosen].astype(np.intp) + BINS * np.arange(len(chosen))
    sign = np.sign(wrong)
    node = np.zeros(len(wrong), np.intp)
    for level in range(growth.depth):
        size, first = 2**level, 2**level - 1
        cells = (some + (node * (BINS * len(chosen)))[:, None]).ravel()
        shape = (size, len(chosen), BINS)
        cells_in_all = size * len(chosen) * BINS
        count = np.bincount(cells, minlength=cells_in_all).reshape(shape).cumsum(axis=2)
        total = np.bincount(cells, np.repeat(sign, len(chosen)), cells_in_all).reshape(shape).cumsum(axis=2)
        best, gain = _best_cuts(count, total, growth.leaf)
        splits = np.flatnonzero(gain > 0)
        column[first + splits] = chosen[best[splits] // BINS]
        cut[first + splits] = best[splits] % BINS
        here = first + node
        node = 2 * node + (bins[np.arange(len(node)), column[here]] > cut[here])
    return _Tree(column=column, cut=cut, leaf=growth.shrinkage * _medians(wrong, node, inner + 1))


def _best_cuts(count: Ints, total: Floats, leaf: int) -> tuple[Ints, Floats]:
    """For each node the flat index (column, bin) of the cut that explains most, and what it explains."""
    all_count, all_total = count[:, :, -1:], total[:, :, -1:]
    right_count, right_total = all_count - count, all_total - total
    explained = total**2 / np.maximum(count, 1) + right_total**2 / np.maximum(right_count, 1)
    explained -= all_total**2 / np.maximum(all_count, 1) + 1e-9
    explained[(count < leaf) | (right_count < leaf)] = -1.0
    flat = explained.reshape(len(count), -1)
    best = flat.argmax(axis=1)
    return best, flat[np.arange(len(best)), best]


def _medians(value: Floats, group: Ints, groups: int) -> Floats:
    """The median of `value` in each group, 0 for an empty one."""
    order = np.lexsort((value, group))
    size = np.bincount(group, minlength=groups)
    first = np.cumsum(size) - size
    low, high = first + np.maximum(size - 1, 0) // 2, first + size // 2
    ordered = np.append(value[order], 0.0)
    return np.where(size > 0, (ordered[low] + ordered[np.minimum(high, len(value))]) / 2, 0.0)


def _edges(column: Floats) -> Floats:
    known = column[np.isfinite(column)]
    if not len(known):
        return np.empty(0)
    return np.unique(np.quantile(known, np.linspace(0, 1, BINS)[1:-1]))


def _binned(columns: Floats, edges: tuple[Floats, ...]) -> Bins:
    bins = np.zeros(columns.shape, np.uint8)
    for k, edge in enumerate(edges):
        known = np.isfinite(columns[:, k])
        bins[known, k] = 1 + np.searchsorted(edge, columns[known, k], side="left")
    return bins
