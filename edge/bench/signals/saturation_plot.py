"""A picture of the stop line: what passes in each 4 s, and what unmeasured parameters move."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edge.bench.signals.saturation import BIN_S, BINS, Interval, Saturation
from edge.bench.signals.saturation_check import CARS_H_LANE, MEU_CAR

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PUBLISHED = CARS_H_LANE * MEU_CAR / 3600 / 3.5


def plot(path: Path, own: Sequence[Saturation], range_: Mapping[str, Saturation]) -> None:
    """Write a PNG (or SVG, by the name's end)."""
    import matplotlib as mpl  # noqa: PLC0415  a second of import that only a picture needs

    mpl.use("Agg")
    import matplotlib.pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(1, 3, figsize=(15, 4.6), constrained_layout=True)
    middles = (np.arange(BINS) + 0.5) * BIN_S
    for axis, bins, title in (
        (axes[0], "bins_mcu_s_m", "all, MCU/s/m"),
        (axes[1], "motorcycles_by_bin", "motorcycles of the same greens, MC/s/m"),
    ):
        for found in own:
            values: Sequence[Interval] = getattr(found, bins)
            axis.errorbar(
                middles + 0.25 * (found.lanes - 2),
                [one.value for one in values],
                yerr=[one.half for one in values],
                marker="o", markersize=4, capsize=2, linewidth=1.2,
                label=f"{found.lanes} lane{'s' if found.lanes > 1 else ''}",
            )  # fmt: skip
        axis.axvspan(0, 8, color="0.92", zorder=0)
        axis.set(title=title, xlabel="seconds of green", xlim=(0, BINS * BIN_S), ylim=(0, None))
    axes[0].axhline(PUBLISHED, color="0.3", linestyle="--", label=f"published {PUBLISHED:.2f}")
    axes[0].legend(loc="lower right")
    axes[1].text(4, 0.02, "burst\nexpected", ha="center", fontsize=8, color="0.4")
    _range(axes[2], {"this set": own[0], **range_})
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _range(axis: "Axes", found: Mapping[str, Saturation]) -> None:
    names = list(found)
    for row, each in enumerate(found.values()):
        car = each.meu_car
        axis.errorbar(car.value, row, xerr=car.half, marker="o", capsize=2, color="C0")
        flow = each.mixed_mcu_s_m.value / PUBLISHED
        axis.plot(flow, row, marker="s", color="C1", linestyle="")
    axis.axvline(MEU_CAR, color="C0", linestyle="--", linewidth=1)
    axis.axvline(1.0, color="C1", linestyle="--", linewidth=1)
    axis.set_yticks(range(len(names)), names, fontsize=7)
    axis.invert_yaxis()
    axis.set(
        title="range, one lane: MEU of a car (blue),\nmixed flow over published (orange)",
        xlim=(0, None),
    )
