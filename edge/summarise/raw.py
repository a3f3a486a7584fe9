"""The cells of points marked `raw`, which go to the operations centre themselves."""

from collections.abc import Sequence

import numpy as np

from edge.model.scan import Scan
from edge.model.summary import RawCells


def cut(scans: Sequence[Scan]) -> list[RawCells]:
    """The raw cells of consecutive scans, one RawCells for each device and set of columns.

    Rows stand in the order of the scans, groups in the order of their first; a device whose
    columns change has one group before the change and one after. A scan without a raw cell gives
    no row. An absent cell is NaN with quality 0.
    """
    groups: list[list[Scan]] = []
    group_of: dict[str, list[Scan]] = {}
    for scan in scans:
        raw = scan.columns.raw
        if not raw.size or (scan.present is not None and not scan.present[raw].any()):
            continue
        device = scan.columns.device
        group = group_of.get(device)
        if group is None or (
            group[0].columns is not scan.columns
            and group[0].columns.fingerprint != scan.columns.fingerprint
        ):
            group = group_of[device] = []
            groups.append(group)
        group.append(scan)
    return [_cells_of(group) for group in groups]


def _cells_of(scans: list[Scan]) -> RawCells:
    columns = scans[0].columns
    raw = columns.raw
    values = np.array([scan.values for scan in scans])[:, raw]
    quality = np.array([scan.quality for scan in scans])[:, raw]
    present = None
    if any(scan.present is not None for scan in scans):
        everything = np.ones(len(columns), np.bool_)
        present = np.array(
            [everything if scan.present is None else scan.present for scan in scans]
        )[:, raw]
        values[~present] = np.nan
        quality[~present] = 0
        if present.all():
            present = None
    return RawCells(
        columns.device,
        tuple(columns.names[i] for i in raw),
        tuple(scan.measured_at for scan in scans),
        values,
        quality,
        present,
    )
